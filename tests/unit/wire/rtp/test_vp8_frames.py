"""VP8 frames of RTP payloads."""

from contextlib import suppress
from fractions import Fraction

import av
import pytest
from aiortc.codecs.vpx import Vp8Encoder
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.rtp.frame import MAX_FRAME_BYTES, Frame
from tailrace.wire.rtp.vp8_frames import Vp8Frames
from tests.harness.rtp import vp8_frame, vp8_payloads


def encoded() -> list[bytes]:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 320, 240, "yuv420p", Fraction(1, 30)
    codec.options = {"deadline": "realtime", "lag-in-frames": "0", "g": "5", "cpu-used": "8"}
    frames = []
    for number in range(10):
        picture = av.VideoFrame(320, 240, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes((index * (number + 3) * 7919 >> 4) & 0xFF for index in range(plane.buffer_size)))
        picture.pts = number
        frames += [bytes(packet) for packet in codec.encode(picture)]
    return [*frames, *(bytes(packet) for packet in codec.encode(None))]


def pushed(frames: Vp8Frames, payloads: list[bytes]) -> Frame | None:
    for payload in payloads:
        frames.push(payload)
    return frames.finish()


def test_what_libvpx_writes_comes_out_as_it_went_in() -> None:
    frames, pictures = Vp8Frames(), encoded()
    assert len(pictures) == 10
    for number, picture in enumerate(pictures):
        ours = pushed(frames, list(vp8_payloads(picture, 300, number)))
        theirs = pushed(frames, Vp8Encoder._packetize(picture, number))

        assert ours == theirs == Frame(number % 5 == 0, b"", picture)
        assert (frames.width, frames.height) == (320, 240)


@given(st.binary(min_size=1, max_size=400), st.integers(1, 50), st.integers(0, 0x7FFF))
def test_every_cut_comes_out_as_it_went_in(body: bytes, limit: int, picture_id: int) -> None:
    data = b"\x11" + body

    assert pushed(Vp8Frames(), list(vp8_payloads(data, limit, picture_id))) == Frame(False, b"", data)


@pytest.mark.parametrize(
    "descriptor",
    [
        b"\x10",
        b"\x90\x00",
        b"\x90\x80\x7f",
        b"\x90\x80\xff\xff",
        b"\x90\x40\x07",
        b"\x90\x20\xc0",
        b"\x90\x10\x1f",
        b"\x90\xf0\x80\x01\x05\xdf",
    ],
)
def test_every_form_of_the_descriptor_is_taken_off(descriptor: bytes) -> None:
    frames, data = Vp8Frames(), vp8_frame(1, key=True)

    assert frames.begins(descriptor + data)
    assert frames.begins_key(descriptor + data)
    assert not frames.begins_key(descriptor + vp8_frame(1, key=False))
    assert pushed(frames, [descriptor + data]) == Frame(True, b"", data)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "descriptor"),
        (b"\x10", "descriptor"),
        (b"\x90\xf0\x80\x01\x05\xdf", "descriptor"),
        (b"\x00\x11abc", "first packet"),
        (b"\x11\x11abc", "first packet"),
        (b"\x10\x10\x02\x00\x9d\x01\x2b" + bytes(8), "start code"),
        (b"\x10\x10\x02\x00\x9d\x01\x2a\x80", "start code"),
    ],
)
def test_broken_payloads_are_refused(payload: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        pushed(Vp8Frames(), [payload])


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_noise_is_refused_or_a_frame(noise: list[bytes]) -> None:
    frames = Vp8Frames()
    for payload in noise:
        frames.begins(payload)
        frames.begins_key(payload)
        with suppress(PeerError):
            frames.push(payload)
    with suppress(PeerError):
        frame = frames.finish()
        assert frame is None or len(frame.payload) <= sum(map(len, noise))


def test_a_frame_larger_than_a_unit_is_refused() -> None:
    pieces = [b"\x10\x11", *[b"\x00" + bytes(60_000)] * (MAX_FRAME_BYTES // 60_000 + 1)]

    with pytest.raises(PeerError, match="more than"):
        pushed(Vp8Frames(), pieces)
