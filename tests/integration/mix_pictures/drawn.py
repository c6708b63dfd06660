"""Drawn: the images of these tests, and how their colours are found in an output picture."""

from collections.abc import Mapping
from io import BytesIO

from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

from tests.harness.viewer import Place, Shot, Viewer
from tests.integration.mix.places import custom, guest, reserved, window
from tests.media.windows import shows_colour

# No person has any of these colours.
BLACK, GREY, WHITE = 0x000000, 0x808080, 0xFFFFFF
RED, GREEN, BLUE, YELLOW = 0xC02020, 0x208040, 0x2040C0, 0xE0C020

# Somebody has to be there for there to be an output; he stands where he is in nobody's way.
HOST = guest(0)
CORNER: Place = (480, 270, 160, 90)
HOSTS_WINDOW = window(CORNER, ZOrder=9, **reserved(HOST.user))

# What is judged at a point is a square of this size around it: x264 smears over its blocks' edges.
_PROBE = 8


def rgb(colour: int) -> tuple[int, int, int]:
    """Return 0xRRGGBB as three numbers."""
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


def saved(image: Image.Image, form: str = "PNG") -> bytes:
    """Return the file."""
    buffer = BytesIO()
    image.save(buffer, form, quality=95)
    return buffer.getvalue()


def plain(colour: int, width: int = 64, height: int = 36) -> Image.Image:
    """Return one colour."""
    return Image.new("RGB", (width, height), rgb(colour))


def framed(side: int = 200, border: int = 20) -> Image.Image:
    """Return a square, red, with a white border of a tenth on all sides."""
    image = plain(WHITE, side, side)
    image.paste(rgb(RED), (border, border, side - border, side - border))
    return image


def disc(side: int = 400) -> Image.Image:
    """Return a disc that is opaque, on nothing."""
    image = Image.new("RGBA", (side * 4, side * 4))
    ImageDraw.Draw(image).ellipse((0, 0, 4 * side - 1, 4 * side - 1), fill=(255, 255, 255, 255))
    return image.resize((side, side), Image.Resampling.BOX)


def scene(*windows: dict[str, object]) -> dict[str, object]:
    """Return a custom layout with these windows below the host's."""
    return custom(*windows, HOSTS_WINDOW)


Points = Mapping[tuple[int, int], int]


def amiss(picture: VideoFrame, points: Points) -> list[str]:
    """Return where a picture does not have the colour that it should have."""
    return [
        f"no {colour:06x} at {x}, {y}"
        for (x, y), colour in points.items()
        if not shows_colour(picture, colour, x - _PROBE // 2, y - _PROBE // 2, _PROBE, _PROBE)
    ]


def until_shown(viewer: Viewer, points: Points) -> Shot:
    """Wait for a picture with these colours at these points."""
    wrong: list[str] = []

    def right(shot: Shot) -> bool:
        nonlocal wrong
        wrong = amiss(shot.picture, points)
        return not wrong

    try:
        return viewer.until(right, "the right colours")
    except AssertionError as error:
        raise AssertionError(f"{error}, but {wrong}") from None
