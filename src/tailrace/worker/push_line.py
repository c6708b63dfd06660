"""Push line: one connection of a push, which sends messages or leaves them out, from the first start on.

`offer` never waits. What the connection has not taken is bounded (`model/destination_flow.py`): a slow one loses
pictures up to the next key frame before any sound, which is counted, and no other destination notices.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tailrace.ids import Kind
from tailrace.model.destination_flow import Backlog, Missed, Progress, Valve, Waiting
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.worker.reel import Message, Opening


@dataclass(slots=True)
class Tally:
    """What one destination got and did not get, over all of its connections, and the latest time it ever got."""

    video_frames: int = 0
    audio_frames: int = 0
    connects: int = 0
    missed: Missed = field(default_factory=Missed)
    last_ms: int = -1
    # Frames that came since there was a connection that had begun: some of them may be sent again by the next one.
    absent_frames: int = 0

    def absent(self, message: Message) -> None:
        """Take note of a message for which there is no connection; before the very first there is nothing to miss."""
        if self.last_ms >= 0:
            self.absent_frames += message.frame

    def back(self, first_ms: int, resent_frames: int) -> None:
        """Count what was missed until a connection began with the message of `first_ms`."""
        if self.last_ms >= 0:
            self.missed.frames += max(0, self.absent_frames - resent_frames)
            self.missed.gap(self.last_ms, first_ms)
        self.absent_frames = 0


class Line:
    """Sends to `client`. `begun`: it has got what a stream begins with."""

    def __init__(self, client: RtmpPublisher, opening: Callable[[], Opening], tally: Tally, now: float) -> None:
        self.client = client
        self.begun = False
        self._opening = opening
        self._tally = tally
        self._valve = Valve()
        self._waiting = Waiting()
        self._progress = Progress(now)
        self._offered_ms = {Kind.AUDIO: tally.last_ms, Kind.VIDEO: tally.last_ms}
        self._opening_ends = 0

    @property
    def behind(self) -> bool:
        """Whether pictures are left out at present."""
        return self._valve.skipping

    def begin(self) -> None:
        """Send metadata, set-up data and what is new since the last start, if there is one.

        New is what lies behind the last message that this destination ever got: its time must not go back when a
        connection is made anew.
        """
        opening = self._opening()
        fresh = [message for message in opening.messages if message.timestamp_ms > self._tally.last_ms]
        start = next((at for at, message in enumerate(fresh) if message.starts), None)
        if start is None:
            return
        self.begun = True
        messages = opening.headers + fresh[start:]
        self._tally.back(fresh[start].timestamp_ms, sum(message.frame for message in fresh[start:]))
        self._opening_ends = sum(self.client.flow()) + sum(len(message.body) for message in messages)
        self.client.send_metadata(opening.metadata)
        for message in messages:
            self._send(message)

    def offer(self, message: Message) -> None:
        """Send one message if the connection keeps up; the first that may start a stream begins it."""
        if not self.begun:
            if message.starts:
                self.begin()
            if not self.begun:
                self._tally.absent(message)
            return
        if not message.frame:
            # Another picture size, or sound that was not there before: what follows is described anew.
            self.client.send_metadata(self._opening().metadata, message.timestamp_ms)
        elif not self._valve.passes(message.kind is Kind.VIDEO, message.starts, self._backlog()):
            self._tally.missed.frame(self._offered_ms[message.kind], message.timestamp_ms)
            self._offered_ms[message.kind] = message.timestamp_ms
            return
        self._send(message)

    def opening_taken(self) -> bool:
        """Whether the other side has taken what the stream began with: bytes that only left the socket do not count."""
        return self.begun and self.client.flow().taken >= self._opening_ends

    def stands_still(self, now: float) -> bool:
        """Whether the other side takes nothing any more; to be asked twice a second."""
        flow = self.client.flow()
        return self._progress.stands_still(flow.taken, flow.outstanding, now)

    def _backlog(self) -> Backlog:
        return Backlog(self.client.backlog_bytes, self._waiting.seconds(self.client.sent_bytes))

    def _send(self, message: Message) -> None:
        if message.kind is Kind.VIDEO:
            self.client.send_video(message.timestamp_ms, message.body)
            self._tally.video_frames += message.frame
        else:
            self.client.send_audio(message.timestamp_ms, message.body)
            self._tally.audio_frames += message.frame
        if message.frame:
            self._tally.last_ms = max(self._tally.last_ms, message.timestamp_ms)
            self._offered_ms[message.kind] = message.timestamp_ms
            self._waiting.add(self.client.sent_bytes + self.client.backlog_bytes, message.timestamp_ms)
