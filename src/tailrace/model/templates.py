"""Templates: where the windows of the dynamic layouts stand.

Fractions of the canvas as spec/03 section 3 has them, each place and size rounded down to even pixels. Windows so
rounded never overlap, since two numbers rounded down do not add up to more than their sum rounded down.
"""

from dataclasses import dataclass
from math import isqrt

MOST_SMALL = 15

# Floating, in thousandths of the canvas: margins and gaps 12, small windows 235; four of them fill a row:
# 4 * 235 + 5 * 12 = 1000.
_MARGIN, _SMALL, _FLOATING_COLUMNS = 12, 235, 4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


def floating(small: int, width: int, height: int) -> list[Box]:
    """Return the big window, and up to 15 small ones in rows of four, from the lower left corner upwards."""
    step = _MARGIN + _SMALL
    boxes = [whole(width, height)]
    for row, column in (divmod(number, _FLOATING_COLUMNS) for number in range(min(small, MOST_SMALL))):
        x = _MARGIN + column * step
        y = 1000 - (row + 1) * step
        boxes.append(_box(width, (x, _SMALL), height, (y, _SMALL), 1000, 1000))
    return boxes


def screen_sharing(small: int, width: int, height: int) -> list[Box]:
    """Return the big window at the left, and up to 15 small ones from top to bottom at the right.

    Two columns when there are more than eight; the one next to the big window fills first.
    """
    small = min(small, MOST_SMALL)
    if small <= 4:
        big, across, rows = 4, 5, 4
    elif small <= 6:
        big, across, rows = 6, 7, 6
    elif small <= 8:
        big, across, rows = 8, 9, 8
    else:
        big, across, rows = 8, 10, 8
    boxes = [_box(width, (0, big), height, (0, 1), across, 1)]
    for column, row in (divmod(number, rows) for number in range(small)):
        boxes.append(_box(width, (big + column, 1), height, (row, 1), across, rows))
    return boxes


def grid(count: int, width: int, height: int, *, centre_last_row: bool = False) -> list[Box]:
    """Return up to 16 equal windows, from left to right and top to bottom.

    `centre_last_row` puts an incomplete last row in the middle, as a sample of the cloud's documentation has it.
    """
    columns = min(4, isqrt(max(0, count - 1)) + 1)  # the smallest square that holds them
    rows = 1 if count <= 2 else columns
    count = min(count, columns * rows)
    boxes = []
    for row, column in (divmod(number, columns) for number in range(count)):
        missing = max(0, (row + 1) * columns - count) if centre_last_row else 0
        boxes.append(_box(width, (2 * column + missing, 2), height, (row, 1), 2 * columns, rows))
    return boxes


def whole(width: int, height: int) -> Box:
    """Return the box that is the canvas."""
    return Box(0, 0, even(width), even(height))


def even(number: int, divisor: int = 1) -> int:
    """Return `number / divisor`, rounded down to an even number."""
    return number // (2 * divisor) * 2


def _box(width: int, across: tuple[int, int], height: int, down: tuple[int, int], columns: int, rows: int) -> Box:
    """Return a box whose (start, size) are given in parts, of which `columns` or `rows` make the whole canvas."""
    (x, wide), (y, high) = across, down
    return Box(even(x * width, columns), even(y * height, rows), even(wide * width, columns), even(high * height, rows))
