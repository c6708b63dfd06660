"""Fed back: one room that a task's output is fed back into: its user there, what he sends, and his starts."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from tailrace.bus.connection import Bus
from tailrace.bus.media import Publisher
from tailrace.bus.membership import Membership
from tailrace.bus.outbox import Outbox
from tailrace.bus.rooms import Rooms
from tailrace.bus.starts import serve_starts
from tailrace.clock import Clock
from tailrace.ids import Stream
from tailrace.model.plan import RoomTarget
from tailrace.model.presence import Presence, Role
from tailrace.model.task import DestinationStatus, FeedbackReport
from tailrace.unit import Unit

_log = logging.getLogger(__name__)


class FedBack:
    """`run` it for as long as the output is in this room; `offer` it every unit.

    `sends` is what it is in the room as: audio, video, sizes, task and epoch are those of the task. `start` gives the
    current group of pictures. `changed` is called when `report` says something new.
    """

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        rooms: Rooms,
        clock: Clock,
        target: RoomTarget,
        sends: Presence,
        start: Callable[[], Sequence[Unit]],
        changed: Callable[[], None],
        before: FeedbackReport | None = None,
    ) -> None:
        now = clock.unix()
        self._bus = bus
        self._clock = clock
        self._target = target
        self._stream = Stream(target.room, target.user)
        self._membership = Membership(rooms, self._placed(sends, session=int(now * 1_000_000), since=now))
        self._publisher = Publisher(outbox, self._stream)
        self._start = start
        self._changed = changed
        known = before or FeedbackReport(target)
        self._status, self._since = DestinationStatus.CONNECTING, now
        self._video_frames, self._audio_frames = known.video_frames, known.audio_frames

    def offer(self, unit: Unit) -> None:
        """Send one unit."""
        self._publisher.publish(unit)
        self._video_frames += unit.codec.is_video
        self._audio_frames += not unit.codec.is_video
        if self._status is not DestinationStatus.RUNNING:
            self._status, self._since = DestinationStatus.RUNNING, self._clock.unix()
            self._changed()

    def announce(self, sends: Presence) -> None:
        """Tell the room what is sent from now on."""
        here = self._membership.presence
        self._membership.update(self._placed(sends, session=here.session, since=here.since))

    def report(self) -> FeedbackReport:
        """Return what has been done so far."""
        return FeedbackReport(self._target, self._status, self._since, self._video_frames, self._audio_frames)

    def move(self) -> None:
        """Stay in the room when `run` is cancelled: another child goes on in this place."""
        self._membership.leaves = None

    async def run(self) -> bool:
        """Be in the room until cancelled, and leave then, or until another member throws this one out.

        Return whether that was somebody else, and not another child with the same task.
        """
        starts = await serve_starts(self._bus, self._stream, self._start)
        try:
            by = await self._membership.run()
        finally:
            await starts.close()
        here = self._membership.presence
        if by.task_id == here.task_id:
            return False
        _log.warning("fed-back user kicked", extra={"stream": self._stream.token, "by": by.via})
        return True

    def _placed(self, sends: Presence, *, session: int, since: float) -> Presence:
        target = self._target
        return replace(sends, room=target.room, user=target.user, role=Role.MAIN, session=session, since=since)
