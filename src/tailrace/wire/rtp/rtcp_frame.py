"""The header that all RTCP packets share (RFC 3550 6.4.1), and cutting a compound datagram at it."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from tailrace.errors import PeerError

_HEADER = struct.Struct(">BBH")
_VERSION = 2


class Type(IntEnum):
    """The packet types that we name: RFC 3550 12.1, RFC 4585 6.1."""

    SENDER_REPORT = 200
    RECEIVER_REPORT = 201
    SDES = 202
    BYE = 203
    TRANSPORT_FEEDBACK = 205
    PAYLOAD_FEEDBACK = 206


class Frame(NamedTuple):
    """One packet of a compound: `blocks` is their number, or the format of feedback; `body` has no padding."""

    type: int
    blocks: int
    body: bytes


def pack(kind: Type, blocks: int, body: bytes) -> bytes:
    """Return the packet with its header; `body` must be of whole 32-bit words."""
    return _HEADER.pack(_VERSION << 6 | blocks, kind, len(body) // 4) + body


def cut(data: bytes) -> Iterator[Frame]:
    """Yield the packets of a datagram. Raises PeerError where a header or a length is wrong."""
    at, end = 0, len(data)
    while at < end:
        if at + _HEADER.size > end:
            raise PeerError("RTCP packet is shorter than its header")
        first, kind, words = _HEADER.unpack_from(data, at)
        if first >> 6 != _VERSION:
            raise PeerError(f"RTCP packet of version {first >> 6}, expected 2")
        start = at + _HEADER.size
        at = start + 4 * words
        if at > end:
            raise PeerError("RTCP packet is longer than its datagram")
        body = data[start:at]
        if first & 0x20:
            padding = body[-1] if body else 0
            if not 0 < padding <= len(body):
                raise PeerError("RTCP packet has wrong padding")
            body = body[:-padding]
        yield Frame(kind, first & 31, body)
