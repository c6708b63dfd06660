"""Pipeline: a publisher's units in, the messages that every destination of the task gets out.

Pictures pass through untouched, sound is transcoded to the AAC that was asked for, and both get their place on the
task's timeline. The pipeline keeps what a destination that joins now must have first: set-up data and the messages
since the last key frame.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.ids import Kind
from tailrace.media.audio import AacTranscoder
from tailrace.model.joiner import Joiner
from tailrace.model.plan import Plan
from tailrace.model.timeline import Placed, Timeline
from tailrace.unit import Codec, Unit
from tailrace.wire import h264
from tailrace.wire.flv import AudioBody, AvcPacket, VideoBody

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


class Pipeline:
    """Feed it units with `take`; it hands messages to `deliver`. `ready` says that a destination can begin."""

    def __init__(self, plan: Plan, start_us: int, deliver: Callable[[Message], None]) -> None:
        self.joiner = Joiner()
        self.timeline = Timeline(start_us)
        self.rejoins = 0
        self.rejected = 0
        self._plan = plan
        self._deliver = deliver
        self._transcoder = AacTranscoder(plan.audio)
        self._video_config = b""
        self._size = (0, 0)
        self._sound = False
        self._sound_comes = False
        self._sound_alone = 0
        self._last_audio_ms = start_us // 1000 - 1
        self._kept: list[Message] = []
        self._kept_bytes = 0

    @property
    def ready(self) -> bool:
        """Whether there is something that a destination can begin with."""
        return bool(self._kept)

    def join(self, units: Sequence[Unit]) -> Iterator[None]:
        """Take the answer to a key-frame request, empty when there is no publisher, one unit a step.

        Seconds of sound are transcoded here, a tenth of a second of work: between the steps others can run, such as
        the dialling that the first key frame sets off.
        """
        self._sound_comes = self._sound_comes or any(unit.codec is Codec.AAC for unit in units)
        for unit in self.joiner.joined(list(units)):
            self._use(unit)
            yield

    def take(self, unit: Unit) -> None:
        """Take one live unit."""
        if self.joiner.take(unit):
            self._use(unit)

    def opening(self) -> Opening:
        """Return what a destination that joins now must get before anything else."""
        at = self._kept[0].timestamp_ms if self._kept else 0
        headers = []
        if self._video_config:
            headers.append(_video_header(at, self._video_config))
        if self._sound:
            headers.append(_audio_header(at, self._transcoder.config))
        return Opening(self._metadata(), headers, list(self._kept))

    def _metadata(self) -> dict[str, float | bool | str]:
        values: dict[str, float | bool | str] = {}
        if self._video_config:
            width, height = self._size
            values |= {"width": float(width), "height": float(height), "videocodecid": AMF_AVC}
        if self._sound or not self._video_config:
            audio = self._plan.audio
            values |= {
                "audiocodecid": AMF_AAC,
                "audiosamplerate": float(audio.sample_rate_hz),
                "audiosamplesize": 16.0,
                "audiodatarate": float(audio.bitrate_kbps),
                "stereo": audio.channels == 2,
            }
        return values | {"encoder": "Tailrace"}

    def _use(self, unit: Unit) -> None:
        if unit.codec is Codec.H264:
            if self._plan.video and (placed := self._place(Kind.VIDEO, unit)):
                self._use_video(unit, placed)
        elif unit.codec is Codec.AAC and (placed := self._place(Kind.AUDIO, unit)):
            self._use_audio(unit, placed)

    def _place(self, kind: Kind, unit: Unit) -> Placed | None:
        placed = self.timeline.place(kind, unit.session, unit.dts_us, unit.pts_us)
        if placed and placed.rejoined:
            self.rejoins += 1
        return placed

    def _use_video(self, unit: Unit, placed: Placed) -> None:
        at = placed.dts_us // 1000
        if unit.key and unit.config != self._video_config:
            self._size = _picture_size(unit.config)
            self._video_config = unit.config
            self._send(_video_header(at, unit.config))
        if self._sound_comes:
            self._announce_sound(at)
        body = VideoBody(AvcPacket.UNITS, unit.key, placed.pts_us // 1000 - at, unit.payload).encode()
        self._send(Message(Kind.VIDEO, at, body, starts=unit.key))

    def _announce_sound(self, at_ms: int) -> None:
        """Send its set-up data, once, and as soon as possible: players may not expect it later.

        The encoder gives the first packet up to 256 ms after its first input (2 frames at 8 kHz).
        """
        if not self._sound:
            self._sound = True
            self._send(_audio_header(at_ms, self._transcoder.config))

    def _use_audio(self, unit: Unit, placed: Placed) -> None:
        self._announce_sound(placed.dts_us // 1000)
        try:
            packets = self._transcoder.feed(unit.config, unit.payload, placed.dts_us)
        except PeerError:
            self.rejected += 1
            return
        for packet in packets:
            at = packet.pts_us // 1000
            if at <= self._last_audio_ms:
                continue
            self._last_audio_ms = at
            body = AudioBody(config=False, data=packet.payload).encode()
            self._send(Message(Kind.AUDIO, at, body, starts=self._sound_starts()))

    def _sound_starts(self) -> bool:
        """Whether a destination may begin with sound: nobody waits for pictures, or they did not come for a second."""
        if self._video_config:
            return False
        self._sound_alone += 1
        return not self._plan.video or self._sound_alone > KEPT_SOUND_MESSAGES

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


def _video_header(at_ms: int, config: bytes) -> Message:
    return Message(Kind.VIDEO, at_ms, VideoBody(AvcPacket.CONFIG, True, 0, config).encode(), starts=False, frame=False)


def _audio_header(at_ms: int, config: bytes) -> Message:
    return Message(Kind.AUDIO, at_ms, AudioBody(config=True, data=config).encode(), starts=False, frame=False)


def _picture_size(config: bytes) -> tuple[int, int]:
    try:
        sps = h264.parse_sps(h264.parse_config(config).sps[0])
    except PeerError:
        return 0, 0
    return sps.width, sps.height
