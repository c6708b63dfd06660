"""Push: one destination of a task: the table of `model/destination.py` around an RTMP connection.

`offer` never waits. What the connection has not taken yet is bounded: beyond the first bound video is dropped up
to the next key frame, beyond the second one sound as well; both are counted, and no other destination notices.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from tailrace.clock import Clock
from tailrace.errors import CallerError, DestinationError
from tailrace.ids import Kind
from tailrace.model.destination import (
    Closed,
    Command,
    DestinationLife,
    Dial,
    Event,
    Lost,
    MediaFlowed,
    Needed,
    Report,
    Resumed,
    StopAsked,
)
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport
from tailrace.model.task import DestinationStatus as Status
from tailrace.model.task_event import DestinationEvent
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.worker.reel import Message, Opening

_log = logging.getLogger(__name__)

# A CDN answers within a round trip per step (TCP, handshake, connect, createStream, publish); 5 s allows 1 s for each.
DIAL_TIMEOUT = 5.0
# An orderly end waits so long for the last bytes to leave; the task's own end must not hang on one slow CDN.
CLOSE_TIMEOUT = 1.0
# 2 MiB are 8 s of video at 2 Mbit/s that the CDN has not taken; sound, a fortieth of it, goes on up to twice that.
MAX_VIDEO_BACKLOG_BYTES = 2 * 1024 * 1024
MAX_BACKLOG_BYTES = 4 * 1024 * 1024
# The bit rate is averaged over so long: the usual distance of key frames, so that one does not make it jump.
RATE_SPAN = 2.0
# How long a caller sees no bit rate at the beginning; each look costs microseconds.
RATE_STEP = 0.5

# Takes what has happened to a destination, and why in words; never waits.
Tell = Callable[[DestinationEvent, str], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a push ends once its `run` is cancelled: why, with which code, and whether another child goes on with it."""

    words: str = ""
    error_code: int = 0
    moves: bool = False


@dataclass(slots=True)
class Counters:
    """What has been handed to the connections of one destination so far."""

    video_frames: int = 0
    audio_frames: int = 0
    dropped_frames: int = 0
    connects: int = 0


class Push:
    """Relays messages to one destination while `run()` runs; cancelling it unpublishes and closes in order."""

    def __init__(
        self,
        destination: Destination,
        guard: Guard,
        tls: ssl.SSLContext | None,
        opening: Callable[[], Opening],
        clock: Clock,
        on_change: Callable[[], None],
        tell: Tell,
    ) -> None:
        self._destination = destination
        self._guard = guard
        self._tls = tls
        self._opening = opening
        self._clock = clock
        self._on_change = on_change
        self._tell = tell
        self._told: Status | None = None
        self._resumed = False
        self._ending = Ending()
        self._life = DestinationLife()
        self._since, self._reason = clock.unix(), ""
        self._needed = asyncio.Event()
        self._client: RtmpPublisher | None = None
        self._waiting_for_start = True
        self._last_ms = -1
        self._counters = Counters()
        self._sent_before = 0  # bytes of earlier connections
        self._rate = Rate()

    def report(self) -> DestinationReport:
        """Return what this destination has done so far."""
        return DestinationReport(
            self._destination.number,
            self._life.status,
            self._since,
            self._reason,
            video_frames=self._counters.video_frames,
            audio_frames=self._counters.audio_frames,
            sent_bytes=self._sent_bytes,
            dropped_frames=self._counters.dropped_frames,
            bitrate_kbps=self._rate.kbps,
            connects=self._counters.connects,
        )

    def measure(self) -> None:
        """Bring the bit rate up to date; call it each RATE_STEP."""
        self._rate.look(self._sent_bytes, self._clock.monotonic())

    @property
    def _sent_bytes(self) -> int:
        return self._sent_before + (self._client.sent_bytes if self._client else 0)

    def go_on_from(self, earlier: DestinationReport) -> None:
        """Count on from what an earlier child of this task has reported: what was running then is recovering now."""
        self._resumed = earlier.status in (Status.RUNNING, Status.RECOVERING)
        self._told = earlier.status
        self._sent_before = earlier.sent_bytes
        self._counters = Counters(earlier.video_frames, earlier.audio_frames, earlier.dropped_frames, earlier.connects)

    def end_as(self, ending: Ending) -> None:
        """Say how this push is to end, before `run` is cancelled."""
        self._ending = ending

    def need(self) -> None:
        """Dial now, before there is a message to send."""
        self._needed.set()

    def offer(self, message: Message) -> None:
        """Send one message if the connection stands and keeps up; the first that may start a stream opens it."""
        if message.starts:
            self.need()
        client = self._client
        if client is None:
            return
        if self._waiting_for_start:
            if not (message.starts and self._begin(client)):
                # Before the very first start there is nothing yet that it could have been a part of.
                self._counters.dropped_frames += self._last_ms >= 0
            return
        self._check_flow(client)
        backlog = client.backlog_bytes
        if backlog > MAX_BACKLOG_BYTES or (backlog > MAX_VIDEO_BACKLOG_BYTES and message.kind is Kind.VIDEO):
            self._waiting_for_start = message.kind is Kind.VIDEO
            self._counters.dropped_frames += 1
            return
        if not message.frame:
            # Another picture size, or sound that was not there before: what follows is described anew.
            client.send_metadata(self._opening().metadata, message.timestamp_ms)
        self._send(client, message)

    async def run(self) -> None:
        """Push until cancelled, or until the retries are used up."""
        try:
            await self._needed.wait()
            commands = self._handle(Resumed("the task was taken over") if self._resumed else Needed())
            while (dial := next((c for c in commands if isinstance(c, Dial)), None)) is not None:
                await asyncio.sleep(dial.after)
                try:
                    await self._connect_and_flow()
                except (DestinationError, CallerError) as error:
                    commands = self._handle(Lost(str(error)))
        finally:
            await self._hang_up()

    async def _connect_and_flow(self) -> NoReturn:
        """Push over one connection until it is lost, which is a DestinationError."""
        client = await RtmpPublisher.dial(self._destination.url, guard=self._guard, timeout=DIAL_TIMEOUT, tls=self._tls)
        self._client, self._waiting_for_start = client, True
        self._counters.connects += 1
        self._begin(client)
        error = await asyncio.shield(client.lost)
        self._client = None
        self._sent_before += client.sent_bytes
        await client.close(CLOSE_TIMEOUT)
        raise error

    def _begin(self, client: RtmpPublisher) -> bool:
        """Send metadata, set-up data and what is new since the last start; say whether there is such a start.

        New is what lies behind the last message that this destination ever got: its time must not go back when a
        connection is made anew.
        """
        opening = self._opening()
        fresh = [message for message in opening.messages if message.timestamp_ms > self._last_ms]
        start = next((at for at, message in enumerate(fresh) if message.starts), None)
        if start is None:
            return False
        self._waiting_for_start = False
        client.send_metadata(opening.metadata)
        for message in opening.headers + fresh[start:]:
            self._send(client, message)
        return True

    def _send(self, client: RtmpPublisher, message: Message) -> None:
        if message.kind is Kind.VIDEO:
            client.send_video(message.timestamp_ms, message.body)
            self._counters.video_frames += message.frame
        else:
            client.send_audio(message.timestamp_ms, message.body)
            self._counters.audio_frames += message.frame
        if message.frame:
            self._last_ms = max(self._last_ms, message.timestamp_ms)

    def _check_flow(self, client: RtmpPublisher) -> None:
        """RUNNING means that bytes left the socket: what came before has been taken by the kernel to the last byte."""
        if self._life.status is not Status.RUNNING and client.backlog_bytes == 0:
            self._handle(MediaFlowed())

    async def _hang_up(self) -> None:
        if self._life.status in (Status.IDLE, Status.FAILURE):
            return
        moves = self._ending.moves
        if not moves:
            self._handle(StopAsked())
        elif self._life.status is Status.RUNNING:
            self._handle(Lost(self._ending.words))
        if (client := self._client) is not None:
            self._client = None  # nothing more is offered to it
            await client.close(CLOSE_TIMEOUT)
            self._sent_before += client.sent_bytes
        if not moves:
            self._handle(Closed())

    def _handle(self, event: Event) -> list[Command]:
        commands = self._life.handle(event, self._clock.monotonic(), random.random())  # noqa: S311 - jitter only
        for command in commands:
            if isinstance(command, Report):
                self._since, self._reason = self._clock.unix(), command.why
                _log.info(
                    "destination changed",
                    extra={
                        "destination": self._destination.number,
                        "status": command.status.name,
                        "reason": command.why,
                    },
                )
                self._on_change()
                self._tell_of(command.status, command.why)
        return commands

    def _tell_of(self, status: Status, why: str) -> None:
        ends = status in (Status.DISCONNECTING, Status.IDLE)
        event = DestinationEvent(
            self._destination.number,
            self._destination.url,
            status,
            repeated=status is self._told,
            error_code=self._ending.error_code if ends else 0,
            sent_bytes=self._sent_bytes,
            dropped_frames=self._counters.dropped_frames,
        )
        self._told = status
        self._tell(event, why or (self._ending.words if ends else ""))


class Rate:
    """Bit rate over the last RATE_SPAN seconds, or as many as there were, in kbit/s."""

    def __init__(self) -> None:
        self.kbps = 0.0
        self._looks: deque[tuple[int, float]] = deque(maxlen=round(RATE_SPAN / RATE_STEP) + 1)

    def look(self, sent_bytes: int, now: float) -> None:
        """Take note of the bytes sent so far, each RATE_STEP; `now` in seconds."""
        self._looks.append((sent_bytes, now))
        before, since = self._looks[0]
        if now > since:
            self.kbps = round((sent_bytes - before) * 8 / 1000 / (now - since), 1)
