"""The built-in CDN: named live streams, one publisher and any number of players each."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tailrace.errors import NameTaken, PeerError
from tailrace.model.group import Group
from tailrace.wire import aac, flv, h264
from tailrace.wire.rtmp import amf0

# Names of ended streams that the list still shows: more than one benchmark run publishes.
_MOST_ENDED = 200
_MAX_NAME = 256


class Player(Protocol):
    """Somebody who watches a channel. Nothing here waits; a slow player is its own affair."""

    def describe(self, values: amf0.EcmaArray) -> None:
        """Take onMetaData."""

    def media(self, kind: flv.TagType, timestamp_ms: int, body: bytes, key: bool, must: bool, /) -> None:
        """Take a tag body. `must`: set-up data or a joiner's first group of pictures, not to be left out."""

    def end(self) -> None:
        """Take note that the stream has ended."""


@dataclass(slots=True)
class StreamRecord:
    """What is known of a stream. Times are Unix seconds; 0.0: not yet."""

    name: str
    published_at: float
    first_key_frame_at: float = 0.0
    ended_at: float = 0.0
    ended: str = ""  # "unpublished": in order; "lost": the connection broke
    fc_unpublish: bool = False
    video_codec: str = ""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    video_frames: int = 0
    key_frames: int = 0
    audio_frames: int = 0
    bytes: int = 0
    last_video_ms: int = 0
    last_audio_ms: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the entry of `GET /live`."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        codecs = [codec for codec in (self.video_codec, self.audio_codec) if codec]
        return {**fields, "state": "ended" if self.ended else "live", "codecs": codecs}


@dataclass(slots=True)
class _Held:
    kind: flv.TagType
    timestamp_ms: int
    body: bytes
    key: bool


class Channel:
    """One live stream: passes on what comes, and keeps what a late joiner needs to see a picture at once."""

    def __init__(self, record: StreamRecord) -> None:
        self.record = record
        self._players: set[Player] = set()
        self._metadata: amf0.EcmaArray | None = None
        self._video_setup = b""
        self._audio_setup = b""
        self._group = Group[_Held]()

    @property
    def players(self) -> int:
        """How many play it."""
        return len(self._players)

    def join(self, player: Player) -> None:
        """Give `player` the description, the set-up data and the current group of pictures, then all that follows."""
        if self._metadata is not None:
            player.describe(self._metadata)
        group = self._group.items
        start_ms = group[0].timestamp_ms if group else 0
        if self._video_setup:
            player.media(flv.TagType.VIDEO, start_ms, self._video_setup, False, True)
        if self._audio_setup:
            player.media(flv.TagType.AUDIO, start_ms, self._audio_setup, False, True)
        for held in group:
            player.media(held.kind, held.timestamp_ms, held.body, held.key, True)
        if self.record.ended:
            player.end()
        else:
            self._players.add(player)

    def leave(self, player: Player) -> None:
        """Give `player` nothing more; twice is harmless."""
        self._players.discard(player)

    def metadata(self, values: dict[str, amf0.Value]) -> None:
        """Take onMetaData. Raises PeerError if it cannot be passed on."""
        described = amf0.EcmaArray(values)
        script_body(described)
        self._metadata = described
        for player in list(self._players):
            player.describe(described)

    def video(self, timestamp_ms: int, body: bytes, now: float) -> None:
        """Take a video message; `now` in Unix seconds. Raises PeerError on another codec than H.264."""
        video = flv.parse_video(body) if body else None
        if video is None:
            return
        record = self.record
        record.bytes += len(body)
        setup = video.packet is flv.AvcPacket.CONFIG
        key = video.key and video.packet is flv.AvcPacket.UNITS
        if setup:
            config = h264.parse_config(video.data)
            sps = h264.parse_sps(config.sps[0])
            record.video_codec, record.width, record.height = config.codec_string, sps.width, sps.height
            self._video_setup = body
        elif video.packet is flv.AvcPacket.UNITS:
            record.video_frames += 1
            record.key_frames += key
            record.last_video_ms = timestamp_ms
            if key and not record.first_key_frame_at:
                record.first_key_frame_at = now
        self._pass_on(flv.TagType.VIDEO, timestamp_ms, body, key=key, setup=setup)

    def audio(self, timestamp_ms: int, body: bytes) -> None:
        """Take an audio message. Raises PeerError on another codec than AAC."""
        audio = flv.parse_audio(body) if body else None
        if audio is None:
            return
        record = self.record
        record.bytes += len(body)
        if audio.config:
            config = aac.parse_config(audio.data)
            record.audio_codec, record.channels = config.codec_string, config.channels
            record.sample_rate = config.playback_rate_hz
            self._audio_setup = body
        else:
            record.audio_frames += 1
            record.last_audio_ms = timestamp_ms
        self._pass_on(flv.TagType.AUDIO, timestamp_ms, body, key=False, setup=audio.config)

    def end(self) -> None:
        """Tell the players that nothing follows."""
        for player in list(self._players):
            player.end()
        self._players.clear()

    def _pass_on(self, kind: flv.TagType, timestamp_ms: int, body: bytes, *, key: bool, setup: bool) -> None:
        if not setup:
            held = _Held(kind, timestamp_ms, body, key)
            self._group.add(held, len(body), video=kind is flv.TagType.VIDEO, key=key)
        for player in list(self._players):
            player.media(kind, timestamp_ms, body, key, setup)


class Cdn:
    """All live streams by their names, and the ones that ended lately."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._ended: deque[StreamRecord] = deque(maxlen=_MOST_ENDED)

    def open(self, name: str, now: float) -> Channel:
        """Begin a stream. Raises NameTaken while another one has the name, PeerError on an absurd name."""
        if not 0 < len(name) <= _MAX_NAME:
            raise PeerError(f"a stream name has 1 to {_MAX_NAME} characters: live/<name>")
        if name in self._channels:
            raise NameTaken("the stream name is in use; stop its publisher or choose another name")
        channel = self._channels[name] = Channel(StreamRecord(name, published_at=now))
        return channel

    def find(self, name: str) -> Channel | None:
        """Return the live stream of this name."""
        return self._channels.get(name)

    def close(self, channel: Channel, now: float, *, orderly: bool, fc_unpublish: bool) -> None:
        """End a stream: the name is free, its players are told."""
        record = channel.record
        record.ended_at, record.ended = now, "unpublished" if orderly else "lost"
        record.fc_unpublish = fc_unpublish
        del self._channels[record.name]
        self._ended.append(record)
        channel.end()

    @property
    def players(self) -> int:
        """How many players there are, of all streams."""
        return sum(channel.players for channel in self._channels.values())

    def records(self) -> Sequence[StreamRecord]:
        """Ended streams, then the live ones; the newest last."""
        return (*self._ended, *(channel.record for channel in self._channels.values()))


def script_body(values: amf0.EcmaArray) -> bytes:
    """Return onMetaData as the body of a script tag. Raises PeerError for values that cannot be written."""
    try:
        return amf0.encode("onMetaData", values)
    except ValueError as error:
        raise PeerError("onMetaData has a key that cannot be passed on") from error
