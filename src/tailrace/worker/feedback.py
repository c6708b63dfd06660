"""Feedback: a task's output as a user of rooms, its own or others, with H.264 and Opus (spec/02 section 5)."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from tailrace.bus.connection import Bus
from tailrace.bus.outbox import Outbox
from tailrace.bus.rooms import Rooms
from tailrace.clock import Clock
from tailrace.ids import Kind, Room
from tailrace.model.group import Group
from tailrace.model.plan import Plan, RoomTarget
from tailrace.model.presence import Presence, Role
from tailrace.model.task import FeedbackReport, TaskRecord
from tailrace.supervise import start, stop
from tailrace.unit import Codec, Unit
from tailrace.wire import h264
from tailrace.worker.fed_back import FedBack
from tailrace.worker.output_units import OutputUnits
from tailrace.worker.reel import Message, Opening

VIA = "feedback"


class Feedback:
    """All rooms that one task's output is fed back into; they come and go while it runs.

    `opening` is the reel's. `changed` is called when `reports` say something new, `kicked` when somebody else has
    entered a room under the name of this task's user there.
    """

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        rooms: Rooms,
        record: TaskRecord,
        clock: Clock,
        opening: Callable[[], Opening],
        changed: Callable[[], None],
        kicked: Callable[[], None],
    ) -> None:
        self._bus, self._outbox, self._rooms, self._clock = bus, outbox, rooms, clock
        self._opening = opening
        self._changed = changed
        self._kicked = kicked
        self._session = int(clock.unix() * 1_000_000)
        self._pictures = OutputUnits(self._session)
        self._sounds = 0
        self._last_sound_us = -1
        self._group = Group[Unit]()
        self._sends = _sends(record)
        self._known = {report.target: report for report in record.output.feedback}
        self._wanted: tuple[RoomTarget, ...] = ()
        self._there: dict[RoomTarget, FedBack] = {}
        self._moving = False
        self._news = asyncio.Event()
        self.want(record.plan)

    def want(self, plan: Plan) -> None:
        """Be in the rooms of this plan from now on: new ones are entered, those not named any more are left."""
        if plan.feedback and not self._wanted:
            self._take_up()
        self._wanted = plan.feedback
        if plan.feedback:
            self._announce(replace(self._sends, fed_back_from=_in_order(plan.rooms)))
        self._news.set()

    def offer(self, message: Message) -> None:
        """Take the reel's next message; its sound is not for rooms."""
        wanted = bool(self._wanted) and message.kind is Kind.VIDEO
        if (unit := self._pictures.take(message, wanted=wanted)) is None:
            return
        sends = self._sends
        if unit.key and (size := h264.picture_size(unit.config)) != (sends.width, sends.height):
            sends = replace(sends, width=size[0], height=size[1])
        self._announce(replace(sends, video=True, seen=True))
        self._send(unit)

    def sound(self, at_us: int, packet: bytes) -> None:
        """Take the output's next packet of Opus; one that is not later than the last is left out."""
        if not self._wanted or at_us <= self._last_sound_us:
            return
        self._last_sound_us = at_us
        unit = Unit(Codec.OPUS, self._session, self._sounds, at_us, at_us, True, b"", packet)
        self._sounds += 1
        self._announce(replace(self._sends, audio=True, heard=True))
        self._send(unit)

    def reports(self) -> tuple[FeedbackReport, ...]:
        """Return how it is in each room that is wanted, in the order in which they are."""
        return tuple(
            self._there[target].report() if target in self._there else self._known.get(target, FeedbackReport(target))
            for target in self._wanted
        )

    def move(self) -> None:
        """Leave no room when `run` is cancelled: another child goes on, and nobody shall see an exit."""
        self._moving = True
        for room in self._there.values():
            room.move()

    async def run(self) -> None:
        """Be in the rooms until cancelled, and leave them then."""
        running: dict[RoomTarget, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for target in self._there.keys() - set(self._wanted):
                    self._known[target] = self._there.pop(target).report()
                    start(group, stop(running.pop(target)), "leaving a room")
                for target in self._wanted:
                    if target not in self._there:
                        self._there[target] = there = self._enter(target)
                        running[target] = start(group, self._be(there), "feedback")
                self._changed()
                await self._news.wait()
                self._news.clear()

    def _enter(self, target: RoomTarget) -> FedBack:
        there = FedBack(
            self._bus,
            self._outbox,
            self._rooms,
            self._clock,
            target,
            self._sends,
            lambda: self._group.items,
            self._changed,
            self._known.pop(target, None),
        )
        if self._moving:
            there.move()
        return there

    async def _be(self, there: FedBack) -> None:
        if await there.run():
            self._kicked()

    def _take_up(self) -> None:
        """Begin with the group of pictures that the reel keeps: who enters now need not wait for the next one."""
        for unit in self._pictures.start(self._opening()):
            if unit.codec.is_video:
                self._keep(unit)

    def _announce(self, sends: Presence) -> None:
        if sends != self._sends:
            self._sends = sends
            for there in self._there.values():
                there.announce(sends)

    def _send(self, unit: Unit) -> None:
        self._keep(unit)
        for there in self._there.values():
            there.offer(unit)

    def _keep(self, unit: Unit) -> None:
        self._group.add(unit, len(unit.payload) + len(unit.config), video=unit.codec.is_video, key=unit.key)


def _sends(record: TaskRecord) -> Presence:
    """Return what an earlier child has sent, which goes on: nobody shall see that it had ended. Room and user vary."""
    plan, output = record.plan, record.output
    video = output.width > 0
    return Presence(
        plan.room,
        plan.robot,
        Role.MAIN,
        0,
        0.0,
        via=VIA,
        audio=output.sound,
        video=video,
        width=output.width,
        height=output.height,
        task_id=record.task_id,
        epoch=record.epoch,
        heard=output.sound,
        seen=video,
        fed_back_from=_in_order(plan.rooms),
    )


def _in_order(rooms: Iterable[Room]) -> tuple[Room, ...]:
    return tuple(sorted(rooms, key=lambda room: room.token))
