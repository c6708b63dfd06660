"""H.264 set-up data, NAL units and SPS: real ones, built ones, and every way to cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire import h264

# Written by x264, with ffmpeg's testsrc2 as input: profile, size, frame rate.
REAL = {
    (66, 30, 640, 360, 30.0): "0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e4801000568cb83cb20",
    (100, 40, 1920, 1080, 30000 / 1001): (
        "01640028ffe1001967640028acd940780227e5c04400000fa40003a9803c60c65801000668ebe3cb22c0fdf8f800"
    ),
    (77, 31, 1280, 720, 25.0): "014d401fffe10019674d401feca02802dd80880000030008000003019078c18cb001000568ebe3cb20",
    (244, 13, 322, 242, 25.0): (
        "01f4000dffe1001a67f4000d919b282a10f1f1f808800000030080000019078a14cb01000668ebe3c44844fff8f800"
    ),
}
RECORDS = [bytes.fromhex(record) for record in REAL.values()]


class BitWriter:
    """Writes what BitReader reads."""

    def __init__(self) -> None:
        self.text = ""

    def bits(self, value: int, count: int) -> None:
        self.text += f"{value:0{count}b}"

    def ue(self, value: int) -> None:
        code = f"{value + 1:b}"
        self.text += "0" * (len(code) - 1) + code

    def unit(self) -> bytes:
        """The bits as an SPS NAL unit, with stop bit and emulation prevention."""
        bits = self.text + "1"
        bits += "0" * (-len(bits) % 8)
        unit = bytearray()
        for byte in int(bits, 2).to_bytes(len(bits) // 8, "big"):
            if byte <= 3 and unit[-2:] == b"\0\0":
                unit.append(3)
            unit.append(byte)
        return b"\x67" + bytes(unit)


def build_sps(width: int, height: int, *, interlaced: bool = False, ticks: tuple[int, int] | None = None) -> bytes:
    """A baseline or (interlaced) main SPS for any even size."""
    writer = BitWriter()
    unit_y = 4 if interlaced else 2
    rows = 32 if interlaced else 16
    across, down = -(-width // 16), -(-height // rows)
    writer.bits(77 if interlaced else 66, 8)
    writer.bits(0, 8)
    writer.bits(31, 8)
    for value in (0, 0, 2, 1):
        writer.ue(value)
    writer.bits(0, 1)
    writer.ue(across - 1)
    writer.ue(down - 1)
    writer.bits(0b00 if interlaced else 0b1, 2 if interlaced else 1)
    writer.bits(1, 1)
    writer.bits(1, 1)
    for value in (0, (across * 16 - width) // 2, 0, (down * rows - height) // unit_y):
        writer.ue(value)
    writer.bits(ticks is not None, 1)
    if ticks is not None:
        writer.bits(0b0000, 4)
        writer.bits(1, 1)
        writer.bits(ticks[0], 32)
        writer.bits(ticks[1], 32)
    return writer.unit()


@pytest.mark.parametrize(("said", "record"), REAL.items())
def test_a_real_encoders_set_up_data_is_understood(said: tuple[int, int, int, int, float], record: str) -> None:
    config = h264.parse_config(bytes.fromhex(record))
    sps = h264.parse_sps(config.sps[0])

    assert (sps.profile, sps.level, sps.width, sps.height) == said[:4]
    assert sps.frame_rate == pytest.approx(said[4])
    assert (config.profile, config.level, config.length_size) == (said[0], said[1], 4)


@pytest.mark.parametrize("record", RECORDS)
def test_set_up_data_is_written_back_byte_by_byte(record: bytes) -> None:
    assert h264.parse_config(record).encode() == record


@pytest.mark.parametrize("record", RECORDS)
def test_set_up_data_that_ends_early_is_refused_or_lacks_only_its_extension(record: bytes) -> None:
    whole = h264.parse_config(record)
    parameter_sets = len(record) - len(whole.extension)

    for size in range(parameter_sets):
        with pytest.raises(PeerError):
            h264.parse_config(record[:size])
    for size in range(parameter_sets, len(record)):
        assert h264.parse_config(record[:size]).sps == whole.sps


@pytest.mark.parametrize("record", RECORDS)
def test_an_sps_that_ends_early_never_raises_anything_but_peer_error(record: bytes) -> None:
    unit = h264.parse_config(record).sps[0]

    with pytest.raises(PeerError):
        h264.parse_sps(unit[:4])
    for size in range(4, len(unit)):
        try:
            h264.parse_sps(unit[:size])
        except PeerError:
            continue


@given(st.binary(max_size=200), st.sampled_from(RECORDS), st.integers(0, 40))
def test_garbage_in_set_up_data_raises_peer_error_only(garbage: bytes, record: bytes, at: int) -> None:
    for data in (garbage, record[:at] + garbage + record[at + 1 :]):
        try:
            config = h264.parse_config(data)
            for unit in config.sps:
                sps = h264.parse_sps(unit)
                assert 0 < sps.width <= 16880
                assert 0 < sps.height <= 2 * 16880
        except PeerError:
            continue


@given(st.integers(1, 4096).map(lambda n: 2 * n), st.integers(1, 1080).map(lambda n: 4 * n), st.booleans())
def test_any_size_is_read_after_cropping(width: int, height: int, interlaced: bool) -> None:
    sps = h264.parse_sps(build_sps(width, height, interlaced=interlaced))

    assert (sps.width, sps.height, sps.frame_rate) == (width, height, 0.0)


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1))
def test_the_frame_rate_is_half_the_tick_rate(units: int, scale: int) -> None:
    assert h264.parse_sps(build_sps(640, 360, ticks=(units, scale))).frame_rate == scale / (2 * units)


def test_a_tick_of_zero_units_is_no_frame_rate() -> None:
    assert h264.parse_sps(build_sps(640, 360, ticks=(0, 50))).frame_rate == 0.0


def test_a_picture_of_absurd_size_is_refused() -> None:
    with pytest.raises(PeerError, match="at most"):
        h264.parse_sps(build_sps(20000, 360))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_set_up_data_of_another_version_is_refused(version: int) -> None:
    with pytest.raises(PeerError, match="version"):
        h264.parse_config(bytes([version]) + RECORDS[0][1:])


def test_set_up_data_with_lengths_of_three_bytes_is_refused() -> None:
    record = bytearray(RECORDS[0])
    record[4] = 0xFC | 2

    with pytest.raises(PeerError, match="3 bytes"):
        h264.parse_config(bytes(record))


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8), st.sampled_from([1, 2, 4]))
def test_lengths_of_any_size_become_four_bytes(units: list[bytes], size: int) -> None:
    payload = b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)

    converted = h264.with_four_byte_lengths(payload, size)

    assert list(h264.nal_units(converted)) == units
    assert converted == h264.join(units)


@pytest.mark.parametrize("length_size", [1, 2, 4])
def test_an_access_unit_cut_anywhere_inside_a_nal_unit_is_refused(length_size: int) -> None:
    units = [b"\x65abc", b"\x06de"]
    payload = b"".join(len(unit).to_bytes(length_size, "big") + unit for unit in units)
    whole = {0, length_size + 4, len(payload)}

    for size in range(len(payload) + 1):
        if size in whole:
            h264.with_four_byte_lengths(payload[:size], length_size)
        else:
            with pytest.raises(PeerError):
                h264.with_four_byte_lengths(payload[:size], length_size)


def test_sei_and_parameter_sets_inside_an_access_unit_are_kept() -> None:
    units = [b"\x09\xf0", b"\x67sps", b"\x68pps", b"\x06sei", b"\x65idr"]

    assert list(h264.nal_units(h264.with_four_byte_lengths(h264.join(units), 4))) == units
