"""Still: the last picture is found, looks the same, and can be shown again and again."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from PIL import Image

from tailrace.errors import ImageError
from tailrace.media import still
from tailrace.media.still import GROUP_SECONDS, Stills
from tailrace.model.gap import STILLS_PER_SECOND
from tailrace.wire import h264
from tests.media.encoded import avc_config, length_prefixed, mean_colour, pictures

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 40), (30, 40, 190)


def decoded(config: bytes, payloads: Sequence[bytes]) -> list[VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata, decoder.thread_count = config, 1
    frames = [frame for payload in payloads for frame in decoder.decode(av.Packet(payload))]
    return frames + decoder.decode(None)


def of(rgb: tuple[int, int, int], width: int = 320, height: int = 180) -> VideoFrame:
    return VideoFrame.from_ndarray(np.full((height, width, 3), rgb, np.uint8), "rgb24").reformat(format="yuv420p")


def shown(stills: Stills, rounds: int = 1) -> list[VideoFrame]:
    return decoded(stills.config, [picture.payload for picture in stills.pictures * rounds])


def with_b_frames(greys: Sequence[int]) -> tuple[bytes, list[bytes]]:
    """Encode a picture of each grey, reordered; return set-up data and access units in decoding order."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.flags |= 0x400000  # AV_CODEC_FLAG_GLOBAL_HEADER
    encoder.options = {"bf": "3", "b_strategy": "0", "qp": "10"}
    encoder.open()
    packets = []
    for number, grey in enumerate(greys):
        frame = of((grey, grey, grey))
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    assert [packet.pts for packet in packets] != sorted(packet.pts or 0 for packet in packets)
    return avc_config(bytes(encoder.extradata or b"")), [length_prefixed(bytes(packet)) for packet in packets]


def test_the_last_picture_of_a_group_is_found() -> None:
    first, last = pictures(RED, 0.4), pictures(BLUE, 0.4)

    found = still.last_picture(first[0].config, [unit.payload for unit in (*first, *last)])

    assert found is not None
    assert mean_colour(found) == pytest.approx(BLUE, abs=6)


def test_of_reordered_pictures_the_last_one_shown_is_found() -> None:
    config, payloads = with_b_frames(range(40, 200, 10))

    found = still.last_picture(config, payloads)

    assert found is not None
    assert mean_colour(found) == pytest.approx((190, 190, 190), abs=4)


def test_a_broken_picture_costs_only_itself() -> None:
    units = pictures(GREEN, 0.4)
    units[3].payload = b"\0\0\0\x05\x41\xff\xff\xff\xff"

    found = still.last_picture(units[0].config, [unit.payload for unit in units])

    assert found is not None
    assert mean_colour(found) == pytest.approx(GREEN, abs=8)


def test_where_nothing_can_be_decoded_there_is_no_picture() -> None:
    unit = pictures(RED, 0.04)[0]

    assert still.last_picture(unit.config, []) is None
    assert still.last_picture(unit.config, [b"\0\0\0\x02\x41\xff"]) is None


def test_stills_look_like_the_picture_however_often_they_are_shown() -> None:
    stills = still.encode(of(RED))

    frames = shown(stills, rounds=3)

    assert len(frames) == 3 * len(stills.pictures)
    assert all(mean_colour(frame) == pytest.approx(RED, abs=3) for frame in frames)


def test_each_group_of_stills_has_one_key_frame() -> None:
    stills = still.encode(of(RED))

    keys = [number for number, picture in enumerate(stills.pictures) if picture.key]

    assert keys == [0, GROUP_SECONDS * STILLS_PER_SECOND]
    assert len(stills.pictures) == 2 * keys[1]


def test_neighbouring_key_frames_are_told_apart() -> None:
    first, second = (picture.payload for picture in still.encode(of(RED)).pictures if picture.key)

    assert first != second


def test_pictures_that_repeat_the_first_cost_nearly_nothing() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (18, 32, 3), np.uint8)
    clouds = np.asarray(Image.fromarray(noise).resize((320, 180)))
    stills = still.encode(VideoFrame.from_ndarray(clouds, "rgb24"))

    key, *others = (len(picture.payload) for picture in stills.pictures[:10])

    assert max(others) < key / 20


@pytest.mark.parametrize("size", [(320, 180), (1280, 720), (322, 182), (16, 16)])
def test_stills_have_the_size_of_the_picture(size: tuple[int, int]) -> None:
    assert h264.picture_size(still.encode(of(RED, *size)).config) == size


@pytest.mark.parametrize("form", ["yuvj420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_other_forms_of_pictures_keep_their_colours(form: str) -> None:
    frame = VideoFrame.from_ndarray(np.full((180, 320, 3), GREEN, np.uint8), "rgb24").reformat(format=form)
    if form == "yuvj420p":
        frame.color_range = 2  # as the decoder says it

    (first, *_) = shown(still.encode(frame))

    assert mean_colour(first) == pytest.approx(GREEN, abs=4)


def test_black_is_black() -> None:
    assert mean_colour(shown(still.encode(still.black(640, 360)))[0]) == pytest.approx((0, 0, 0), abs=2)


def image(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), BLUE).save(file, "PNG")
    return file.getvalue()


def test_a_slate_of_another_shape_stands_on_black() -> None:
    (frame, *_) = shown(still.encode(still.slate(image(200, 200), 320, 180)))

    assert frame.colorspace == Colorspace.ITU709
    pixels = frame.to_ndarray(format="rgb24", src_colorspace=Colorspace.ITU709)
    assert pixels[:, 90:230].reshape(-1, 3).mean(axis=0) == pytest.approx(BLUE, abs=6)
    assert pixels[:, :60].mean() < 4


def test_a_file_that_is_no_image_is_no_slate() -> None:
    with pytest.raises(ImageError):
        still.slate(b"GIF89a", 320, 180)
