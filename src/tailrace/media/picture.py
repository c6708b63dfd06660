"""Picture: an image file that a caller named, checked and bounded before it is decoded (spec/03 section 5)."""

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import Final

import av
import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from tailrace.errors import ImageError, PeerError
from tailrace.media import webm
from tailrace.wire import gif

CANVAS: Final = frozenset({"png", "jpg", "jpeg"})
PLACEHOLDER: Final = CANVAS | {"bmp", "gif", "webm"}
WATERMARK: Final = CANVAS
TEMPLATE: Final = frozenset({"png"})

# 2K, as the spec takes it: 2560 x 1440.
MAX_PIXELS: Final = 3_686_400
# A placeholder is a short loop: a minute of it at 30 frames/s, as long as all its frames together have no more pixels
# than 11 s of 720p30, which take about two seconds of one core to decode.
MAX_FRAMES: Final = 1800
MAX_DURATION_US: Final = 60_000_000
MAX_PIXELS_IN_ALL: Final = 320_000_000

# The decoders are named one by one: Pillow's own choice has dozens, and warns instead of refusing what is too large.
_STILLS: Final[dict[str, tuple[bytes, type[ImageFile.ImageFile]]]] = {
    "png": (b"\x89PNG\r\n\x1a\n", PngImageFile),
    "jpeg": (b"\xff\xd8\xff", JpegImageFile),
    "bmp": (b"BM", BmpImageFile),
}
# What Pillow raises for broken files.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Its remarks on damage that it can live with are nobody's business here.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that is known to be whole. If it moves it holds the bytes, not the pixels; `frames` decodes it anew.

    `ends_us` has for each frame when it ends, counted from the begin of the loop; a still picture has one frame.
    """

    width: int
    height: int
    ends_us: tuple[int, ...]
    _decode: Callable[[], Iterator[Image.Image]]

    def frames(self) -> Iterator[Image.Image]:
        """Return all frames in their order, as RGBA."""
        return self._decode()


def open_picture(data: bytes, formats: frozenset[str]) -> Picture:
    """Check a file whole; it blocks while everything is decoded once. `formats` is one of the sets above.

    What it is, is told by its content, not by a name. A WebM that was cut short is a shorter film. Raises ImageError:
    a format that is not among `formats`, broken, or beyond the limits of this module.
    """
    kind = _kind(data)
    if kind not in formats:
        raise ImageError(f"an image that is {kind or 'of an unknown format'} cannot be used here")
    try:
        match kind:
            case "gif":
                return _gif(data)
            case "webm":
                return _webm(data)
            case _:
                return _still(data, _STILLS[kind][1])
    except PeerError as error:
        raise ImageError(str(error)) from error
    except (*_BROKEN, av.FFmpegError) as error:
        raise ImageError(f"the {kind} is broken") from error


def _kind(data: bytes) -> str:
    for kind, (signature, _) in _STILLS.items():
        if data.startswith(signature):
            return kind
    if data.startswith(gif.SIGNATURES):
        return "gif"
    return "webm" if data.startswith(webm.SIGNATURE) else ""


def _still(data: bytes, decoder: type[ImageFile.ImageFile]) -> Picture:
    with decoder(BytesIO(data)) as image:
        _check_size(*image.size)
        image.load()
        turn = _TURNS.get(_orientation(image))
        decoded = _rgba(image if turn is None else image.transpose(turn))
    return Picture(*decoded.size, (1,), lambda: iter((decoded,)))


def _rgba(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":  # grey with 16 bits, which Pillow would clip to 8
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGBA")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except _BROKEN:
        return 1  # a camera's broken notes do not make the picture unusable


def _gif(data: bytes) -> Picture:
    found = gif.scan(data, MAX_FRAMES)
    _check_size(found.width, found.height)
    ends_us = tuple(accumulate(1000 * duration for duration in found.durations_ms))
    _check_length(len(ends_us), ends_us[-1], found.width * found.height)

    def decode() -> Iterator[Image.Image]:
        with GifImageFile(BytesIO(data)) as image:
            for number in range(len(ends_us)):
                image.seek(number)
                yield image.convert("RGBA")

    for _ in decode():
        pass
    return Picture(found.width, found.height, ends_us, decode)


def _webm(data: bytes) -> Picture:
    starts_us: list[int] = []
    width = height = end_us = 0
    for shot in webm.shots(data, MAX_PIXELS):
        if not starts_us:
            width, height = shot.frame.width, shot.frame.height
        starts_us.append(shot.start_us)
        end_us = shot.end_us
        _check_length(len(starts_us), end_us, max(width * height, shot.frame.width * shot.frame.height))
    if not starts_us:
        raise ImageError("the WebM has no pictures")
    # Each is shown until the next one begins.
    ends_us = tuple(start - starts_us[0] for start in (*starts_us[1:], end_us))

    def decode() -> Iterator[Image.Image]:
        return (shot.image() for shot in webm.shots(data, MAX_PIXELS))

    return Picture(width, height, ends_us, decode)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(f"an image of {width} x {height} pixels is larger than 2K ({MAX_PIXELS} pixels)")


def _check_length(frames: int, duration_us: int, pixels: int) -> None:
    if frames > MAX_FRAMES:
        raise ImageError(f"a moving image has more than {MAX_FRAMES} frames")
    if duration_us > MAX_DURATION_US:
        raise ImageError(f"a moving image lasts longer than {MAX_DURATION_US // 1_000_000} s")
    if frames * pixels > MAX_PIXELS_IN_ALL:
        raise ImageError(f"a moving image has more than {MAX_PIXELS_IN_ALL} pixels in all its frames")
