"""H.264 in its containers' form: set-up data, length-prefixed NAL units, and what the SPS says.

Sources: ISO/IEC 14496-15 5.3.3.1 (AVCDecoderConfigurationRecord), Rec. ITU-T H.264 7.3.1, 7.3.2.1.1, E.1.1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from tailrace.errors import PeerError
from tailrace.wire.bits import BitReader

# What a pass-through relay sends on; converted to it once, at the edge.
LENGTH_SIZE = 4
# Level 6.2 allows 139264 macroblocks, and at most sqrt(8 x that) in one direction: 16880 samples.
_MAX_MACROBLOCKS_ACROSS = 1055
# Profiles whose SPS has the chroma and bit depth fields (7.3.2.1.1).
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


class NalType(IntEnum):
    """The NAL unit types that we name."""

    SLICE = 1
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    DELIMITER = 9


@dataclass(frozen=True, slots=True)
class AvcConfig:
    """An AVCDecoderConfigurationRecord. `extension` is what follows the PPS in high profiles, kept as it came."""

    profile: int
    compatibility: int
    level: int
    length_size: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    extension: bytes = b""

    @property
    def codec_string(self) -> str:
        """The codec's name as RFC 6381 writes it, such as `avc1.42C01E`."""
        return f"avc1.{self.profile:02X}{self.compatibility:02X}{self.level:02X}"

    def encode(self) -> bytes:
        """Return the record."""
        parts = [bytes((1, self.profile, self.compatibility, self.level, 0xFC | self.length_size - 1))]
        parts.append(bytes((0xE0 | len(self.sps),)))
        parts += [len(unit).to_bytes(2, "big") + unit for unit in self.sps]
        parts.append(bytes((len(self.pps),)))
        parts += [len(unit).to_bytes(2, "big") + unit for unit in self.pps]
        return b"".join((*parts, self.extension))

    def with_length_size(self, size: int) -> "AvcConfig":
        """Return the same set-up for NAL units with lengths of `size` bytes."""
        return replace(self, length_size=size)


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says: `width`, `height` after cropping; `frame_rate` is 0.0 when it is not said."""

    profile: int
    level: int
    width: int
    height: int
    frame_rate: float = 0.0


def parse_config(data: bytes) -> AvcConfig:
    """Read an AVCDecoderConfigurationRecord with at least one SPS and PPS. Raises PeerError on anything else."""
    if len(data) < 7:
        raise PeerError("H.264 set-up data is too short")
    if data[0] != 1:
        raise PeerError(f"H.264 set-up data of version {data[0]}, expected 1")
    length_size = (data[4] & 3) + 1
    if length_size == 3:
        raise PeerError("H.264 set-up data asks for lengths of 3 bytes, which do not exist")
    sps, at = _parameter_sets(data, 6, data[5] & 31, NalType.SPS)
    if at >= len(data):
        raise PeerError("H.264 set-up data ends before its PPS")
    pps, at = _parameter_sets(data, at + 1, data[at], NalType.PPS)
    return AvcConfig(data[1], data[2], data[3], length_size, sps, pps, data[at:])


def _parameter_sets(data: bytes, at: int, count: int, kind: NalType) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data) or at == start:
            raise PeerError(f"H.264 set-up data is cut short in its {kind.name}")
        if data[start] & 31 != kind:
            raise PeerError(f"H.264 set-up data has a NAL unit of type {data[start] & 31} as {kind.name}")
        found.append(data[start:at])
    if not found:
        raise PeerError(f"H.264 set-up data has no {kind.name}")
    return tuple(found), at


def picture_size(config: bytes) -> tuple[int, int]:
    """Return width and height that an AVCDecoderConfigurationRecord says; zeros when it cannot be read."""
    try:
        sps = parse_sps(parse_config(config).sps[0])
    except PeerError:
        return 0, 0
    return sps.width, sps.height


def nal_units(payload: bytes, length_size: int = LENGTH_SIZE) -> Iterator[bytes]:
    """Yield the NAL units of a length-prefixed access unit. Raises PeerError where a length leads past the end."""
    at, end = 0, len(payload)
    while at < end:
        start = at + length_size
        at = start + int.from_bytes(payload[at:start], "big")
        if at > end:
            raise PeerError("H.264 NAL unit is longer than its message")
        yield payload[start:at]


def with_four_byte_lengths(payload: bytes, length_size: int) -> bytes:
    """Return the access unit with lengths of 4 bytes. Raises PeerError where a length leads past the end."""
    if length_size != LENGTH_SIZE:
        return join(nal_units(payload, length_size))
    # The usual case: check the lengths without copying a byte.
    at, end = 0, len(payload)
    while at < end:
        at += LENGTH_SIZE + int.from_bytes(payload[at : at + LENGTH_SIZE], "big")
    if at != end:
        raise PeerError("H.264 NAL unit is longer than its message")
    return payload


def join(units: Iterable[bytes]) -> bytes:
    """Return NAL units with a 4-byte length before each; empty ones are left out."""
    return b"".join(len(unit).to_bytes(LENGTH_SIZE, "big") + unit for unit in units if unit)


def parse_sps(unit: bytes) -> Sps:
    """Read a sequence parameter set with its NAL header. Raises PeerError on nonsense."""
    if not unit or unit[0] & 31 != NalType.SPS:
        raise PeerError("not an H.264 SPS")
    reader = BitReader(unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"), "H.264 SPS")
    profile, _, level = reader.bits(8), reader.bits(8), reader.bits(8)
    reader.unsigned(31)  # seq_parameter_set_id
    chroma = _read_chroma(reader) if profile in _HIGH_PROFILES else 1
    reader.unsigned(12)  # log2_max_frame_num_minus4
    _skip_picture_order(reader)
    reader.unsigned(16)  # max_num_ref_frames
    reader.flag()  # gaps_in_frame_num_value_allowed_flag
    width = 16 * (reader.unsigned(_MAX_MACROBLOCKS_ACROSS - 1) + 1)
    map_units = reader.unsigned(_MAX_MACROBLOCKS_ACROSS - 1) + 1
    frames_only = reader.flag()
    height = 16 * map_units * (1 if frames_only else 2)
    if not frames_only:
        reader.flag()  # mb_adaptive_frame_field_flag
    reader.flag()  # direct_8x8_inference_flag
    if reader.flag():
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
        left, right, top, bottom = (reader.unsigned(max(width, height)) for _ in range(4))
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
        if width <= 0 or height <= 0:
            raise PeerError("H.264 SPS crops its whole picture away")
    return Sps(profile, level, width, height, _read_frame_rate(reader) if reader.flag() else 0.0)


def _read_chroma(reader: BitReader) -> int:
    """Read the fields of the high profiles; return ChromaArrayType."""
    chroma = reader.unsigned(3)
    separate = chroma == 3 and reader.flag()
    reader.unsigned(6)  # bit_depth_luma_minus8
    reader.unsigned(6)  # bit_depth_chroma_minus8
    reader.flag()  # qpprime_y_zero_transform_bypass_flag
    if reader.flag():
        for index in range(12 if chroma == 3 else 8):
            if reader.flag():
                _skip_scaling_list(reader, 16 if index < 6 else 64)
    return 0 if separate else chroma


def _skip_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed()) % 256
        last = following or last


def _skip_picture_order(reader: BitReader) -> None:
    kind = reader.unsigned(2)
    if kind == 0:
        reader.unsigned(12)  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        reader.flag()  # delta_pic_order_always_zero_flag
        for _ in range(2):
            reader.signed()
        for _ in range(reader.unsigned(255)):
            reader.signed()


def _read_frame_rate(reader: BitReader) -> float:
    """Read the VUI up to its timing (E.1.1); 0.0 when it has none."""
    if reader.flag() and reader.bits(8) == 255:  # Extended_SAR
        reader.bits(32)
    if reader.flag():  # overscan_info_present_flag
        reader.flag()
    if reader.flag():  # video_signal_type_present_flag
        reader.bits(4)
        if reader.flag():
            reader.bits(24)
    if reader.flag():  # chroma_loc_info_present_flag
        reader.unsigned(5)
        reader.unsigned(5)
    if not reader.flag():
        return 0.0
    units_in_tick, time_scale = reader.bits(32), reader.bits(32)
    # A tick is a field's time: two of them are a frame (E.2.1).
    return time_scale / (2 * units_in_tick) if units_in_tick else 0.0
