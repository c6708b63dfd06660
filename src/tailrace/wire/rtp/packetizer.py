"""Packetizer: one unit into RTP payloads. Sources: RFC 6184 5.4-5.8 (H.264), RFC 7741 4.2 (VP8), RFC 7587 4.2 (Opus).

The payloads are the same for all who watch: they are made once, and each viewer's `Sender` puts its own headers before
them. The last payload of a picture is the one whose packet has the marker.
"""

from collections.abc import Iterable, Iterator

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit
from tailrace.wire import h264

# A packet of 1200 bytes gets through every tunnel that people use (QUIC counts on it: RFC 9000 section 14), and this is
# what is left of it by the header (12), its extensions (24 at most), the number that RTX puts first (2) and SRTP's tag
# (16 with AES-GCM).
MAX_PAYLOAD = 1200 - 12 - 24 - 2 - 16
# Picture ids have 15 bits (RFC 7741 4.2).
PICTURE_IDS = 1 << 15

_STAP_A, _FU_A = 24, 28
_FU_HEAD = 2
_FU_START, _FU_END = 0x80, 0x40
_IMPORTANCE, _TYPE = 0x60, 0x1F
_VP8_START, _VP8_EXTENDED, _VP8_HAS_ID, _VP8_LONG_ID = 0x10, 0x80, 0x80, 0x80


def payloads(unit: Unit, picture_id: int, limit: int = MAX_PAYLOAD) -> list[bytes]:
    """Return the payloads of a unit, each of `limit` bytes at most. `picture_id` is for VP8 alone.

    Raises PeerError when the unit is not what its codec says, and for AAC, which browsers do not play.
    """
    match unit.codec:
        case Codec.H264:
            return _h264(unit, limit)
        case Codec.VP8:
            return _vp8(unit.payload, picture_id % PICTURE_IDS, limit)
        case Codec.OPUS:
            return [unit.payload]
    raise PeerError(f"{unit.codec.name} has no place in RTP here")


def _h264(unit: Unit, limit: int) -> list[bytes]:
    """Small NAL units share packets, large ones are cut up. SPS and PPS stand before each key frame (RFC 6184 8.4)."""
    made: list[bytes] = []
    waiting: list[bytes] = []
    size = 1
    for nal in _units_to_send(unit):
        if size + 2 + len(nal) > limit and waiting:
            made.append(_together(waiting))
            waiting, size = [], 1
        if len(nal) > limit:
            made += _cut(nal, limit)
        else:
            waiting.append(nal)
            size += 2 + len(nal)
    if waiting:
        made.append(_together(waiting))
    return made


def _units_to_send(unit: Unit) -> Iterator[bytes]:
    """Yield what a decoder needs: delimiters are left out, and set-up data comes from one place only."""
    if unit.key and unit.config:
        config = h264.parse_config(unit.config)
        yield from config.sps
        yield from config.pps
    left_out = {h264.NalType.DELIMITER}
    if unit.config:
        left_out |= {h264.NalType.SPS, h264.NalType.PPS}
    for nal in h264.nal_units(unit.payload):
        if nal and nal[0] & _TYPE not in left_out:
            yield nal


def _together(nals: Iterable[bytes]) -> bytes:
    """Return a single NAL unit packet (5.6), or a STAP-A (5.7.1) when there are several."""
    first, *more = nals
    if not more:
        return first
    importance = max(nal[0] & _IMPORTANCE for nal in (first, *more))
    parts = [bytes((importance | _STAP_A,))]
    for nal in (first, *more):
        parts += (len(nal).to_bytes(2, "big"), nal)
    return b"".join(parts)


def _cut(nal: bytes, limit: int) -> Iterator[bytes]:
    """Yield FU-A packets (5.8), none of them much smaller than the others."""
    indicator, kind = nal[0] & ~_TYPE | _FU_A, nal[0] & _TYPE
    for begin, end in _spans(1, len(nal), limit - _FU_HEAD):
        flags = _FU_START if begin == 1 else _FU_END if end == len(nal) else 0
        yield bytes((indicator, flags | kind)) + nal[begin:end]


def _vp8(frame: bytes, picture_id: int, limit: int) -> list[bytes]:
    """A frame is cut anywhere; its first piece says that partition 0 begins, all say the picture's number."""
    number = (picture_id | _VP8_LONG_ID << 8).to_bytes(2, "big")
    made = []
    for begin, end in _spans(0, len(frame), limit - 4):
        flags = _VP8_EXTENDED | (0 if begin else _VP8_START)
        made.append(bytes((flags, _VP8_HAS_ID)) + number + frame[begin:end])
    return made


def _spans(begin: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of a range, as few as can be and of nearly the same size."""
    pieces = -(-(end - begin) // limit)
    for piece in range(pieces):
        yield begin + (end - begin) * piece // pieces, begin + (end - begin) * (piece + 1) // pieces
