"""RTCP feedback on single packets and pictures.

Sources: RFC 4585 6.2.1 (generic NACK), 6.3.1 (PLI); RFC 5104 4.3.1 (FIR); draft-alvestrand-rmcat-remb-03 (REMB).
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp_frame import Frame, Type, pack

_SSRCS = struct.Struct(">II")
_LOST = struct.Struct(">HH")
_FIR = struct.Struct(">IB3x")
_REMB = struct.Struct(">4sBBH")
_REMB_NAME = b"REMB"
_MANTISSA_BITS = 18
NACK, PLI, FIR, APPLICATION = 1, 1, 4, 15


@dataclass(frozen=True, slots=True)
class Nack:
    """`sender` asks for these packets of `media` again; `sequences` in rising order (mod 65536)."""

    sender: int
    media: int
    sequences: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the packet."""
        lost = b"".join(_LOST.pack(first, mask) for first, mask in _grouped(self.sequences))
        return pack(Type.TRANSPORT_FEEDBACK, NACK, _SSRCS.pack(self.sender, self.media) + lost)


@dataclass(frozen=True, slots=True)
class Pli:
    """`sender` cannot decode `media` any further: it wants a key frame."""

    sender: int
    media: int

    def encode(self) -> bytes:
        """Return the packet."""
        return pack(Type.PAYLOAD_FEEDBACK, PLI, _SSRCS.pack(self.sender, self.media))


@dataclass(frozen=True, slots=True)
class Fir:
    """`sender` wants a key frame of each `(ssrc, command number)`; a repeated number is the same request again."""

    sender: int
    entries: tuple[tuple[int, int], ...]

    def encode(self) -> bytes:
        """Return the packet."""
        body = _SSRCS.pack(self.sender, 0) + b"".join(_FIR.pack(*entry) for entry in self.entries)
        return pack(Type.PAYLOAD_FEEDBACK, FIR, body)


@dataclass(frozen=True, slots=True)
class Remb:
    """`sender` estimates that all of `ssrcs` together may use `bits_per_second`."""

    sender: int
    bits_per_second: int
    ssrcs: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the packet; the rate keeps its 18 highest bits."""
        exponent = max(self.bits_per_second.bit_length() - _MANTISSA_BITS, 0)
        mantissa = self.bits_per_second >> exponent
        rate = _REMB.pack(_REMB_NAME, len(self.ssrcs), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF)
        ssrcs = struct.pack(f">{len(self.ssrcs)}I", *self.ssrcs)
        return pack(Type.PAYLOAD_FEEDBACK, APPLICATION, _SSRCS.pack(self.sender, 0) + rate + ssrcs)


def parse_nack(frame: Frame) -> Nack:
    """Read a generic NACK. Raises PeerError when it is cut short."""
    sender, media = _ssrcs(frame)
    if (len(frame.body) - _SSRCS.size) % _LOST.size:
        raise PeerError("RTCP NACK is cut short")
    sequences = []
    for first, mask in _LOST.iter_unpack(frame.body[_SSRCS.size :]):
        sequences.append(first)
        sequences += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return Nack(sender, media, tuple(sequences))


def parse_pli(frame: Frame) -> Pli:
    """Read a picture loss indication. Raises PeerError when it is cut short."""
    return Pli(*_ssrcs(frame))


def parse_fir(frame: Frame) -> Fir:
    """Read a full intra request. Raises PeerError when it is cut short."""
    sender, _ = _ssrcs(frame)
    if (len(frame.body) - _SSRCS.size) % _FIR.size:
        raise PeerError("RTCP FIR is cut short")
    return Fir(sender, tuple(_FIR.iter_unpack(frame.body[_SSRCS.size :])))


def parse_application(frame: Frame) -> Iterator[Remb]:
    """Yield the REMB, if it is one: other application feedback is none of our business. Raises PeerError when cut."""
    sender, _ = _ssrcs(frame)
    body = frame.body[_SSRCS.size :]
    if body[:4] != _REMB_NAME:
        return
    if len(body) < _REMB.size:
        raise PeerError("RTCP REMB is cut short")
    _, count, high, low = _REMB.unpack_from(body)
    if len(body) < _REMB.size + 4 * count:
        raise PeerError("RTCP REMB has fewer sources than it says")
    rate = ((high & 3) << 16 | low) << (high >> 2)
    yield Remb(sender, rate, struct.unpack_from(f">{count}I", body, _REMB.size))


def _ssrcs(frame: Frame) -> tuple[int, int]:
    if len(frame.body) < _SSRCS.size:
        raise PeerError("RTCP feedback is cut short")
    sender, media = _SSRCS.unpack_from(frame.body)
    return sender, media


def _grouped(sequences: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield each first lost packet with the mask of those among the 16 that follow it."""
    first, mask = -1, 0
    for sequence in sequences:
        distance = (sequence - first - 1) & 0xFFFF
        if first >= 0 and distance < 16:
            mask |= 1 << distance
            continue
        if first >= 0:
            yield first, mask
        first, mask = sequence, 0
    if first >= 0:
        yield first, mask
