"""Push: one destination of a task: the table of `model/destination.py` around one RTMP connection after the other."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from tailrace.clock import Clock
from tailrace.errors import CallerError, DestinationError, DestinationStalled
from tailrace.model.destination import (
    PATIENCE,
    Closed,
    DestinationLife,
    Dial,
    Event,
    Lost,
    MediaFlowed,
    Needed,
    Patience,
    Released,
    Report,
    Resumed,
    StopAsked,
    Ticked,
    Wake,
)
from tailrace.model.destination_fault import Fault, fault_of, message_of
from tailrace.model.destination_flow import SILENT_AFTER, Missed
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import DestinationEvent
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.worker.push_line import Line, Tally
from tailrace.worker.push_rate import Rate
from tailrace.worker.reel import Message, Opening

_log = logging.getLogger(__name__)

# A CDN answers within a round trip per step (TCP, handshake, connect, createStream, publish); 5 s allows 1 s for each.
DIAL_TIMEOUT = 5.0
# An orderly end waits so long for the last bytes to leave; the task's own end must not hang on one slow CDN.
CLOSE_TIMEOUT = 1.0
# The record is written while a CDN is dialled. When it cannot be, relaying goes before times that may go back.
BEGIN_TIMEOUT = 1.0
# How often a connection is looked at: whether media is being taken. A look costs two system calls.
LOOK_EACH = 0.5
_TAKEN_OVER = "the task was taken over"

# Takes what has happened to a destination, and why in words; never waits.
Tell = Callable[[DestinationEvent, str], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a push ends once its `run` is cancelled: why, with which code, and whether another child goes on with it."""

    words: str = ""
    error_code: int = 0
    moves: bool = False


class Push:
    """Relays messages to one destination while `run()` runs; cancelling it unpublishes and closes in order.

    `on_change` is called when `report()` has changed, `tell` with each state and each repetition of one. Nothing is
    sent before `may_begin` is set, or BEGIN_TIMEOUT has passed.
    """

    def __init__(
        self,
        destination: Destination,
        guard: Guard,
        tls: ssl.SSLContext | None,
        opening: Callable[[], Opening],
        clock: Clock,
        on_change: Callable[[], None],
        tell: Tell,
        patience: Patience = PATIENCE,
        may_begin: asyncio.Event | None = None,
    ) -> None:
        self._destination = destination
        self._guard = guard
        self._tls = tls
        self._opening = opening
        self._clock = clock
        self._on_change = on_change
        self._tell = tell
        self._patience = patience
        self._may_begin = may_begin
        self._life = DestinationLife(patience)
        self._resumed = False
        self._told: Status | None = None
        self._since = clock.unix()
        self._ending = Ending()
        self._needed = asyncio.Event()
        self._limit = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None
        self._line: Line | None = None
        self._tally = Tally()
        self._sent_before = 0  # bytes of earlier connections
        self._rate = Rate()

    def report(self) -> DestinationReport:
        """Return what this destination has done so far."""
        life, tally = self._life, self._tally
        fault, why = life.fault, life.why
        if life.status is Status.RUNNING and self._line is not None and self._line.behind:
            fault, why = Fault.TOO_SLOW, message_of(Fault.TOO_SLOW)
        pause = self._retry_after
        return DestinationReport(
            self._destination.number,
            life.status,
            self._since,
            why,
            video_frames=tally.video_frames,
            audio_frames=tally.audio_frames,
            sent_bytes=self._sent_bytes,
            dropped_frames=tally.missed.frames,
            bitrate_kbps=self._rate.kbps if life.status is Status.RUNNING else 0.0,
            connects=tally.connects,
            error_code=fault,
            attempt=life.attempt,
            retry_at=self._clock.unix() + pause if pause else 0.0,
            dropped_seconds=round(tally.missed.seconds, 3),
        )

    def measure(self) -> None:
        """Bring the bit rate up to date; call it each RATE_STEP."""
        self._rate.look(self._sent_bytes, self._clock.monotonic())

    def go_on_from(self, earlier: DestinationReport) -> None:
        """Count on from what an earlier child of this task has reported.

        What was running then is recovering now; what had failed is not tried again, since its URL is the same.
        """
        self._resumed = earlier.status in (Status.RUNNING, Status.RECOVERING)
        self._told = earlier.status
        self._sent_before = earlier.sent_bytes
        missed = Missed(earlier.dropped_frames, earlier.dropped_seconds)
        self._tally = Tally(earlier.video_frames, earlier.audio_frames, earlier.connects, missed)
        if earlier.status is Status.FAILURE:
            self._life = DestinationLife(self._patience, Status.FAILURE)
            self._life.why, self._life.fault = earlier.reason, earlier.error_code
            self._life.attempt, self._since = earlier.attempt, earlier.since

    def end_as(self, ending: Ending) -> None:
        """Say how this push is to end, before `run` is cancelled."""
        self._ending = ending

    def need(self) -> None:
        """Dial now, before there is a message to send."""
        self._needed.set()

    def offer(self, message: Message) -> None:
        """Send one message if there is a connection and it keeps up."""
        if message.starts:
            self.need()
        line = self._line
        if line is None:
            self._tally.absent(message)
            return
        was_behind = line.behind
        line.offer(message)
        if line.behind != was_behind:
            words = "destination is behind" if line.behind else "destination keeps up again"
            _log.info(words, extra={"destination": self._destination.number, "dropped": self._tally.missed.frames})
        self._note_flow(line)

    async def run(self) -> None:
        """Push until cancelled, or until the retries are used up."""
        if self._life.status is Status.FAILURE:
            return
        try:
            async with self._limit:
                await self._try_for_ever()
        except TimeoutError:
            if not self._limit.expired():
                raise
        finally:
            await self._hang_up()

    async def _try_for_ever(self) -> NoReturn:
        if self._resumed:
            pause = self._handle(Resumed(_TAKEN_OVER))
            await self._needed.wait()
        else:
            await self._needed.wait()
            pause = self._handle(Needed())
        while True:
            if pause is None:
                # Nothing is tried any more, and FAILURE comes when it is due.
                await asyncio.get_running_loop().create_future()
            else:
                await asyncio.sleep(pause)
            try:
                await self._connect_and_flow()
            except (DestinationError, CallerError) as error:
                fault = fault_of(error)
                pause = self._handle(Lost(message_of(fault, str(error)), fault))

    async def _connect_and_flow(self) -> NoReturn:
        """Push over one connection until it is lost, which is a DestinationError."""
        client = await RtmpPublisher.dial(self._destination.url, guard=self._guard, timeout=DIAL_TIMEOUT, tls=self._tls)
        await self._until_it_may_begin()
        line = self._line = Line(client, self._opening, self._tally, self._clock.monotonic())
        self._tally.connects += 1
        line.begin()
        error = await self._until_lost(line)
        self._line = None
        self._sent_before += client.sent_bytes
        await client.close(0.0 if isinstance(error, DestinationStalled) else CLOSE_TIMEOUT)
        raise error

    async def _until_it_may_begin(self) -> None:
        if self._may_begin is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEGIN_TIMEOUT):
                    await self._may_begin.wait()

    async def _until_lost(self, line: Line) -> DestinationError:
        lost = line.client.lost
        while not lost.done():
            await asyncio.wait([lost], timeout=LOOK_EACH)
            self._note_flow(line)
            if line.stands_still(self._clock.monotonic()):
                return DestinationStalled(f"not a byte within {SILENT_AFTER:g} s")
        return lost.result()

    def _note_flow(self, line: Line) -> None:
        if self._life.trying and line.opening_taken():
            self._handle(MediaFlowed())

    async def _hang_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._life.status not in (Status.IDLE, Status.FAILURE):
            self._handle(Released(self._ending.words) if self._ending.moves else StopAsked())
        if (line := self._line) is not None:
            self._line = None  # nothing more is offered to it
            await line.client.close(CLOSE_TIMEOUT)
            self._sent_before += line.client.sent_bytes
        if self._life.status is Status.DISCONNECTING:
            self._handle(Closed())

    @property
    def _sent_bytes(self) -> int:
        return self._sent_before + (self._line.client.sent_bytes if self._line else 0)

    @property
    def _retry_after(self) -> float:
        return max(0.0, self._life.retry_at - self._clock.monotonic())

    def _handle(self, event: Event) -> float | None:
        """Feed the table, do what it says, and return the pause before the next try if there is to be one."""
        pause = None
        commands = self._life.handle(event, self._clock.monotonic(), random.random())  # noqa: S311 - jitter only
        for command in commands:
            match command:
                case Dial(after):
                    pause = after
                case Wake(after):
                    self._wake(after)
                case Report():
                    self._changed(command)
        if not self._life.trying and self._timer is not None:
            self._timer.cancel()
        if self._life.status is Status.FAILURE and commands:
            self._limit.reschedule(0.0)  # at the next turn of the loop
        if isinstance(event, Lost):
            values = {"reason": event.why, "attempt": self._life.attempt, "pause_s": pause}
            _log.info("destination lost", extra={"destination": self._destination.number, **values})
            self._on_change()
        return pause

    def _wake(self, after: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(after, self._tick)

    def _tick(self) -> None:
        begun = self._line is None or self._line.begun
        self._handle(Ticked(waiting=not (begun and self._needed.is_set())))

    def _changed(self, report: Report) -> None:
        status, ends = report.status, report.status in (Status.DISCONNECTING, Status.IDLE)
        # A failure is told as IDLE too, for callers; it stays one.
        code = self._life.fault or (self._ending.error_code if ends else 0)
        words = report.why or (self._ending.words if ends else "")
        event = DestinationEvent(
            self._destination.number,
            self._destination.url,
            status,
            repeated=status is self._told,
            error_code=code,
            attempt=self._life.attempt,
            retry_after=self._retry_after,
            sent_bytes=self._sent_bytes,
            dropped_frames=self._tally.missed.frames,
        )
        self._told = status
        if not report.repeated:
            if status is self._life.status:
                self._since = self._clock.unix()
            values = {"status": status.name, "reason": words}
            _log.info("destination changed", extra={"destination": self._destination.number, **values})
            self._on_change()
        self._tell(event, words)
