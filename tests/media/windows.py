"""Windows: who is seen where in a decoded picture, and what the picture of each says.

Pictures are judged at half their size, where each pixel has a colour of its own: edges are found to within 2 pixels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from tailrace.media.canvas import colour_of, planes_of
from tests.media import code
from tests.media.people import CODE, COLOURS, FLASH

# Of the 60 steps that lie between two colours; x264 moves a plain area by less than 10.
_NEAR = 26.0
# Colours differ in U and V first of all, and lines of the code disturb luma beside them.
_LUMA_WEIGHT = 0.6
# A person's picture shows the colour on 47 % of its area; another's window may cover some.
_LEAST_SHARE = 0.2
# A row or column belongs to a window if it has this part of the colour that the fullest one has: those through code and
# flash have a fifth. It must have some pixels besides, as x264 leaves single ones of any colour at edges.
_LEAST_OF_FULLEST = 0.08
_LEAST_PIXELS = 3

WHOLE = code.Place(0, 0, 1, 1)
Ycc = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """Where a person is seen, in pixels of the picture."""

    person: int
    x: int
    y: int
    width: int
    height: int

    def at(self, x: int, y: int, width: int, height: int, *, within: int = 2) -> bool:
        """Whether each edge is where it should be, to within some pixels."""
        edges = (self.x - x, self.y - y, self.x + self.width - x - width, self.y + self.height - y - height)
        return all(abs(off) <= within for off in edges)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person's picture says: its number, None when it cannot be read, and whether it flashes."""

    number: int | None
    flash: bool


def windows_found(picture: av.VideoFrame, people: Iterable[int] = range(len(COLOURS))) -> list[Window]:
    """Return the window of each of `people` who is seen, in their order: the bounds of all pixels of the colour."""
    image = _halved(picture)
    found = []
    for person in people:
        there = _thick(_of_colour(image, COLOURS[person]))
        rows, columns = (_bounds(there.sum(axis=axis)) for axis in (1, 0))
        if rows and columns:
            (top, bottom), (left, right) = rows, columns
            if there[top:bottom, left:right].mean() >= _LEAST_SHARE:
                found.append(Window(person, left * 2, top * 2, (right - left) * 2, (bottom - top) * 2))
    return found


def who_is_at(picture: av.VideoFrame, x: int, y: int, width: int, height: int) -> int | None:
    """Return whose colour covers most of a rectangle, if it covers as much as a person's picture does."""
    image = _halved(picture)[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
    shares = [float(_of_colour(image, colour).mean()) for colour in COLOURS]
    most = int(np.argmax(shares))
    return most if shares[most] >= _LEAST_SHARE else None


def shows_colour(picture: av.VideoFrame, rgb: int, x: int, y: int, width: int, height: int) -> bool:
    """Whether a rectangle is filled with a colour, 0xRRGGBB, up to single pixels."""
    image = _halved(picture)[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
    return bool(_of_colour(image, rgb).mean() > 0.98)


def said_in(picture: av.VideoFrame, window: Window | tuple[int, int, int, int], shown: code.Place = WHOLE) -> Said:
    """Read a person's picture in a window. `shown` is the part of it that the window shows, when it is cropped."""
    x, y, width, height = window if isinstance(window, tuple) else (window.x, window.y, window.width, window.height)
    luma = planes_of(_planar(picture))[0][y : y + height, x : x + width]
    field = _through(FLASH, shown)
    top, left = (field.top + field.height / 4) * height, (field.left + field.width / 4) * width
    flash = luma[
        round(top) : round(top + field.height / 2 * height), round(left) : round(left + field.width / 2 * width)
    ]
    return Said(code.read(luma, _through(CODE, shown)), bool(flash.size and flash.mean() > 128))


def _through(place: code.Place, shown: code.Place) -> code.Place:
    return code.Place(
        (place.left - shown.left) / shown.width,
        (place.top - shown.top) / shown.height,
        place.width / shown.width,
        place.height / shown.height,
    )


def _planar(picture: av.VideoFrame) -> av.VideoFrame:
    return picture if picture.format.name == "yuv420p" else picture.reformat(format="yuv420p")


def _halved(picture: av.VideoFrame) -> Ycc:
    """Return Y, U, V of half the size, shape (height, width, 3)."""
    luma, u, v = planes_of(_planar(picture))
    rows, columns = luma.shape[0] // 2, luma.shape[1] // 2
    mean = luma[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2).mean(axis=(1, 3), dtype=np.float32)
    return np.stack([mean, u[:rows, :columns], v[:rows, :columns]], axis=-1, dtype=np.float32)


def _of_colour(image: Ycc, rgb: int) -> NDArray[np.bool_]:
    away = image - np.array(colour_of(rgb), np.float32)
    away[..., 0] *= _LUMA_WEIGHT
    near: NDArray[np.bool_] = (away**2).sum(axis=-1) < _NEAR**2
    return near


def _thick(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep squares of two by two: where two windows meet, thin lines of a blended colour may be a third's."""
    corner = there[1:, 1:] & there[1:, :-1] & there[:-1, 1:] & there[:-1, :-1]
    thick = np.zeros_like(there)
    for rows, columns in ((slice(1, None), slice(1, None)), (slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
        thick[rows, columns] |= corner
    thick[:-1, :-1] |= corner
    return thick


def _bounds(counts: NDArray[np.int_]) -> tuple[int, int] | None:
    """Return the first and behind the last line that belong to the window."""
    lines = np.flatnonzero(counts >= max(_LEAST_PIXELS, _LEAST_OF_FULLEST * counts.max(initial=0)))
    return (int(lines[0]), int(lines[-1]) + 1) if lines.size else None
