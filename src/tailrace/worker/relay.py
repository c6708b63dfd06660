"""Relay: a running task's parts put together: feed, reel, pushes, the robot, the idle clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tailrace.bus.connection import Bus
from tailrace.bus.membership import Membership
from tailrace.bus.outbox import Outbox
from tailrace.bus.rooms import Rooms
from tailrace.clock import Clock
from tailrace.ids import Output
from tailrace.media.aac_encoder import profile_note
from tailrace.model.liveness import Liveness
from tailrace.model.presence import Presence, Role
from tailrace.model.task import EndReason, OutputReport, TaskRecord
from tailrace.model.task_event import What
from tailrace.supervise import start, stop
from tailrace.worker.chronicle import Chronicle
from tailrace.worker.feed import NOTHING_EARLIER, Earlier, Feed, Stage
from tailrace.worker.feedback import Feedback
from tailrace.worker.job import Job
from tailrace.worker.lane import Junction, Lane
from tailrace.worker.loading import lacks, load_more
from tailrace.worker.origin import Origin
from tailrace.worker.passthrough import PassThrough
from tailrace.worker.push import Ending
from tailrace.worker.pushes import Pushes
from tailrace.worker.reel import Message, Reel
from tailrace.worker.tap import Tap

_log = logging.getLogger(__name__)

# A task that is taken over goes on this much later than its record says, so that its output time cannot go back even
# when the last report came a moment before the end: the longest frame interval of the API is 1 s.
TAKE_OVER_MARGIN = 1.0
# A child that has heard nothing for so long may have been frozen, with its machine for instance, and its task handed on
# meanwhile; leases last a second at least (`worker.ack_wait`). In a running stream there is a unit each 50 ms.
SUSPICIOUS_PAUSE = 1.0


class Relay:
    """Runs one epoch of a task.

    `changed` is called when what `report` returns has changed; `ours` says whether the task is still this child's;
    `chronicle` is told what happens.
    """

    def __init__(
        self,
        bus: Bus,
        job: Job,
        record: TaskRecord,
        clock: Clock,
        changed: Callable[[], None],
        ours: Callable[[], Awaitable[bool]],
        chronicle: Chronicle,
    ) -> None:
        self._plan, self._revision = record.plan, record.revision
        self._clock = clock
        self._changed = changed
        self._ours = ours
        self._chronicle = chronicle
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
        self._shown, self._shown_since = record.output.revision, record.output.since
        self._notes = tuple(filter(None, [profile_note(self._plan.audio)]))
        self._liveness = Liveness(self._plan.max_idle, clock.monotonic())
        self._presence_known = asyncio.Event()
        self._updated = asyncio.Event()
        # Once there was a message, output time 0 is known, and what follows goes on from there.
        begin_us = int((clock.unix() - record.origin + TAKE_OVER_MARGIN) * 1_000_000) if record.origin else 0
        self._reel = Reel(self._plan.audio, self._plan.video, self._deliver, begin_us // 1000)
        self._pushes = Pushes(job, self._reel.opening, clock, changed, chronicle.tell_of_destination)
        self._pushes.go_on_from(record.output.destinations)
        self._pushes.want(self._plan.destinations)
        self._outbox = Outbox(bus)
        self._kicked = asyncio.Event()
        output = Output(self._plan.room.app, record.task_id)
        self._tap = Tap(bus, self._outbox, output, record.epoch, self._reel.opening, clock)
        self._feedback = Feedback(
            bus, self._outbox, self._rooms, record, clock, self._reel.opening, changed, self._kicked.set
        )
        self._origin = Origin(record.origin, clock, self._pushes.begin)
        self._junction = Junction(self._reel, self._plan.video, self._began, self._shows, self._feedback.sound)
        self._bus, self._job = bus, job
        self._earlier = Earlier(record.origin > 0, (record.output.width, record.output.height), record.output.sound)
        self._feed, self._lane = self._new_feed(begin_us, self._earlier)

    def report(self) -> OutputReport:
        """Return what the output is like."""
        return OutputReport(
            self._pushes.reports(),
            self._shown,
            self._shown_since,
            (*self._notes, *self._feed.notes()),
            self._feed.windows(),
            *(self._reel.size if any(self._reel.size) else self._earlier.size),
            self._reel.has_sound or self._earlier.sound,
            self._feedback.reports(),
        )

    def made(self) -> tuple[int, ...]:
        """Return what its feed has made so far (see `Feed.made`)."""
        return self._feed.made()

    def origin(self) -> float:
        """Return the Unix time of output time 0, by the latest message; 0.0 before the first."""
        return self._origin.at

    def origin_recorded(self, origin: float) -> None:
        """Take note that the record has this origin now."""
        self._origin.recorded(origin)

    def update(self, record: TaskRecord) -> None:
        """Do what another revision of the task's plan says."""
        if record.revision > self._revision:
            for revision in range(self._revision + 1, record.revision + 1):
                self._chronicle.tell(What.UPDATED, revision=revision)
            self._plan, self._revision = record.plan, record.revision
            self._pushes.want(record.plan.destinations)
            self._feedback.want(record.plan)
            self._updated.set()

    def end_as(self, ending: Ending) -> None:
        """Say how the pushes are to end, before `run` is cancelled."""
        self._pushes.end_as(ending)

    def keep_places(self) -> None:
        """Leave no room that the output is fed back into when `run` is cancelled: another child goes on there."""
        self._feedback.move()

    async def run(self, end: Callable[[EndReason], None]) -> None:
        """Relay until cancelled, then end every push in order. `end` is told why the task is over by itself."""
        for note in self._notes:
            _log.warning("output differs", extra={"note": note})
        async with asyncio.TaskGroup() as group:
            start(group, self._outbox.run(), "outbox")
            start(group, self._pushes.run(), "pushes")
            start(group, self._tap.run(), "tap")
            start(group, self._feedback.run(), "feedback")
            start(group, self._run_feeds(), "feeds")
            start(group, self._be_in_room(), "robot")
            start(group, self._end_when_kicked(end), "clashes")
            start(group, self._watch_for_idle(end), "idle")

    async def _run_feeds(self) -> None:
        async with asyncio.TaskGroup() as group:
            running = start(group, self._feed.run(), "feed")
            while True:
                await self._updated.wait()
                self._updated.clear()
                if lacks(self._plan):
                    await asyncio.to_thread(load_more)
                if self._feed.suits(self._plan):
                    self._feed.change(self._plan, self._revision)
                    continue
                self._feed, self._lane = self._new_feed(self._now_us())
                start(group, self._replace(running, self._lane), "change of feed")
                running = start(group, self._feed.run(), "feed")

    async def _replace(self, running: asyncio.Task[None], lane: Lane) -> None:
        """Let the old feed go on until the new one's lane is open, or a later one's."""
        await lane.opened.wait()
        await stop(running)

    def _new_feed(self, start_us: int, earlier: Earlier = NOTHING_EARLIER) -> tuple[Feed, Lane]:
        lane = self._junction.lane()

        def present(anybody: bool) -> None:
            if lane is self._lane:
                self._liveness.present(anybody, self._clock.monotonic())
                self._presence_known.set()

        stage = Stage(
            bus=self._bus,
            job=self._job,
            clock=self._clock,
            rooms=self._rooms,
            lane=lane,
            still_ours=self._still_ours,
            present=present,
            need=self._pushes.need,
            changed=self._changed,
            tell=self._chronicle.tell,
            earlier=earlier,
        )
        if self._plan.mix is None:
            return PassThrough(self._plan, self._revision, stage, start_us), lane
        from tailrace.worker.mixing import Mixing  # only mixes have it in memory (`loading.py`)

        return Mixing(self._plan, self._revision, stage, start_us), lane

    def _now_us(self) -> int:
        """The output time that is now, later than anything on the reel."""
        return max(self._origin.now_us(), (self._reel.end_ms + 1) * 1000)

    async def _still_ours(self) -> bool:
        """Look at the record after a pause: nothing may be pushed beside a child that has taken over."""
        # Not the monotonic clock: it stands still while a machine sleeps.
        if abs(self._clock.unix() - self._known_ours_at) > SUSPICIOUS_PAUSE and not await self._ours():
            return False
        self._known_ours_at = self._clock.unix()
        return True

    def _deliver(self, message: Message) -> None:
        self._pushes.offer(message)
        self._tap.offer(message)
        self._feedback.offer(message)

    def _began(self, now_us: int) -> None:
        self._origin.began(now_us)
        self._changed()

    def _shows(self, revision: int) -> None:
        if revision != self._shown:
            self._shown, self._shown_since = revision, self._clock.unix()
            self._chronicle.tell(What.VISIBLE, revision=revision)
            self._changed()

    async def _be_in_room(self) -> None:
        """Hold the robot's place in the room; another member of its name throws it out (spec/02 section 5)."""
        replaced_by = await Membership(self._rooms, self._robot).run()
        if replaced_by.task_id == self._robot.task_id:
            return  # another child has taken the task over, which the record says too
        _log.warning("robot kicked", extra={"by": replaced_by.role, "task_id": self._robot.task_id})
        self._kicked.set()

    async def _end_when_kicked(self, end: Callable[[EndReason], None]) -> None:
        await self._kicked.wait()
        end(EndReason.ROBOT_KICKED)

    async def _watch_for_idle(self, end: Callable[[EndReason], None]) -> None:
        while True:
            deadline = self._liveness.deadline
            wait = None if deadline is None else deadline - self._clock.monotonic()
            if wait is not None and wait <= 0:
                break
            try:
                async with asyncio.timeout(wait):
                    await self._presence_known.wait()
                self._presence_known.clear()
            except TimeoutError:
                pass
        end(EndReason.IDLE)
