"""RTCP that tells how a stream is doing and who sends it: RFC 3550 6.4.1 (SR), 6.4.2 (RR), 6.5 (SDES), 6.6 (BYE)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp_frame import Frame, Type, pack

_SSRC = struct.Struct(">I")
_SENDER = struct.Struct(">IQIII")
_BLOCK = struct.Struct(">IIIIII")
_CNAME = 1
_LOST_MAX, _LOST_MIN = (1 << 23) - 1, -(1 << 23)


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one receiver says of one source. `fraction_lost` is in 256ths since its last report, `lost` in all,
    `highest` the extended sequence number, `jitter` in timestamp units, `last_sr` the middle 32 bits of the last
    sender report's NTP time, `delay` since then in 65536ths of a second; both 0 when there was none."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int

    def encode(self) -> bytes:
        """Return the 24 bytes of the block; `lost` is kept within its 24 signed bits."""
        lost = min(max(self.lost, _LOST_MIN), _LOST_MAX) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc, self.fraction_lost << 24 | lost, self.highest, self.jitter, self.last_sr, self.delay
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """`ntp` is the wall clock as 32.32 bits of seconds since 1900, `rtp` the same moment on the stream's clock."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()

    def encode(self) -> bytes:
        """Return the packet."""
        body = _SENDER.pack(self.ssrc, self.ntp, self.rtp, self.packets, self.octets)
        return pack(Type.SENDER_REPORT, len(self.blocks), body + _encode_blocks(self.blocks))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What `ssrc` has received of others."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()

    def encode(self) -> bytes:
        """Return the packet."""
        return pack(Type.RECEIVER_REPORT, len(self.blocks), _SSRC.pack(self.ssrc) + _encode_blocks(self.blocks))


@dataclass(frozen=True, slots=True)
class Sdes:
    """The canonical name of one source. A packet that names several is read as several of these."""

    ssrc: int
    cname: str

    def encode(self) -> bytes:
        """Return the packet; a name has at most 255 bytes."""
        name = self.cname.encode()
        chunk = _SSRC.pack(self.ssrc) + bytes((_CNAME, len(name))) + name
        # The list of items ends with at least one zero byte, and is padded to a word with more (6.5).
        return pack(Type.SDES, 1, chunk + bytes(4 - len(chunk) % 4))


@dataclass(frozen=True, slots=True)
class Bye:
    """These sources send no more."""

    ssrcs: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the packet."""
        return pack(Type.BYE, len(self.ssrcs), b"".join(map(_SSRC.pack, self.ssrcs)))


def parse_sender_report(frame: Frame) -> SenderReport:
    """Read a sender report. Raises PeerError when it is cut short."""
    if len(frame.body) < _SENDER.size:
        raise PeerError("RTCP sender report is cut short")
    ssrc, ntp, rtp, packets, octets = _SENDER.unpack_from(frame.body)
    return SenderReport(ssrc, ntp, rtp, packets, octets, _parse_blocks(frame, _SENDER.size))


def parse_receiver_report(frame: Frame) -> ReceiverReport:
    """Read a receiver report. Raises PeerError when it is cut short."""
    if len(frame.body) < _SSRC.size:
        raise PeerError("RTCP receiver report is cut short")
    return ReceiverReport(_SSRC.unpack_from(frame.body)[0], _parse_blocks(frame, _SSRC.size))


def parse_sdes(frame: Frame) -> Iterator[Sdes]:
    """Yield the sources that have a canonical name. Raises PeerError when an item leads past the end."""
    body, at = frame.body, 0
    for _ in range(frame.blocks):
        if at + 4 > len(body):
            raise PeerError("RTCP source description is cut short")
        (ssrc,) = _SSRC.unpack_from(body, at)
        at += 4
        while at < len(body) and body[at]:
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                raise PeerError("RTCP source description has an item longer than its packet")
            after = at + 2 + body[at + 1]
            if body[at] == _CNAME:
                yield Sdes(ssrc, body[at + 2 : after].decode(errors="replace"))
            at = after
        at += 4 - at % 4


def parse_bye(frame: Frame) -> Bye:
    """Read a BYE; its reason is not kept. Raises PeerError when it is cut short."""
    if len(frame.body) < 4 * frame.blocks:
        raise PeerError("RTCP BYE is cut short")
    return Bye(struct.unpack_from(f">{frame.blocks}I", frame.body))


def _encode_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(block.encode() for block in blocks)


def _parse_blocks(frame: Frame, at: int) -> tuple[ReportBlock, ...]:
    end = at + frame.blocks * _BLOCK.size
    if len(frame.body) < end:
        raise PeerError("RTCP report has fewer blocks than it says")
    blocks = []
    for ssrc, loss, highest, jitter, last_sr, delay in _BLOCK.iter_unpack(frame.body[at:end]):
        lost = loss & 0xFFFFFF
        lost -= (lost & 0x800000) << 1
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
    return tuple(blocks)
