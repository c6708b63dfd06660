"""RTMP messages: typed values to and from type id and body (RTMP specification 1.0, sections 5.4 and 7.1).

Sound and pictures have no class here: their body is passed on as it is, which is what makes the hot path short.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import Final

from tailrace.errors import PeerError
from tailrace.wire.rtmp import amf0
from tailrace.wire.rtmp.chunk import MAX_CHUNK_SIZE, Message

_U32 = struct.Struct(">I")
_TAG: Final = 11  # bytes of an FLV tag header, which separates the parts of an aggregate
_TAG_END: Final = 4


class TypeId(IntEnum):
    """Message type ids."""

    SET_CHUNK_SIZE = 1
    ABORT = 2
    ACKNOWLEDGEMENT = 3
    USER_CONTROL = 4
    WINDOW_SIZE = 5
    PEER_BANDWIDTH = 6
    AUDIO = 8
    VIDEO = 9
    DATA_AMF3 = 15
    COMMAND_AMF3 = 17
    DATA = 18
    COMMAND = 20
    AGGREGATE = 22


class ControlKind(IntEnum):
    """Event types of a user control message; others are ignored, as the specification asks."""

    STREAM_BEGIN = 0
    STREAM_EOF = 1
    STREAM_DRY = 2
    SET_BUFFER_LENGTH = 3
    STREAM_IS_RECORDED = 4
    PING_REQUEST = 6
    PING_RESPONSE = 7


CONTROL_KINDS: Final = frozenset(int(kind) for kind in ControlKind)


@dataclass(frozen=True, slots=True)
class SetChunkSize:
    """The sender's chunks are up to `size` bytes from now on."""

    size: int


@dataclass(frozen=True, slots=True)
class Abort:
    """The sender will not finish the message on this chunk stream."""

    chunk_stream_id: int


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The sender has received this many bytes so far, modulo 2^32."""

    received: int


@dataclass(frozen=True, slots=True)
class WindowSize:
    """The sender wants an acknowledgement after each `size` bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class PeerBandwidth:
    """The sender asks the receiver to send no more than `size` unacknowledged bytes. `limit`: hard, soft or dynamic."""

    size: int
    limit: int = 2


@dataclass(frozen=True, slots=True)
class UserControl:
    """A user control event; `value` is a message stream id, or a time for a ping. `kind` may be unknown."""

    kind: int
    value: int
    buffer_ms: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """A remote call or its answer."""

    name: str
    transaction: float
    arguments: tuple[amf0.Value, ...] = (None,)

    def text(self, index: int) -> str:
        """Return an argument that must be a text. Raises PeerError otherwise."""
        value = self.arguments[index] if index < len(self.arguments) else None
        if not isinstance(value, str):
            raise PeerError(f"argument {index} of {self.name} is no text")
        return value

    def mapping(self, index: int) -> dict[str, amf0.Value]:
        """Return an argument that must be an object. Raises PeerError otherwise."""
        value = self.arguments[index] if index < len(self.arguments) else None
        if not isinstance(value, dict):
            raise PeerError(f"argument {index} of {self.name} is no object")
        return value

    def number(self, index: int) -> float:
        """Return an argument that must be a finite number. Raises PeerError otherwise."""
        value = self.arguments[index] if index < len(self.arguments) else None
        if not isinstance(value, float) or not isfinite(value):
            raise PeerError(f"argument {index} of {self.name} is no number")
        return value


@dataclass(frozen=True, slots=True)
class Data:
    """A named notice beside the media, such as onMetaData."""

    values: tuple[amf0.Value, ...]


Typed = SetChunkSize | Abort | Acknowledgement | WindowSize | PeerBandwidth | UserControl | Command | Data


def decode(type_id: int, body: bytes) -> Typed | None:
    """Return the message, or None for a type that is unknown or has no class. Raises PeerError."""
    reader = _READERS.get(type_id)
    return reader(body) if reader else None


def encode(typed: Typed) -> tuple[int, bytes]:
    """Return type id and body."""
    match typed:
        case SetChunkSize(size):
            return TypeId.SET_CHUNK_SIZE, _U32.pack(size)
        case Abort(chunk_stream_id):
            return TypeId.ABORT, _U32.pack(chunk_stream_id)
        case Acknowledgement(received):
            return TypeId.ACKNOWLEDGEMENT, _U32.pack(received)
        case WindowSize(size):
            return TypeId.WINDOW_SIZE, _U32.pack(size)
        case PeerBandwidth(size, limit):
            return TypeId.PEER_BANDWIDTH, _U32.pack(size) + bytes([limit])
        case UserControl(kind, value, buffer_ms):
            tail = _U32.pack(buffer_ms) if kind == ControlKind.SET_BUFFER_LENGTH else b""
            return TypeId.USER_CONTROL, kind.to_bytes(2, "big") + _U32.pack(value) + tail
        case Command(name, transaction, arguments):
            return TypeId.COMMAND, amf0.encode(name, transaction, *arguments)
        case Data(values):
            return TypeId.DATA, amf0.encode(*values)


def parts(aggregate: Message) -> Iterator[Message]:
    """Yield the messages of an aggregate (section 7.1.6); the first has the aggregate's time. Raises PeerError."""
    body, position, first = aggregate.body, 0, None
    while position < len(body):
        header = body[position : position + _TAG]
        if len(header) < _TAG:
            raise PeerError("aggregate message is cut short")
        size = int.from_bytes(header[1:4], "big")
        timestamp = int.from_bytes(header[4:7], "big") | header[7] << 24
        first = timestamp if first is None else first
        position += _TAG
        if position + size > len(body):
            raise PeerError("aggregate message is cut short")
        time = (aggregate.timestamp + timestamp - first) & 0xFFFFFFFF
        yield Message(header[0], aggregate.stream_id, time, body[position : position + size])
        position += size + _TAG_END


def _number(body: bytes) -> int:
    if len(body) < 4:
        raise PeerError("protocol control message is cut short")
    value: int = _U32.unpack_from(body)[0]
    return value


def _chunk_size(body: bytes) -> SetChunkSize:
    size = _number(body) & 0x7FFFFFFF
    if not size:
        raise PeerError("chunk size 0")
    return SetChunkSize(min(size, MAX_CHUNK_SIZE))


def _bandwidth(body: bytes) -> PeerBandwidth:
    size = _number(body)
    return PeerBandwidth(size, body[4] if len(body) > 4 else 2)


def _control(body: bytes) -> UserControl:
    # Some kinds, such as 31 and 32 of Flash, carry less than a number; they are ignored further up.
    kind = int.from_bytes(body[:2], "big")
    if len(body) < 6 and (len(body) < 2 or kind in CONTROL_KINDS):
        raise PeerError("user control message is cut short")
    value = int.from_bytes(body[2:6], "big")
    return UserControl(kind, value, int.from_bytes(body[6:10], "big") if kind == ControlKind.SET_BUFFER_LENGTH else 0)


def _command(body: bytes) -> Command:
    values = amf0.decode(body)
    if len(values) < 2:
        raise PeerError("command without name or transaction id")
    name, transaction, *arguments = values
    if not isinstance(name, str) or not isinstance(transaction, float):
        raise PeerError("command without name or transaction id")
    return Command(name, transaction, tuple(arguments))


def _data(body: bytes) -> Data:
    return Data(tuple(amf0.decode(body)))


def _without_format(body: bytes) -> bytes:
    # "AMF3" commands and data are AMF0 after a zero byte; some encoders leave the byte out. Real AMF3 values inside
    # (type 17 of AMF0) are refused by amf0.
    return body[1:] if body[:1] == b"\x00" else body


_READERS: Final[dict[int, Callable[[bytes], Typed]]] = {
    TypeId.SET_CHUNK_SIZE: _chunk_size,
    TypeId.ABORT: lambda body: Abort(_number(body)),
    TypeId.ACKNOWLEDGEMENT: lambda body: Acknowledgement(_number(body)),
    TypeId.USER_CONTROL: _control,
    TypeId.WINDOW_SIZE: lambda body: WindowSize(_number(body)),
    TypeId.PEER_BANDWIDTH: _bandwidth,
    TypeId.COMMAND_AMF3: lambda body: _command(_without_format(body)),
    TypeId.COMMAND: _command,
    TypeId.DATA_AMF3: lambda body: _data(_without_format(body)),
    TypeId.DATA: _data,
}
