"""AMF0: the values inside RTMP commands and metadata, and their bytes (Adobe's "AMF 0", 2007).

Python's own types stand for AMF's; `EcmaArray`, `Date` and `UNDEFINED` are for what Python lacks. Objects of a class
are read as plain objects. References and AMF3 are refused: no publisher or server that we know sends them.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias

from tailrace.errors import PeerError

# A command nests three deep and metadata two; a bound keeps a hostile one from exhausting Python's stack.
MAX_DEPTH = 16
# The longest known metadata (OBS, with every encoder setting) has under 50 values.
MAX_VALUES = 4096

_NUMBER = struct.Struct(">d")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")
_DATE = struct.Struct(">dh")
_NUMBER_VALUE = struct.Struct(">Bd")
_SHORT_TEXT = struct.Struct(">BH")
_LONG_TEXT = struct.Struct(">BI")


class Undefined(Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"


UNDEFINED = Undefined.UNDEFINED


@dataclass(frozen=True, slots=True)
class Date:
    """Milliseconds since 1970-01-01 UTC, and a time zone in minutes that the specification reserves (send 0)."""

    unix_ms: float
    zone: int = 0


Value: TypeAlias = float | bool | str | Undefined | Date | Mapping[str, "Value"] | Sequence["Value"] | None


class EcmaArray(dict[str, Value]):
    """A mapping that is written as an ECMA array; onMetaData is one."""


class _Marker(IntEnum):
    NUMBER = 0
    BOOLEAN = 1
    STRING = 2
    OBJECT = 3
    NULL = 5
    UNDEFINED = 6
    ECMA_ARRAY = 8
    OBJECT_END = 9
    STRICT_ARRAY = 10
    DATE = 11
    LONG_STRING = 12
    UNSUPPORTED = 13
    XML = 15
    TYPED_OBJECT = 16


_OBJECT_END = b"\x00\x00\x09"


def encode(*values: Value) -> bytes:
    """Return the values one after the other. Raises ValueError for what AMF0 cannot hold: that is our own fault."""
    return b"".join(map(_encoded, values))


def decode(data: bytes) -> list[Value]:
    """Return all the values in `data`. Raises PeerError if they are cut short, too deep, too many or unknown."""
    reader = _Reader(data)
    values: list[Value] = []
    while reader.position < len(data):
        values.append(reader.value(0))
    return values


def _encoded(value: Value) -> bytes:
    match value:
        case bool():
            return bytes([_Marker.BOOLEAN, value])
        case int() | float():
            return _NUMBER_VALUE.pack(_Marker.NUMBER, value)
        case str():
            text = value.encode()
            if len(text) <= 0xFFFF:
                return _SHORT_TEXT.pack(_Marker.STRING, len(text)) + text
            return _LONG_TEXT.pack(_Marker.LONG_STRING, len(text)) + text
        case None:
            return bytes([_Marker.NULL])
        case Undefined():
            return bytes([_Marker.UNDEFINED])
        case Date():
            return bytes([_Marker.DATE]) + _DATE.pack(value.unix_ms, value.zone)
        case EcmaArray():
            return _LONG_TEXT.pack(_Marker.ECMA_ARRAY, len(value)) + _members(value)
        case Mapping():
            return bytes([_Marker.OBJECT]) + _members(value)
        case Sequence():
            return _LONG_TEXT.pack(_Marker.STRICT_ARRAY, len(value)) + encode(*value)
    raise ValueError(f"AMF0 has no {type(value).__name__}")


def _members(members: Mapping[str, Value]) -> bytes:
    parts: list[bytes] = []
    for key, value in members.items():
        name = key.encode()
        if not 0 < len(name) <= 0xFFFF:
            raise ValueError(f"an AMF0 key of {len(name)} bytes")
        parts += (_U16.pack(len(name)), name, _encoded(value))
    return b"".join(parts) + _OBJECT_END


class _Reader:
    """Reads values from `data`, from `position` on."""

    def __init__(self, data: bytes) -> None:
        self.position = 0
        self._data = data
        self._count = 0

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise PeerError(f"AMF0 nested more than {MAX_DEPTH} deep")
        self._count += 1
        if self._count > MAX_VALUES:
            raise PeerError(f"more than {MAX_VALUES} AMF0 values in one message")
        match marker := self._take(1)[0]:
            case _Marker.NUMBER:
                number: float = _NUMBER.unpack(self._take(8))[0]
                return number
            case _Marker.BOOLEAN:
                return self._take(1) != b"\x00"
            case _Marker.STRING:
                return self._text(self._u16())
            case _Marker.LONG_STRING | _Marker.XML:
                return self._text(self._u32())
            case _Marker.NULL | _Marker.UNSUPPORTED:
                return None
            case _Marker.UNDEFINED:
                return UNDEFINED
            case _Marker.OBJECT:
                return self._members({}, depth)
            case _Marker.ECMA_ARRAY:
                self._u32()  # the count; writers are known to put anything there, and the end marker decides
                return self._members(EcmaArray(), depth)
            case _Marker.TYPED_OBJECT:
                self._text(self._u16())  # the name of its class
                return self._members({}, depth)
            case _Marker.STRICT_ARRAY:
                # An absurd count ends at the bound on values or at the end of the data; nothing is taken in advance.
                return [self.value(depth + 1) for _ in range(self._u32())]
            case _Marker.DATE:
                return Date(*_DATE.unpack(self._take(10)))
        raise PeerError(f"AMF0 type {marker} is unknown")

    def _members(self, members: dict[str, Value], depth: int) -> dict[str, Value]:
        while True:
            name = self._text(self._u16())
            if not name and self._data[self.position : self.position + 1] == b"\x09":
                self.position += 1
                return members
            members[name] = self.value(depth + 1)

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "replace")

    def _u16(self) -> int:
        number: int = _U16.unpack(self._take(2))[0]
        return number

    def _u32(self) -> int:
        number: int = _U32.unpack(self._take(4))[0]
        return number

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self._data):
            raise PeerError("AMF0 value is cut short")
        data = self._data[self.position : end]
        self.position = end
        return data
