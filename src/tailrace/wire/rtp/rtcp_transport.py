"""Transport-wide feedback: when each packet of a session arrived.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp_frame import Frame, Type, pack

FORMAT = 15
TICKS_PER_SECOND = 4000
# The reference time counts 64 ms in 24 bits: arrivals are told modulo 12 days.
_TICKS_PER_REFERENCE = 256
_REFERENCES = 1 << 24
_HEAD = struct.Struct(">IIHH")
_REFERENCE = struct.Struct(">I")
_CHUNK = struct.Struct(">H")
_LARGE = struct.Struct(">h")
# 3.1.1: what each packet's symbol says of it, and so how many bytes its delta has.
_MISSING, _SMALL, _BIG = 0, 1, 2
_LONGEST_RUN = (1 << 13) - 1
_VECTOR = 7


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """For each transport-wide sequence number from `first` on: when it arrived, in ticks of 250 microseconds on the
    receiver's clock, or None when it did not. At least one arrived, and each within 8 s of the one before. `number`
    counts these packets mod 256."""

    sender: int
    media: int
    number: int
    first: int
    arrivals: tuple[int | None, ...]

    def encode(self) -> bytes:
        """Return the packet."""
        start = next(arrival for arrival in self.arrivals if arrival is not None)
        reference = start // _TICKS_PER_REFERENCE
        last = reference * _TICKS_PER_REFERENCE
        symbols, deltas = bytearray(), bytearray()
        for arrival in self.arrivals:
            if arrival is None:
                symbols.append(_MISSING)
                continue
            delta, last = arrival - last, arrival
            if 0 <= delta <= 255:
                symbols.append(_SMALL)
                deltas.append(delta)
            else:
                symbols.append(_BIG)
                deltas += _LARGE.pack(delta)
        head = _HEAD.pack(self.sender, self.media, self.first, len(self.arrivals))
        body = head + _REFERENCE.pack(reference % _REFERENCES << 8 | self.number) + _chunks(symbols) + deltas
        # The times are filled up to a word with zeros (3.1), which the count of packets tells from a time.
        return pack(Type.TRANSPORT_FEEDBACK, FORMAT, body + bytes(-len(body) % 4))


def parse_transport(frame: Frame) -> TransportFeedback:
    """Read transport-wide feedback. Raises PeerError when it is cut short."""
    body = frame.body
    at = _HEAD.size + _REFERENCE.size
    if len(body) < at:
        raise PeerError("RTCP transport feedback is cut short")
    sender, media, first, count = _HEAD.unpack_from(body)
    (reference,) = _REFERENCE.unpack_from(body, _HEAD.size)
    symbols: list[int] = []
    while len(symbols) < count:
        if at + 2 > len(body):
            raise PeerError("RTCP transport feedback has fewer chunks than packets")
        (chunk,) = _CHUNK.unpack_from(body, at)
        at += 2
        symbols += _symbols(chunk)
    last = (reference >> 8) * _TICKS_PER_REFERENCE
    arrivals: list[int | None] = []
    for symbol in symbols[:count]:
        size = symbol if symbol in (_SMALL, _BIG) else 0
        if at + size > len(body):
            raise PeerError("RTCP transport feedback has fewer times than packets")
        if size:
            last += body[at] if size == 1 else _LARGE.unpack_from(body, at)[0]
        arrivals.append(last if size else None)
        at += size
    return TransportFeedback(sender, media, reference & 255, first, tuple(arrivals))


def _symbols(chunk: int) -> Sequence[int]:
    if not chunk & 0x8000:  # 3.1.3: run length
        return (chunk >> 13 & 3,) * (chunk & _LONGEST_RUN)
    if chunk & 0x4000:  # 3.1.4: a vector of seven symbols of two bits
        return [chunk >> shift & 3 for shift in range(12, -1, -2)]
    return [chunk >> shift & 1 for shift in range(13, -1, -1)]


def _chunks(symbols: Sequence[int]) -> bytes:
    """Runs where they are longer than a vector, vectors of seven otherwise."""
    chunks = bytearray()
    at, end = 0, len(symbols)
    while at < end:
        symbol, after = symbols[at], at + 1
        while after < end and symbols[after] == symbol and after - at < _LONGEST_RUN:
            after += 1
        if after - at >= _VECTOR or after == end:
            chunks += _CHUNK.pack(symbol << 13 | after - at)
        else:
            after = min(at + _VECTOR, end)
            vector = 0
            for index in range(_VECTOR):
                vector = vector << 2 | (symbols[at + index] if at + index < end else _MISSING)
            chunks += _CHUNK.pack(0xC000 | vector)
        at = after
    return bytes(chunks)
