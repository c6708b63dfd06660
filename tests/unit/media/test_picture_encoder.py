"""PictureEncoder: what it gives can be decoded, comes at once, and has the rhythm and the rate that were asked for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame

from tailrace.media.canvas import planes_of
from tailrace.media.picture_encoder import EncodedPicture, PictureEncoder
from tailrace.model.encoding import choose
from tailrace.model.mix import VideoEncoding
from tailrace.wire import h264, sei
from tailrace.wire.bits import BitReader
from tailrace.wire.h264 import NalType

FILM = Path(__file__).parents[4] / "shared" / "media" / "bigbuckbunny.mp4"
SMALL = VideoEncoding(320, 180, 25, 400, 2)


def scene(number: int, encoding: VideoEncoding = SMALL) -> VideoFrame:
    """A picture of a few shapes that move, on a slope of grey."""
    frame = VideoFrame(encoding.width, encoding.height, "yuv420p")
    luma, blue, red = planes_of(frame)
    luma[:] = np.linspace(30, 200, encoding.width, dtype=np.uint8)
    blue[:], red[:] = 100, 150
    left = number * 4 % (encoding.width - 40)
    luma[40:80, left : left + 40] = 235
    luma[100:140, -left - 40 : -left or None] = 16
    return frame


def encoder(encoding: VideoEncoding = SMALL, threads: int = 1, preset: str = "auto") -> PictureEncoder:
    return PictureEncoder(encoding, choose(encoding, cores=2, preset=preset, threads=threads))


def encode(frames: Iterator[VideoFrame], into: PictureEncoder, keys: tuple[int, ...] = ()) -> list[EncodedPicture]:
    pictures = [picture for n, frame in enumerate(frames) for picture in into.encode(frame, n, key=n in keys)]
    return pictures + into.flush()


def scenes(count: int, encoding: VideoEncoding = SMALL) -> Iterator[VideoFrame]:
    return (scene(number, encoding) for number in range(count))


def film(encoding: VideoEncoding) -> Iterator[VideoFrame]:
    with av.open(str(FILM)) as container:
        for frame in container.decode(video=0):
            yield frame.reformat(encoding.width, encoding.height, "yuv420p")


def decode(config: bytes, pictures: list[EncodedPicture]) -> list[VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = config
    frames = [frame for picture in pictures for frame in decoder.decode(av.Packet(picture.payload))]
    return frames + decoder.decode(None)


def key_numbers(pictures: list[EncodedPicture]) -> list[int]:
    return [picture.number for picture in pictures if picture.key]


def slice_kind(unit: bytes) -> int:
    """Return slice_type modulo 5 (Rec. ITU-T H.264 7.3.3): 0 P, 1 B, 2 I."""
    reader = BitReader(unit[1:20], "slice")
    reader.unsigned(1 << 20)  # first_mb_in_slice
    return reader.unsigned(9) % 5


def test_what_was_encoded_is_seen_again() -> None:
    into = encoder()

    pictures = encode(scenes(60), into)

    seen = decode(into.config, pictures)
    assert [picture.number for picture in pictures] == list(range(60))
    assert len(seen) == 60
    for number, frame in enumerate(seen):
        wanted, found = planes_of(scene(number))[0].astype(int), planes_of(frame)[0].astype(int)
        assert np.abs(wanted - found).mean() < 4


@pytest.mark.parametrize("size", [(2, 2), (1920, 2), (2, 1920), (1078, 1918)])
@pytest.mark.parametrize("bitrate_kbps", [1, 10_000])
def test_every_size_and_rate_of_the_api_is_encoded(size: tuple[int, int], bitrate_kbps: int) -> None:
    encoding = VideoEncoding(*size, 60, bitrate_kbps, 1)
    into = encoder(encoding)
    grey = VideoFrame(*size, "yuv420p")
    for plane in planes_of(grey):
        plane[:] = 128

    pictures = encode(iter([grey] * 3), into)

    seen = decode(into.config, pictures)
    assert [(frame.width, frame.height) for frame in seen] == [size] * 3


def test_with_one_thread_each_picture_is_given_back_at_once() -> None:
    into = encoder()

    assert [len(into.encode(frame, number)) for number, frame in enumerate(scenes(30))] == [1] * 30
    assert into.flush() == []


def test_each_further_thread_keeps_one_picture_longer_and_none_is_lost() -> None:
    into = encoder(threads=2)

    given = [[picture.number for picture in into.encode(frame, n)] for n, frame in enumerate(scenes(30))]

    assert given == [[], *([n] for n in range(29))]
    assert [picture.number for picture in into.flush()] == [29]


def test_the_set_up_data_is_out_of_band_and_says_size_and_rate() -> None:
    into = encoder()
    pictures = encode(scenes(60), into)

    config = h264.parse_config(into.config)
    sps = h264.parse_sps(config.sps[0])
    kinds = {unit[0] & 31 for picture in pictures for unit in h264.nal_units(picture.payload)}

    assert (config.profile, config.length_size) == (100, 4)
    assert (sps.width, sps.height, sps.frame_rate) == (320, 180, 25.0)
    assert kinds == {NalType.SLICE, NalType.IDR}


def test_the_picture_is_tagged_as_bt_709_in_limited_range() -> None:
    into = encoder()

    frame = decode(into.config, encode(scenes(2), into))[0]

    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)


@pytest.mark.parametrize(("fps", "gop"), [(25, 2), (30, 1), (15, 5), (1, 1)])
@pytest.mark.parametrize("threads", [1, 2])
def test_groups_of_pictures_last_exactly_as_long_as_asked(fps: int, gop: int, threads: int) -> None:
    encoding = VideoEncoding(320, 180, fps, 400, gop)
    count = 2 * fps * gop + 3
    # A cut in the middle of a group, where x264 would like to have a key frame.
    cut = (scene(n if n < fps * gop // 2 else 1000 - 7 * n, encoding) for n in range(count))

    pictures = encode(cut, encoder(encoding, threads))

    assert key_numbers(pictures) == list(range(0, count, fps * gop))


def test_a_key_frame_comes_on_demand_and_begins_a_new_group() -> None:
    into = encoder()

    pictures = encode(scenes(100), into, keys=(7, 8, 90))

    assert key_numbers(pictures) == [0, 7, 8, 58, 90]
    assert all(slice_kind(next(h264.nal_units(pictures[n].payload))) == 2 for n in (7, 8, 58, 90))
    # Whoever begins at the demanded one sees everything from there on.
    assert len(decode(into.config, pictures[8:])) == 92


def test_there_are_no_b_frames() -> None:
    pictures = encode(scenes(60), encoder(preset="medium"))

    kinds = {slice_kind(unit) for picture in pictures for unit in h264.nal_units(picture.payload)}
    assert kinds == {0, 2}


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_memory_of_a_frame_is_free_for_the_next_one_when_encode_returns(threads: int) -> None:
    # Without that, a mixer that draws into one canvas would send torn pictures. Left out is the bound on each second:
    # with several threads it makes x264's choices depend on which of them comes first.
    settings = choose(SMALL, cores=4, threads=threads)
    steady = replace(settings, options=tuple(option for option in settings.options if "vbv" not in option[0]))
    alone = encode(scenes(40), PictureEncoder(SMALL, steady))
    canvas, into, shared = scene(0), PictureEncoder(SMALL, steady), []

    for number in range(40):
        for target, source in zip(planes_of(canvas), planes_of(scene(number)), strict=True):
            target[:] = source
        shared += into.encode(canvas, number)
        for target in planes_of(canvas):
            target[:] = 77

    assert [picture.payload for picture in shared + into.flush()] == [picture.payload for picture in alone]


def test_numbers_may_leave_gaps() -> None:
    into = encoder()

    pictures = [picture for n in (5, 6, 9, 40) for picture in into.encode(scene(n), n)]

    assert [picture.number for picture in pictures] == [5, 6, 9, 40]


@pytest.mark.skipif(not FILM.exists(), reason="the film of ../shared/media is not here")
@pytest.mark.parametrize(
    "encoding",
    [VideoEncoding(640, 360, 25, 500, 2), VideoEncoding(1280, 720, 25, 1500, 2), VideoEncoding(320, 180, 25, 120, 1)],
)
def test_a_film_keeps_to_its_bit_rate(encoding: VideoEncoding) -> None:
    into = encoder(encoding)

    pictures = encode(film(encoding), into)

    size = sum(len(picture.payload) for picture in pictures)
    assert size * 8 / 1000 / (len(pictures) / encoding.fps) == pytest.approx(encoding.bitrate_kbps, rel=0.15)


def test_sei_that_is_put_into_a_picture_is_found_by_a_decoder() -> None:
    into = encoder()
    first, *others = encode(scenes(5), into)
    message = sei.user_data("00" * 16, b"\0\0\0 hello")

    marked = EncodedPicture(0, True, sei.with_sei(first.payload, [sei.nal(message)]))

    frames = decode(into.config, [marked, *others])
    # Nothing else is there, x264's own text neither.
    assert [bytes(data) for data in cast(Iterable[SideData], frames[0].side_data)] == [message.payload]
    assert [len(frame.side_data) for frame in frames[1:]] == [0] * 4
