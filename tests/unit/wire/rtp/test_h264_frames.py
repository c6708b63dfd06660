"""H.264 of RTP payloads is what went in, with its set-up data beside it."""

import base64
import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
import pytest
from aiortc.codecs.h264 import H264Encoder
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire import h264
from tailrace.wire.rtp.frame import MAX_FRAME_BYTES, Frame
from tailrace.wire.rtp.h264_frames import H264Frames
from tests.harness.rtp import PPS, SPS, h264_payloads

IDR, SLICE, SEI, DELIMITER = b"\x65\x88\x80", b"\x41\x9a\x80", b"\x06\x05\x01\xff\x80", b"\x09\xf0"


def pushed(frames: H264Frames, payloads: Iterator[bytes] | list[bytes]) -> Frame | None:
    for payload in payloads:
        frames.push(payload)
    return frames.finish()


def encoded(slices: int, size: int, count: int = 12) -> list[list[bytes]]:
    """Return the NAL units of real pictures."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = size, size, "yuv420p", Fraction(1, 30)
    codec.options = {"slices": str(slices), "tune": "zerolatency", "preset": "ultrafast", "g": "6", "aud": "1"}
    pictures = []
    for number in range(count):
        frame = av.VideoFrame(size, size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes((index * (number + 3) * 7919 >> 4) & 0xFF for index in range(plane.buffer_size)))
        frame.pts = number
        pictures += [bytes(packet) for packet in codec.encode(frame)]
    pictures += [bytes(packet) for packet in codec.encode(None)]
    return [list(H264Encoder._split_bitstream(picture)) for picture in pictures]


def media(units: list[bytes]) -> list[bytes]:
    return [unit for unit in units if unit[0] & 31 in (1, 5, 6)]


@pytest.mark.parametrize("slices", [1, 4])
@pytest.mark.parametrize("size", [64, 320])
def test_what_x264_writes_comes_out_as_it_went_in(slices: int, size: int) -> None:
    frames = H264Frames({})
    pictures = encoded(slices, size)
    assert len(pictures) == 12
    for number, units in enumerate(pictures):
        frame = pushed(frames, h264_payloads(units, limit=500))

        assert frame is not None
        assert list(h264.nal_units(frame.payload)) == media(units)
        assert frame.key == (number % 6 == 0)
        assert bool(frame.config) == frame.key
        if frame.key:
            config = h264.parse_config(frame.config)
            assert config.sps == (next(unit for unit in units if unit[0] & 31 == 7),)
            assert h264.picture_size(frame.config) == (frames.width, frames.height) == (size, size)


def test_what_aiortc_packs_is_unpacked() -> None:
    frames = H264Frames({})
    for units in encoded(slices=3, size=320):
        frame = pushed(frames, H264Encoder._packetize(iter(units)))

        assert frame is not None
        assert list(h264.nal_units(frame.payload)) == media(units)


@given(
    st.lists(st.tuples(st.sampled_from([1, 5, 6]), st.binary(min_size=1, max_size=300)), min_size=1), st.integers(2, 90)
)
def test_every_cut_comes_out_as_it_went_in(contents: list[tuple[int, bytes]], limit: int) -> None:
    units = [SPS, PPS, *(bytes((0x60 | kind,)) + body for kind, body in contents)]

    frame = pushed(H264Frames({}), h264_payloads(units, limit))

    assert frame is not None
    assert list(h264.nal_units(frame.payload)) == units[2:]


def test_set_up_data_goes_into_the_config_of_key_frames_alone_and_delimiters_nowhere() -> None:
    frames = H264Frames({})

    key = pushed(frames, [DELIMITER, SPS, PPS, SEI, IDR])
    delta = pushed(frames, [DELIMITER, SLICE])

    assert key == Frame(True, h264.AvcConfig(0x42, 0xC0, 0x1E, 4, (SPS,), (PPS,)).encode(), h264.join([SEI, IDR]))
    assert delta == Frame(False, b"", h264.join([SLICE]))
    assert pushed(frames, [SPS, PPS]) is None


def test_set_up_data_that_changes_is_told_with_the_next_key_frame() -> None:
    frames = H264Frames({})
    (first, *_), (second, *_) = encoded(1, 64, 1), encoded(1, 320, 1)
    for units, size in ((first, 64), (second, 320), (first, 64)):
        frame = pushed(frames, h264_payloads(units))

        assert frame is not None
        assert h264.picture_size(frame.config) == (size, size)
        assert len(h264.parse_config(frame.config).sps) == 1
        assert (frames.width, frames.height) == (size, size)


def test_set_up_data_of_high_profile_says_its_format() -> None:
    sps = b"\x67\x64" + SPS[2:3] + bytes.fromhex("1eacd940a03da100000300010000030032 0f162d96".replace(" ", ""))

    frame = pushed(H264Frames({}), [sps, PPS, IDR])

    assert frame is not None
    assert h264.parse_config(frame.config).extension == b"\xfd\xf8\xf8\x00"


def test_set_up_data_may_be_in_sdp_only() -> None:
    sprop = ",".join(base64.b64encode(unit).decode() for unit in (SPS, PPS))
    frames = H264Frames({"sprop-parameter-sets": sprop})

    assert frames.begins_key(IDR)
    frame = pushed(frames, [IDR])

    assert frame is not None
    assert h264.parse_config(frame.config).pps == (PPS,)


@given(st.text(max_size=60))
def test_nonsense_in_sdp_is_left_out(text: str) -> None:
    assert H264Frames({"sprop-parameter-sets": text}).width == 0


def test_where_a_picture_begins_is_known_by_its_delimiter_or_sps() -> None:
    frames = H264Frames({})
    stap = b"\x78" + struct.pack(">H", len(SPS)) + SPS

    assert [
        frames.begins(each) for each in (DELIMITER + b"\0", SPS, stap, SLICE, IDR, b"\x7c\x45x", b"\x7c\x85\x80")
    ] == [
        True,
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    frames.push(stap)
    assert not frames.begins(IDR)
    assert [frames.begins_key(each) for each in (DELIMITER + b"\0", SPS, stap)] == [False, True, True]


@pytest.mark.parametrize(
    ("payloads", "why"),
    [
        ([b"\x65"], "shorter than its header"),
        ([b"\x7c\x85"], "shorter than its header"),
        ([b"\x7c\x05x"], "without its start"),
        ([b"\x7c\x85x", b"\x7c\x85x"], "without its end"),
        ([b"\x7c\x85x", IDR], "without its end"),
        ([b"\x7c\x85x"], "within a fragment"),
        ([b"\x78\x00\x09x"], "wrong length"),
        ([b"\x78\x00\x00"], "wrong length"),
        ([b"\x78\x00"], "wrong length"),
        ([b"\x79\x00\x00\x00"], "type 25"),
        ([b"\x60\x00"], "type 0"),
        ([IDR], "without SPS and PPS"),
        ([SPS[:6]], "ends in the middle"),
        ([SPS + bytes(2000)], "parameter set of"),
    ],
)
def test_broken_payloads_are_refused_and_do_no_harm_to_the_next_picture(payloads: list[bytes], why: str) -> None:
    frames = H264Frames({})
    with pytest.raises(PeerError, match=why):
        pushed(frames, payloads)
    frames.reset()

    frame = pushed(frames, [SPS, PPS, IDR])

    assert frame is not None
    assert frame.payload == h264.join([IDR])


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=20))
def test_noise_is_refused_or_a_picture(noise: list[bytes]) -> None:
    frames = H264Frames({})
    for payload in noise:
        frames.begins_key(payload)
        with suppress(PeerError):
            frames.push(payload)
    with suppress(PeerError):
        frame = frames.finish()
        assert frame is None or len(frame.payload) <= 2 * sum(map(len, noise)) + 4 * 30 * len(noise)


def test_a_picture_larger_than_a_unit_is_refused() -> None:
    pieces = [b"\x7c\x85" + bytes(60_000), *[b"\x7c\x05" + bytes(60_000)] * (MAX_FRAME_BYTES // 60_000)]

    with pytest.raises(PeerError, match="more than"):
        pushed(H264Frames({}), pieces)


def test_a_picture_that_only_its_lengths_make_larger_than_a_unit_is_refused() -> None:
    aggregate = b"\x78" + b"\x00\x01\x41" * 20_000

    with pytest.raises(PeerError, match="more than"):
        pushed(H264Frames({}), [aggregate] * (MAX_FRAME_BYTES // 80_000))


def test_the_parameter_sets_that_are_kept_are_bounded() -> None:
    frames = H264Frames({})
    for identifier in range(100):
        number = f"{identifier + 1:b}"
        bits = "0" * (len(number) - 1) + number  # ue(v)
        frames.push(b"\x68" + int(bits.ljust(24, "1"), 2).to_bytes(3, "big"))

    frame = pushed(frames, [SPS, PPS, IDR])

    assert frame is not None
    assert len(h264.parse_config(frame.config).pps) <= 16
