"""Relay: a running task's parts put together: units from the bus, pipeline, pushes, the robot, the idle clock."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

from tailrace.bus.connection import Bus
from tailrace.bus.media import subscribe
from tailrace.bus.membership import Membership
from tailrace.bus.rooms import Left, Rooms
from tailrace.bus.starts import request_start
from tailrace.clock import Clock
from tailrace.errors import BusError
from tailrace.model.liveness import Liveness
from tailrace.model.presence import Presence, Role
from tailrace.model.task import DestinationReport, EndReason, TaskRecord
from tailrace.net.guard import Guard
from tailrace.supervise import start, stop
from tailrace.unit import Unit
from tailrace.worker.job import Job
from tailrace.worker.pipeline import Message, Pipeline
from tailrace.worker.push import RATE_STEP, Push

_log = logging.getLogger(__name__)

# The publisher's process answers within a millisecond; it is asked again while pictures are missing, but not in a loop.
START_TIMEOUT = 1.0
START_AGAIN = 0.25
# A task that is taken over goes on this much later than its record says, so that its output time cannot go back even
# when the last report came a moment before the end: the longest frame interval of the API is 1 s.
TAKE_OVER_MARGIN = 1.0
# A child that has heard nothing for so long may have been frozen, with its machine for instance, and its task handed on
# meanwhile; leases last a second at least (`worker.ack_wait`). In a running stream there is a unit each 50 ms.
SUSPICIOUS_PAUSE = 1.0


class Relay:
    """Runs one epoch of a task.

    `changed` is called when a destination's state has changed; `ours` says whether the task is still this child's.
    """

    def __init__(
        self,
        bus: Bus,
        job: Job,
        record: TaskRecord,
        clock: Clock,
        changed: Callable[[], None],
        ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._bus = bus
        self._plan = record.plan
        self._clock = clock
        self._changed = changed
        self._ours = ours
        self._known_ours_at = clock.unix()
        self._rooms = Rooms(bus, job.lost_after)
        self._robot = Presence(
            self._plan.room,
            self._plan.robot,
            Role.ROBOT,
            session=int(clock.unix() * 1_000_000),
            since=clock.unix(),
            via="task",
            task_id=record.task_id,
            epoch=record.epoch,
        )
        begin = clock.unix() - record.origin + TAKE_OVER_MARGIN if record.origin else 0.0
        self._pipeline = Pipeline(self._plan, int(begin * 1_000_000), self._deliver)
        self._origin = record.origin
        self._rejoins_known = 0
        self._start_wanted = asyncio.Event()
        self._order = asyncio.Lock()  # live units wait, in the bounded queue of the subscription, while a start is used
        guard = Guard(job.allow_private)
        tls = None if job.tls_verify else _unverified()
        self._pushes = [
            Push(index, destination, guard, tls, self._pipeline.opening, clock, changed)
            for index, destination in enumerate(self._plan.destinations)
        ]
        known = {report.index: report for report in record.destinations}
        for index, push in enumerate(self._pushes):
            if index in known:
                push.go_on_from(known[index])

    def reports(self) -> list[DestinationReport]:
        """Return the state of every destination."""
        return [push.report() for push in self._pushes]

    def origin(self) -> float:
        """Return the Unix time of output time 0, by the latest message; 0.0 before the first."""
        return self._origin

    async def run(self, end: Callable[[EndReason], None]) -> None:
        """Relay until cancelled, then end every push in order. `end` is told why the task is over by itself."""
        subscription = await subscribe(self._bus, self._plan.source, self._take)
        try:
            async with asyncio.TaskGroup() as group:
                start(group, self._request_start(), "start")
                for index, push in enumerate(self._pushes):
                    start(group, push.run(), f"push {index}")
                start(group, self._ask_for_starts(), "starts")
                start(group, self._be_in_room(end), "robot")
                start(group, self._watch_for_idle(end), "idle")
                start(group, self._measure(), "bit rates")
        finally:
            await subscription.close()

    async def _take(self, unit: Unit) -> None:
        async with self._order:
            if not await self._still_ours():
                return
            self._pipeline.take(unit)
        if self._pipeline.joiner.wants_start:
            self._start_wanted.set()

    async def _still_ours(self) -> bool:
        """Look at the record after a pause: nothing may be pushed beside a child that has taken over."""
        # Not the monotonic clock: it stands still while a machine sleeps.
        if abs(self._clock.unix() - self._known_ours_at) > SUSPICIOUS_PAUSE and not await self._ours():
            return False
        self._known_ours_at = self._clock.unix()
        return True

    def _deliver(self, message: Message) -> None:
        if self._pipeline.rejoins != self._rejoins_known:
            # The timeline was closed over a gap, or has begun: output time 0 is at another Unix time now.
            self._rejoins_known = self._pipeline.rejoins
            self._origin = self._clock.unix() - message.timestamp_ms / 1000
            self._changed()
        for push in self._pushes:
            push.offer(message)

    async def _measure(self) -> None:
        while True:
            for push in self._pushes:
                push.measure()
            await asyncio.sleep(RATE_STEP)

    async def _request_start(self) -> None:
        try:
            units = await request_start(self._bus, self._plan.source, START_TIMEOUT)
        except BusError as error:
            _log.warning("no start from the publisher", extra={"error": str(error)})
            units = []
        async with self._order:
            if not await self._still_ours():
                return
            for _ in self._pipeline.join(units):
                await asyncio.sleep(0)
        if units:
            self._origin = self._clock.unix() - self._pipeline.timeline.end_us / 1_000_000
            self._changed()

    async def _ask_for_starts(self) -> None:
        while True:
            await self._start_wanted.wait()
            await self._request_start()
            await asyncio.sleep(START_AGAIN)
            self._start_wanted.clear()

    async def _be_in_room(self, end: Callable[[EndReason], None]) -> None:
        """Hold the robot's place in the room; another member of its name throws it out (spec/02 section 5)."""
        replaced_by = await Membership(self._rooms, self._robot).run()
        if replaced_by.task_id == self._robot.task_id:
            return  # another child has taken the task over, which the record says too
        _log.warning("robot kicked", extra={"by": replaced_by.role, "task_id": self._robot.task_id})
        end(EndReason.ROBOT_KICKED)

    async def _watch_for_idle(self, end: Callable[[EndReason], None]) -> None:
        liveness = Liveness(self._plan.max_idle, self._clock.monotonic())
        changed = asyncio.Event()

        async def watch() -> None:
            async for change in self._rooms.watch(room=self._plan.source.room, user=self._plan.source.user):
                presence = change.presence
                if presence.role is Role.ROBOT:
                    continue
                if isinstance(change, Left):
                    liveness.left(presence.key, self._clock.monotonic())
                else:
                    liveness.joined(presence.key)
                changed.set()

        async with asyncio.TaskGroup() as group:
            watching = start(group, watch(), "presence")
            while True:
                deadline = liveness.deadline
                wait = None if deadline is None else deadline - self._clock.monotonic()
                if wait is not None and wait <= 0:
                    break
                try:
                    async with asyncio.timeout(wait):
                        await changed.wait()
                    changed.clear()
                except TimeoutError:
                    pass
            await stop(watching)
        end(EndReason.IDLE)


def _unverified() -> ssl.SSLContext:
    """A TLS context for `destinations.tls_verify = false`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
