"""Link: what both sides of an RTMP connection do once the handshake is over, below commands.

It keeps chunk sizes, acknowledges what was received, answers pings, takes aggregates apart and un-wraps media times.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tailrace.unit import MAX_UNIT_BYTES
from tailrace.wire.rtmp import message
from tailrace.wire.rtmp.amf0 import EcmaArray, Value
from tailrace.wire.rtmp.chunk import WRAP, ChunkReader, ChunkWriter, Message
from tailrace.wire.rtmp.event import Audio, Event, Ignored, Metadata, Video
from tailrace.wire.rtmp.message import CONTROL_KINDS, Command, ControlKind, Data, Typed, TypeId, UserControl

# Room for a whole unit with its FLV header. The sum of unfinished messages: a picture, and sound in between.
MAX_MESSAGE: Final = MAX_UNIT_BYTES
MAX_PARTIAL: Final = MAX_MESSAGE + 256 * 1024
# Before anybody has been let in: the longest command is connect, below 2 KiB even with long tokens.
MAX_MESSAGE_BEFORE: Final = 16 * 1024
# Clients send one command after the other, so one unfinished is what they need; another one is to spare.
MAX_PARTIAL_BEFORE: Final = 2 * MAX_MESSAGE_BEFORE

# ffmpeg's choice, so every CDN has met it; nginx-rtmp takes up to 10 MB, SRS warns above 65536. At 1500 kbit/s and 25
# pictures a second a frame has 7.5 KB and a key frame some 50 KB: one chunk each.
CHUNK_SIZE: Final = 60_000
# What Flash Media Server, nginx-rtmp and ffmpeg use; an acknowledgement each 13 s at 1500 kbit/s.
WINDOW: Final = 2_500_000

# Chunk streams that we write on; 2 is fixed by the specification, the others are those of ffmpeg.
_PROTOCOL, _COMMANDS, _SOUND, _DATA, _PICTURES = 2, 3, 4, 5, 6

# A step of a time by more than 12 days is its passing of the edge of what it travels in.
_EDGE: Final = 1 << 30
# As plain numbers, since looking up and comparing members of an enum is slow, and every message does it.
_AUDIO, _VIDEO = int(TypeId.AUDIO), int(TypeId.VIDEO)


class Link:
    """Bytes in, commands and media events out; the other way round with the `send` methods and `take`."""

    def __init__(self) -> None:
        # Bytes that the other side says it has received, modulo 2^32, and how many unacknowledged ones it allows us.
        self.acknowledged = 0
        self.peer_bandwidth = 0
        self._reader = ChunkReader(MAX_MESSAGE_BEFORE, MAX_PARTIAL_BEFORE)
        self._writer = ChunkWriter()
        self._out: list[bytes] = []
        self._window = 0
        self._received = 0
        self._reported = 0
        # For media times: the last one as it came, by how much it last wrapped, and by how much in all.
        self._last_time = 0
        self._wrap = 0
        self._past = 0

    def admit(self) -> None:
        """Allow messages of full size from now on."""
        self._reader.max_message = MAX_MESSAGE
        self._reader.max_partial = MAX_PARTIAL

    def receive(self, data: bytes) -> Iterator[tuple[int, Command | Event]]:
        """Yield what came, each with its message stream id; exhaust it before the next call. Raises PeerError."""
        self._received += len(data)
        if self._window and self._received - self._reported >= self._window:
            self._reported = self._received
            self.send(message.Acknowledgement(self._received % WRAP))
        self._reader.feed(data)
        next_message = self._reader.next
        while (raw := next_message()) is not None:
            type_id, stream_id, timestamp, body = raw
            if type_id == _VIDEO:
                yield stream_id, Video(self._media_time(timestamp), body)
            elif type_id == _AUDIO:
                yield stream_id, Audio(self._media_time(timestamp), body)
            elif type_id == TypeId.AGGREGATE:
                yield from self._taken_apart(raw)
            else:
                item = self._meaning(raw)
                if item is not None:
                    yield stream_id, item

    def take(self) -> bytes:
        """Return what is to be sent, once."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def set_chunk_size(self, size: int) -> None:
        """Announce and use another size of our chunks."""
        self.send(message.SetChunkSize(size))
        self._writer.chunk_size = size

    def send(self, typed: Typed, stream_id: int = 0, timestamp_ms: int = 0) -> None:
        """Send a protocol message, a command or a notice."""
        type_id, body = message.encode(typed)
        match typed:
            case Command():
                chunk_stream_id = _COMMANDS
            case Data():
                chunk_stream_id = _DATA
            case _:
                chunk_stream_id = _PROTOCOL
        self._write(chunk_stream_id, type_id, stream_id, timestamp_ms, body)

    def send_audio(self, stream_id: int, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of sound."""
        self._write(_SOUND, _AUDIO, stream_id, timestamp_ms, payload)

    def send_video(self, stream_id: int, timestamp_ms: int, payload: bytes) -> None:
        """Send an FLV tag body of a picture."""
        self._write(_PICTURES, _VIDEO, stream_id, timestamp_ms, payload)

    def _write(self, chunk_stream_id: int, type_id: int, stream_id: int, timestamp_ms: int, body: bytes) -> None:
        self._out.append(self._writer.write(chunk_stream_id, Message(type_id, stream_id, timestamp_ms % WRAP, body)))

    def _media_time(self, timestamp: int) -> int:
        """Un-wrap. Times have 32 bits, but ffmpeg's FLV writer keeps 31 of them, so it is back at 0 after 24.8 days."""
        last = self._last_time
        if last - timestamp > _EDGE:
            self._wrap = WRAP if last >= WRAP // 2 else WRAP // 2
            self._past += self._wrap
        elif timestamp - last > _EDGE and self._past:
            # Sent before the edge, arrived after it. Without an edge it is a leap: set-up data often has time 0.
            return self._past - self._wrap + timestamp
        self._last_time = timestamp
        return self._past + timestamp

    def _taken_apart(self, aggregate: Message) -> Iterator[tuple[int, Command | Event]]:
        for part in message.parts(aggregate):
            match part.type_id:
                case TypeId.VIDEO:
                    yield part.stream_id, Video(self._media_time(part.timestamp), part.body)
                case TypeId.AUDIO:
                    yield part.stream_id, Audio(self._media_time(part.timestamp), part.body)
                case TypeId.DATA:
                    if (item := self._meaning(part)) is not None:
                        yield part.stream_id, item
                case other:
                    yield part.stream_id, Ignored(f"message of type {other} in an aggregate")

    def _meaning(self, raw: Message) -> Command | Event | None:
        typed = message.decode(raw.type_id, raw.body)
        match typed:
            case Command():
                return typed
            case Data(values):
                return _notice(values, raw.timestamp)
            case message.SetChunkSize(size):
                self._reader.chunk_size = size
            case message.Abort(chunk_stream_id):
                self._reader.abort(chunk_stream_id)
            case message.Acknowledgement(received):
                self.acknowledged = received
            case message.WindowSize(size):
                self._window = size
            case message.PeerBandwidth(size):
                # Section 5.4.5: answer with a window of that size, unless it was told already.
                if size != self.peer_bandwidth:
                    self.peer_bandwidth = size
                    self.send(message.WindowSize(size))
            case UserControl(ControlKind.PING_REQUEST, value):
                self.send(UserControl(ControlKind.PING_RESPONSE, value))
            case UserControl(kind, _):
                return None if kind in CONTROL_KINDS else Ignored(f"user control event {kind}")
            case None:
                return Ignored(f"message of type {raw.type_id}")
        return None


def metadata(values: Mapping[str, Value]) -> Data:
    """Return onMetaData as a publisher sends it."""
    return Data(("@setDataFrame", "onMetaData", EcmaArray(values)))


def _notice(values: tuple[Value, ...], timestamp_ms: int) -> Event:
    name, *rest = values or ("",)
    if name == "@setDataFrame" and rest:
        name, *rest = rest
    if name == "onMetaData" and rest and isinstance(rest[0], dict):
        return Metadata(timestamp_ms, rest[0])
    return Ignored(f"data {name!r:.40}")
