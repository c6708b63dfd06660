"""Code: a number in a picture that survives scaling and x264: sixteen black and white blocks, two rows of eight."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 8, 2
CHECK_BITS = 4
# Numbers run from 0 to LIMIT - 1.
LIMIT = 1 << COLUMNS * ROWS - CHECK_BITS
BLACK, WHITE = 16, 235
# A block that is between black and white is of a blended or a broken picture; noise of x264 stays far within this.
_UNSURE = range(86, 166)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the blocks stand, as parts of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


# Over film: a corner, so that the film remains a film.
CORNER = Place(0.0, 0.0, 0.4, 0.15)


def draw(luma: NDArray[np.uint8], number: int, place: Place) -> None:
    """Draw `number` into the luma plane of a picture. Raises ValueError when it is not below LIMIT."""
    if not 0 <= number < LIMIT:
        raise ValueError(f"{number} does not fit into the code")
    word = number << CHECK_BITS | _check(number)
    xs, ys = _edges(luma, place)
    for bit in range(COLUMNS * ROWS):
        row, column = divmod(bit, COLUMNS)
        luma[ys[row] : ys[row + 1], xs[column] : xs[column + 1]] = WHITE if word >> bit & 1 else BLACK


def read(luma: NDArray[np.uint8], place: Place) -> int | None:
    """Return the number in the luma plane of one picture, or None when there is none that can be read for sure."""
    xs, ys = _edges(luma, place)
    word = 0
    for bit in range(COLUMNS * ROWS):
        row, column = divmod(bit, COLUMNS)
        mean = float(_middle(luma, ys[row], ys[row + 1], xs[column], xs[column + 1]).mean())
        if int(mean) in _UNSURE:
            return None
        word |= int(mean > 128) << bit
    number = word >> CHECK_BITS
    return number if word & (1 << CHECK_BITS) - 1 == _check(number) else None


def _check(number: int) -> int:
    """Return four bits that are neither all 0 for 0 nor all 1 for the last: black and white alike are no code."""
    return (number ^ number >> 4 ^ number >> 8 ^ 0b0101) & 15


def _edges(luma: NDArray[np.uint8], place: Place) -> tuple[list[int], list[int]]:
    height, width = luma.shape
    xs = [round((place.left + place.width * n / COLUMNS) * width) for n in range(COLUMNS + 1)]
    ys = [round((place.top + place.height * n / ROWS) * height) for n in range(ROWS + 1)]
    return xs, ys


def _middle(luma: NDArray[np.uint8], top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
    """Return the middle half of a block: its borders are blurred."""
    high, wide = (bottom - top) // 4, (right - left) // 4
    return luma[top + high : max(bottom - high, top + high + 1), left + wide : max(right - wide, left + wide + 1)]
