"""One RTP datagram as a value, with its header extensions.

Sources: RFC 3550 5.1 (the fixed header) and 5.3.1 (extensions), RFC 8285 (extensions of one- and two-byte headers).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from tailrace.errors import PeerError

_HEADER = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HH")
_VERSION = 2 << 6
_PADDING, _EXTENDED, _CSRC_COUNT = 0x20, 0x10, 0x0F
_MARKER = 0x80
_ONE_BYTE = 0xBEDE
# The lower four bits are "appbits", which RFC 8285 4.3 leaves to applications.
_TWO_BYTE = 0x1000
# RFC 8285 4.2: ids 1 to 14 and 1 to 16 bytes fit in the one-byte form; 15 ends it.
_ONE_BYTE_LAST_ID, _ONE_BYTE_LONGEST = 14, 16


@dataclass(slots=True)
class Packet:
    """An RTP packet without its padding; `extensions` are the header extensions by their negotiated ids. Treat it as
    immutable: it is only not frozen because building a frozen one costs three times as much, 200 times each second."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: Mapping[int, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the datagram."""
        extensions = _encode_extensions(self.extensions) if self.extensions else b""
        return (
            _HEADER.pack(
                _VERSION | (_EXTENDED if extensions else 0),
                (_MARKER if self.marker else 0) | self.payload_type,
                self.sequence,
                self.timestamp,
                self.ssrc,
            )
            + extensions
            + self.payload
        )


def parse(data: bytes) -> Packet:
    """Read an RTP datagram. CSRCs are skipped, malformed header extensions too. Raises PeerError on anything else."""
    end = len(data)
    if end < _HEADER.size:
        raise PeerError("RTP packet is shorter than its header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first & 0xC0 != _VERSION:
        raise PeerError(f"RTP packet of version {first >> 6}, expected 2")
    at = _HEADER.size + 4 * (first & _CSRC_COUNT)
    extensions: Mapping[int, bytes] = {}
    if first & _EXTENDED:
        if at + 4 > end:
            raise PeerError("RTP packet ends before its header extension")
        profile, words = _EXTENSION.unpack_from(data, at)
        start = at + 4
        at = start + 4 * words
        if at > end:
            raise PeerError("RTP header extension is longer than its packet")
        extensions = _parse_extensions(profile, data, start, at)
    if first & _PADDING:
        padding = data[-1]
        if padding == 0:
            raise PeerError("RTP packet has padding of 0 bytes")
        end -= padding
    if at > end:
        raise PeerError("RTP packet ends before its payload")
    return Packet(second & 0x7F, second >= _MARKER, sequence, timestamp, ssrc, data[at:end], extensions)


def _parse_extensions(profile: int, data: bytes, at: int, end: int) -> Mapping[int, bytes]:
    found: dict[int, bytes] = {}
    if profile == _ONE_BYTE:
        while at < end:
            head = data[at]
            at += 1
            if head == 0:  # padding
                continue
            identifier = head >> 4
            after = at + (head & 15) + 1
            if identifier > _ONE_BYTE_LAST_ID or after > end:
                break
            if identifier:  # an id of 0 with a length is ignored together with its data (RFC 8285 4.2)
                found[identifier] = data[at:after]
            at = after
    elif profile & 0xFFF0 == _TWO_BYTE:
        while at + 1 < end:
            identifier = data[at]
            if identifier == 0:  # padding
                at += 1
                continue
            after = at + 2 + data[at + 1]
            if after > end:
                break
            found[identifier] = data[at + 2 : after]
            at = after
    return found


def _encode_extensions(extensions: Mapping[int, bytes]) -> bytes:
    if all(
        identifier <= _ONE_BYTE_LAST_ID and 0 < len(value) <= _ONE_BYTE_LONGEST
        for identifier, value in extensions.items()
    ):
        profile = _ONE_BYTE
        body = b"".join(bytes((identifier << 4 | len(value) - 1,)) + value for identifier, value in extensions.items())
    else:
        profile = _TWO_BYTE
        body = b"".join(bytes((identifier, len(value))) + value for identifier, value in extensions.items())
    body += bytes(-len(body) % 4)
    return _EXTENSION.pack(profile, len(body) // 4) + body
