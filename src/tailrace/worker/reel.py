"""Reel: the messages of a task's output, in order; it keeps what a destination that joins now must have first."""

from collections.abc import Callable
from dataclasses import dataclass

from tailrace.ids import Kind
from tailrace.model.plan import AudioEncoding
from tailrace.wire import h264
from tailrace.wire.flv import AudioBody, AvcPacket, VideoBody, parse_video

# What is kept for a destination that joins: 5 s (the longest GOP of the API) at 10 Mbit/s (its highest bit rate) is
# 6 MB. A group of pictures that is larger is not kept; who joins then waits for the next key frame.
MAX_KEPT_BYTES = 8 * 1024 * 1024
# Without pictures there are no key frames; 1 s of sound, 47 frames at 48 kHz, lets a player start.
KEPT_SOUND_MESSAGES = 47

AMF_AVC = 7.0  # onMetaData videocodecid of H.264, Adobe FLV 10.1 annex E.4.3.1
AMF_AAC = 10.0  # onMetaData audiocodecid of AAC, annex E.4.2.1


@dataclass(slots=True)
class Message:
    """One RTMP media message. `body` is an FLV tag body.

    `starts` marks where a destination may begin; `frame` is false for set-up data.
    """

    kind: Kind
    timestamp_ms: int
    body: bytes
    starts: bool
    frame: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """What a destination gets first: onMetaData, set-up data, then the messages since the last start."""

    metadata: dict[str, float | bool | str]
    headers: list[Message]
    messages: list[Message]


class Reel:
    """Hands messages to `deliver`. Times are milliseconds of the output and rise within each track.

    `video`: pictures are expected, so that a destination does not begin with sound alone unless they stay out. Nothing
    is earlier than `start_ms`.
    """

    def __init__(
        self, audio: AudioEncoding, video: bool, deliver: Callable[[Message], None], start_ms: int = 0
    ) -> None:
        self._last_ms = {Kind.AUDIO: start_ms - 1, Kind.VIDEO: start_ms - 1}
        self._audio = audio
        self._video = video
        self._deliver = deliver
        self._configs: dict[Kind, bytes] = {}
        self._size = (0, 0)
        self._sound_alone = 0
        self._kept: list[Message] = []
        self._kept_bytes = 0

    @property
    def ready(self) -> bool:
        """Whether there is something that a destination can begin with."""
        return bool(self._kept)

    @property
    def end_ms(self) -> int:
        """The latest time of any message; a millisecond before the start while there is none."""
        return max(self._last_ms.values())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures; zeros before the first."""
        return self._size

    @property
    def has_sound(self) -> bool:
        """Whether there is sound."""
        return Kind.AUDIO in self._configs

    def group(self) -> tuple[bytes, list[bytes]]:
        """Return the pictures since the last key frame as far as they are kept, and their set-up data."""
        bodies = [parse_video(message.body) for message in self._kept if message.kind is Kind.VIDEO and message.frame]
        return self._configs.get(Kind.VIDEO, b""), [body.data for body in bodies if body]

    def video_config(self, at_ms: int, config: bytes) -> None:
        """Let the pictures from here on have this AVCDecoderConfigurationRecord, if it is another one."""
        if config != self._configs.get(Kind.VIDEO):
            self._configs[Kind.VIDEO] = config
            self._size = h264.picture_size(config)
            self._send(_header(Kind.VIDEO, at_ms, config))

    def audio_config(self, at_ms: int, config: bytes) -> None:
        """Let the sound from here on have this AudioSpecificConfig, if it is another one."""
        if config != self._configs.get(Kind.AUDIO):
            self._configs[Kind.AUDIO] = config
            self._send(_header(Kind.AUDIO, at_ms, config))

    def picture(self, at_ms: int, composition_ms: int, key: bool, payload: bytes) -> None:
        """Send one access unit, length-prefixed."""
        body = VideoBody(AvcPacket.UNITS, key, composition_ms, payload).encode()
        self._last_ms[Kind.VIDEO] = at_ms
        self._send(Message(Kind.VIDEO, at_ms, body, starts=key))

    def sound(self, at_ms: int, data: bytes) -> None:
        """Send one AAC frame; one that is not later than the last is left out."""
        if at_ms <= self._last_ms[Kind.AUDIO]:
            return
        self._last_ms[Kind.AUDIO] = at_ms
        body = AudioBody(config=False, data=data).encode()
        self._send(Message(Kind.AUDIO, at_ms, body, starts=self._sound_starts()))

    def opening(self) -> Opening:
        """Return what a destination that joins now must get before anything else."""
        at = self._kept[0].timestamp_ms if self._kept else 0
        headers = [_header(kind, at, self._configs[kind]) for kind in (Kind.VIDEO, Kind.AUDIO) if kind in self._configs]
        return Opening(self._metadata(), headers, list(self._kept))

    def _metadata(self) -> dict[str, float | bool | str]:
        values: dict[str, float | bool | str] = {}
        if Kind.VIDEO in self._configs:
            width, height = self._size
            values |= {"width": float(width), "height": float(height), "videocodecid": AMF_AVC}
        if Kind.AUDIO in self._configs or Kind.VIDEO not in self._configs:
            values |= {
                "audiocodecid": AMF_AAC,
                "audiosamplerate": float(self._audio.sample_rate_hz),
                "audiosamplesize": 16.0,
                "audiodatarate": float(self._audio.bitrate_kbps),
                "stereo": self._audio.channels == 2,
            }
        return values | {"encoder": "Tailrace"}

    def _sound_starts(self) -> bool:
        """Whether a destination may begin with sound: nobody waits for pictures, or they did not come for a second."""
        if Kind.VIDEO in self._configs:
            return False
        self._sound_alone += 1
        return not self._video or self._sound_alone > KEPT_SOUND_MESSAGES

    def _send(self, message: Message) -> None:
        self._keep(message)
        self._deliver(message)

    def _keep(self, message: Message) -> None:
        if message.starts and (message.kind is Kind.VIDEO or len(self._kept) >= KEPT_SOUND_MESSAGES):
            self._kept.clear()
            self._kept_bytes = 0
        elif not message.starts and not self._kept:
            return
        self._kept_bytes += len(message.body)
        if self._kept_bytes > MAX_KEPT_BYTES:
            self._kept.clear()
            self._kept_bytes = 0
        else:
            self._kept.append(message)


def _header(kind: Kind, at_ms: int, config: bytes) -> Message:
    if kind is Kind.VIDEO:
        body = VideoBody(AvcPacket.CONFIG, True, 0, config).encode()
    else:
        body = AudioBody(config=True, data=config).encode()
    return Message(kind, at_ms, body, starts=False, frame=False)
