"""RTMP chunk stream: messages cut into chunks, and put together again (RTMP specification 1.0, section 5.3).

The reader takes what comes: all four headers, chunk stream ids 2 to 65599, extended timestamps in every form in use.
A message that lies whole in one chunk and in one read, which most do, costs one slice. The writer uses two of the four
headers: absolute times for the first message of a chunk stream and where time goes back, else differences. So a stream
that runs for days never needs extended timestamps, on which servers disagree.
"""

from typing import Final, NamedTuple

from tailrace.errors import PeerError

DEFAULT_CHUNK_SIZE: Final = 128
# Section 5.4.1: a message has a length of 24 bits, so a larger chunk size means the same.
MAX_CHUNK_SIZE: Final = 0xFFFFFF
EXTENDED: Final = 0xFFFFFF
WRAP: Final = 1 << 32
_HEADER_SIZES: Final = (11, 7, 3, 0)

# ffmpeg uses 4 chunk streams, librtmp 3, Flash about 8. Each costs some hundred bytes.
MAX_CHUNK_STREAMS: Final = 32


class Message(NamedTuple):
    """A message as it travels. `timestamp` is the low 32 bits, in milliseconds."""

    type_id: int
    stream_id: int
    timestamp: int
    body: bytes


class _ChunkStream:
    """What headers of one chunk stream leave out because it has not changed, and the message being put together."""

    __slots__ = ("body", "extended", "field", "length", "stream_id", "timestamp", "type_id")

    def __init__(self) -> None:
        self.timestamp = 0
        self.length = 0
        self.type_id = 0
        self.stream_id = 0
        # Whether the timestamp of the last header was extended, and what that one said: a number or a difference.
        self.extended = False
        self.field = 0
        self.body: bytearray | None = None


class ChunkReader:
    """Bytes to messages. `chunk_size` is the other side's; `max_message` and `max_partial` are in bytes.

    `max_partial` bounds all unfinished messages together. Whoever owns the reader handles Set Chunk Size and Abort as
    they come, hence `next`, which returns one message at a time.
    """

    def __init__(self, max_message: int, max_partial: int) -> None:
        self.chunk_size = DEFAULT_CHUNK_SIZE
        self.max_message = max_message
        self.max_partial = max_partial
        self._partial = 0
        # What was read, and how far it is used up.
        self._data = b""
        self._position = 0
        self._streams: dict[int, _ChunkStream] = {}
        # The chunk whose payload is being read, and how much of it is missing.
        self._open: _ChunkStream | None = None
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Add what was read. Call `next` until it returns None before feeding more."""
        self._data = self._data + data if self._data else data

    def next(self) -> Message | None:
        """Return the next whole message, or None when more bytes are needed. Raises PeerError."""
        while True:
            stream = self._open or self._opened()
            if stream is None:
                self._forget()
                return None
            data, start, missing = self._data, self._position, self._missing
            end = start + missing
            if stream.body is None:
                if stream.length == missing and end <= len(data):
                    self._position = end
                    self._open = None
                    return Message(stream.type_id, stream.stream_id, stream.timestamp, data[start:end])
                stream.body = bytearray()
            taken = data[start:end]
            self._partial += len(taken)
            if self._partial > self.max_partial:
                raise PeerError(f"more than {self.max_partial} bytes in unfinished messages")
            stream.body += taken
            self._position = start + len(taken)
            self._missing = missing - len(taken)
            if self._missing:
                self._forget()
                return None
            self._open = None
            if len(stream.body) == stream.length:
                body = bytes(stream.body)
                self._partial -= len(body)
                stream.body = None
                return Message(stream.type_id, stream.stream_id, stream.timestamp, body)

    def abort(self, chunk_stream_id: int) -> None:
        """Forget the unfinished message of a chunk stream (section 5.4.2)."""
        stream = self._streams.get(chunk_stream_id)
        if stream is not None and stream.body is not None:
            self._partial -= len(stream.body)
            stream.body = None

    def _forget(self) -> None:
        """Let go of what is used up: a connection that falls silent is not to keep the whole of its last read."""
        self._data = self._data[self._position :]
        self._position = 0

    def _opened(self) -> _ChunkStream | None:
        """Read a chunk header, if it is there as a whole, and return its chunk stream."""
        data, position = self._data, self._position
        left = len(data) - position
        if not left:
            return None
        form, chunk_stream_id = data[position] >> 6, data[position] & 0x3F
        position += 1
        if chunk_stream_id < 2:
            size = chunk_stream_id + 1
            if left <= size:
                return None
            chunk_stream_id = 64 + int.from_bytes(data[position : position + size], "little")
            position += size
        stream = self._streams.get(chunk_stream_id)
        if stream is None:
            stream = self._added(chunk_stream_id, form)
        begins = stream.body is None
        size = _HEADER_SIZES[form]
        header = data[position : position + size]
        if len(header) < size:
            return None
        position += size
        if form == 3:
            field, extended = stream.field, stream.extended
        else:
            field = int.from_bytes(header[:3], "big")
            extended = field == EXTENDED
        if extended:
            word = data[position : position + 4]
            if len(word) < 4:
                return None
            value = int.from_bytes(word, "big")
            if form != 3 or begins:
                field = value
                position += 4
            elif value in (stream.field, stream.timestamp):
                # ffmpeg, librtmp and nginx-rtmp repeat the number on every chunk, Flash the whole timestamp there;
                # old librtmp nothing at all. Payload that happens to be equal is once in 2^32.
                position += 4
        if begins:
            self._begin(stream, form, field, extended, header)
        elif form != 3:
            raise PeerError(f"a new message on chunk stream {chunk_stream_id} inside of an unfinished one")
        self._position = position
        missing = stream.length - len(stream.body or b"")
        self._missing = missing if missing < self.chunk_size else self.chunk_size
        self._open = stream
        return stream

    def _added(self, chunk_stream_id: int, form: int) -> _ChunkStream:
        # librtmp-based clients are known to begin a chunk stream with form 1; there is nothing ambiguous in that.
        if form > 1:
            raise PeerError(f"chunk stream {chunk_stream_id} begins with a header of form {form}")
        if len(self._streams) >= MAX_CHUNK_STREAMS:
            raise PeerError(f"more than {MAX_CHUNK_STREAMS} chunk streams")
        return self._streams.setdefault(chunk_stream_id, _ChunkStream())

    def _begin(self, stream: _ChunkStream, form: int, field: int, extended: bool, header: bytes) -> None:
        if form < 2:
            length = int.from_bytes(header[3:6], "big")
            if length > self.max_message:
                raise PeerError(f"a message of {length} bytes, the limit is {self.max_message}")
            stream.length = length
            stream.type_id = header[6]
            if form == 0:
                stream.stream_id = int.from_bytes(header[7:11], "little")
        stream.field = field
        stream.extended = extended
        stream.timestamp = field if form == 0 else (stream.timestamp + field) % WRAP


class ChunkWriter:
    """Messages to bytes. `chunk_size` is ours; tell the other side before it is changed."""

    def __init__(self) -> None:
        self.chunk_size = DEFAULT_CHUNK_SIZE
        # Per chunk stream: timestamp and message stream id of the last message.
        self._last: dict[int, tuple[int, int]] = {}

    def write(self, chunk_stream_id: int, message: Message) -> bytes:
        """Return the chunks of `message`. The chunk stream id is 3 to 63; 2 is for the protocol's own messages."""
        type_id, stream_id, timestamp, body = message
        last_timestamp, last_stream_id = self._last.get(chunk_stream_id, (0, -1))
        self._last[chunk_stream_id] = timestamp, stream_id
        size = len(body)
        extension = b""
        if last_stream_id == stream_id and (delta := (timestamp - last_timestamp) % WRAP) < EXTENDED:
            fields = (0x40 | chunk_stream_id) << 56 | delta << 32 | size << 8 | type_id
            header = fields.to_bytes(8, "big")
        else:
            if timestamp >= EXTENDED:
                extension = timestamp.to_bytes(4, "big")
            fields = chunk_stream_id << 56 | min(timestamp, EXTENDED) << 32 | size << 8 | type_id
            header = fields.to_bytes(8, "big") + stream_id.to_bytes(4, "little") + extension
        if size <= self.chunk_size:
            return header + body
        step = self.chunk_size
        follows = bytes([0xC0 | chunk_stream_id]) + extension
        return header + follows.join([body[start : start + step] for start in range(0, size, step)])
