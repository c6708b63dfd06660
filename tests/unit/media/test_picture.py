"""Which image files are taken, and what is in them."""

import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tailrace.errors import ImageError
from tailrace.media.picture import (
    CANVAS,
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_PIXELS_IN_ALL,
    PLACEHOLDER,
    TEMPLATE,
    WATERMARK,
    Picture,
    open_picture,
)
from tests.unit.media.images import BLUE, GREEN, RED, gif, halves, plain, saved, webm

# Pillow remarks on damage that it can live with; outside of tests the module keeps that off the standard error.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

FILES = {
    "png": saved(plain(RED), "PNG"),
    "jpeg": saved(plain(RED), "JPEG", quality=95),
    "bmp": saved(plain(RED), "BMP"),
    "gif": gif([RED, GREEN], [100, 100]),
    "webm": webm([plain(RED)]),
}
USES = {"canvas": CANVAS, "placeholder": PLACEHOLDER, "watermark": WATERMARK, "template": TEMPLATE}
ALLOWED = {
    "canvas": {"png", "jpeg"},
    "placeholder": {"png", "jpeg", "bmp", "gif", "webm"},
    "watermark": {"png", "jpeg"},
    "template": {"png"},
}
LONGEST_MS = 65535 * 10  # that a GIF can say


def pixel(picture: Picture, x: int, y: int, frame: int = 0) -> tuple[int, ...]:
    value = list(picture.frames())[frame].getpixel((x, y))
    assert isinstance(value, tuple)
    return value


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("form", FILES)
def test_each_use_takes_its_formats_and_no_others(use: str, form: str) -> None:
    if form in ALLOWED[use]:
        picture = open_picture(FILES[form], USES[use])
        assert (picture.width, picture.height) == (64, 48)
        assert pixel(picture, 10, 10) == pytest.approx((*RED, 255), abs=3)
    else:
        with pytest.raises(ImageError, match=f"^an image that is {form} cannot be used here$"):
            open_picture(FILES[form], USES[use])


@pytest.mark.parametrize("other", [b"", b"GIF", b"<svg/>", saved(plain(RED), "TIFF"), saved(plain(RED), "WEBP")])
def test_another_format_is_refused(other: bytes) -> None:
    with pytest.raises(ImageError, match="unknown format"):
        open_picture(other, PLACEHOLDER)


@pytest.mark.parametrize("form", ["png", "jpeg", "bmp", "gif"])
def test_a_file_that_is_cut_short_is_broken(form: str) -> None:
    whole = FILES[form]
    for length in (len(whole) * 3 // 4, len(whole) // 2, 20, 8):
        with pytest.raises(ImageError):
            open_picture(whole[:length], PLACEHOLDER)


def test_a_webm_without_a_picture_is_refused() -> None:
    with pytest.raises(ImageError):
        open_picture(FILES["webm"][:400], PLACEHOLDER)


@pytest.mark.parametrize("form", FILES)
def test_a_damaged_file_gives_a_picture_or_an_image_error(form: str) -> None:
    whole = FILES[form]

    @settings(max_examples=150)
    @given(st.lists(st.tuples(st.integers(4, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=4))
    def damaged(changes: list[tuple[int, int]]) -> None:
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        try:
            picture = open_picture(bytes(data), PLACEHOLDER)
        except ImageError:
            return
        assert picture.width * picture.height <= MAX_PIXELS

    damaged()


def png_of(width: int, height: int, data: bytes) -> bytes:
    """A PNG that says it has that size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_of(width: int, height: int) -> bytes:
    data = bytearray(gif([RED], [100]))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp_of(width: int, height: int) -> bytes:
    data = bytearray(FILES["bmp"])
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


@pytest.mark.parametrize("size", [(2561, 1440), (65535, 65535), (100_000, 100_000)])
def test_a_png_that_is_too_large_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    # There is nothing in it to decode: who tries says "broken".
    with pytest.raises(ImageError, match="larger than 2K"):
        open_picture(png_of(*size, b"no pixels"), CANVAS)


@pytest.mark.parametrize("bomb", [gif_of(65535, 65535), bmp_of(50_000, 50_000), bmp_of(2561, 1440)])
def test_other_bombs_are_refused_before_they_are_decoded(bomb: bytes) -> None:
    with pytest.raises(ImageError, match="larger than 2K"):
        open_picture(bomb, PLACEHOLDER)


def test_two_k_is_allowed_in_either_direction() -> None:
    for size in ((2560, 1440), (1440, 2560)):
        assert open_picture(saved(plain(RED, *size), "PNG"), CANVAS).width == size[0]
    assert MAX_PIXELS == 2560 * 1440


def test_a_photo_is_turned_as_its_camera_noted() -> None:
    for orientation, (x, y) in {1: (0, 0), 3: (1, 0), 6: (0, 0), 8: (0, 1)}.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo = saved(halves(RED, BLUE).convert("RGB"), "JPEG", quality=95, exif=exif)

        picture = open_picture(photo, CANVAS)

        upright = orientation in (1, 3)
        assert (picture.width, picture.height) == ((64, 48) if upright else (48, 64))
        red = pixel(picture, 5 + x * (picture.width - 10), 5 + y * (picture.height - 10))
        assert red == pytest.approx((*RED, 255), abs=20), orientation


def test_notes_of_a_camera_that_cannot_be_read_do_no_harm() -> None:
    photo = saved(plain(RED), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")

    assert open_picture(photo, CANVAS).width == 64


@pytest.mark.parametrize(
    ("image", "rgba"),
    [
        (plain((255, 0, 0, 77)), (255, 0, 0, 77)),
        (Image.new("L", (8, 8), 90), (90, 90, 90, 255)),
        (Image.new("LA", (8, 8), (90, 50)), (90, 90, 90, 50)),
        (Image.new("1", (8, 8), 1), (255, 255, 255, 255)),
        (Image.new("I;16", (8, 8), 0x4000), (0x40, 0x40, 0x40, 255)),
        (plain(GREEN).convert("P"), (0, 255, 0, 255)),
    ],
    ids=["RGBA", "L", "LA", "1", "I;16", "P"],
)
def test_every_kind_of_png_becomes_rgba(image: Image.Image, rgba: tuple[int, ...]) -> None:
    assert pixel(open_picture(saved(image, "PNG"), CANVAS), 4, 4) == rgba


def test_a_jpeg_for_print_becomes_rgba() -> None:
    picture = open_picture(saved(plain(RED).convert("CMYK"), "JPEG", quality=95), CANVAS)

    assert pixel(picture, 4, 4) == pytest.approx((*RED, 255), abs=10)


def test_a_still_picture_has_one_frame_for_ever() -> None:
    picture = open_picture(FILES["png"], CANVAS)

    assert len(picture.ends_us) == 1
    assert len(list(picture.frames())) == 1


def test_the_frames_of_a_gif_stand_as_long_as_they_say() -> None:
    picture = open_picture(gif([RED, GREEN, BLUE], [100, 250, 50]), PLACEHOLDER)

    assert picture.ends_us == (100_000, 350_000, 400_000)
    assert [pixel(picture, 4, 4, frame) for frame in range(3)] == [(*RED, 255), (*GREEN, 255), (*BLUE, 255)]


def test_what_a_gif_leaves_free_is_transparent() -> None:
    first, second = halves((*RED, 0), RED), halves(GREEN, (*GREEN, 0))
    data = saved(first, "GIF", save_all=True, append_images=[second], duration=100, disposal=2)

    picture = open_picture(data, PLACEHOLDER)

    assert [pixel(picture, 5, 5, 0)[3], pixel(picture, 60, 5, 0)] == [0, (*RED, 255)]
    assert [pixel(picture, 5, 5, 1), pixel(picture, 60, 5, 1)[3]] == [(*GREEN, 255), 0]


def test_the_pictures_of_a_webm_stand_until_the_next() -> None:
    picture = open_picture(webm([plain(colour) for colour in (RED, GREEN, BLUE)]), PLACEHOLDER)

    assert picture.ends_us == (100_000, 200_000, 300_000)
    assert pixel(picture, 4, 4, 2) == pytest.approx((*BLUE, 255), abs=6)


def test_a_moving_picture_with_too_many_frames_is_refused() -> None:
    one = gif([RED], [20], 4, 4)
    head, frame = one[: one.index(b"\x21\xf9")], one[one.index(b"\x21\xf9") : -1]

    assert len(open_picture(head + MAX_FRAMES * frame + b";", PLACEHOLDER).ends_us) == MAX_FRAMES
    with pytest.raises(ImageError, match=f"more than {MAX_FRAMES} frames"):
        open_picture(head + (MAX_FRAMES + 1) * frame + b";", PLACEHOLDER)


@pytest.mark.parametrize(
    "make", [lambda: gif([RED], [LONGEST_MS], 4, 4), lambda: webm([plain(RED, 16, 16)] * 62, fps=1)]
)
def test_a_moving_picture_that_lasts_too_long_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(ImageError, match="longer than 60 s"):
        open_picture(make(), PLACEHOLDER)


def test_a_moving_picture_with_too_many_pixels_in_all_is_refused_before_it_is_decoded() -> None:
    one = gif([RED], [20], 4, 4)
    head, frame = bytearray(one[: one.index(b"\x21\xf9")]), one[one.index(b"\x21\xf9") : -1]
    head[6:10] = struct.pack("<HH", 2560, 1440)
    count = MAX_PIXELS_IN_ALL // MAX_PIXELS + 1

    with pytest.raises(ImageError, match=f"more than {MAX_PIXELS_IN_ALL} pixels in all"):
        open_picture(bytes(head) + count * frame + b";", PLACEHOLDER)
