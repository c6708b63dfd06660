"""Fitting: which part of a source picture goes where in its window.

Pictures are YUV 4:2:0: corners and sizes are even, so that no chroma sample is cut. Only the source may have an odd
size; then a part that reaches its right or lower border is odd, too.
"""

from dataclasses import dataclass

from tailrace.model.mix import Crop, Fit
from tailrace.model.templates import Box, even, whole


@dataclass(frozen=True, slots=True)
class Placement:
    """Scale `source`, a part of the source picture, to `target`, counted from the window's upper left corner.

    `black`: the picture does not fill its window, and the rest of the window is black.
    """

    source: Box
    target: Box
    black: bool


def place(
    fit: Fit,
    source_width: int,
    source_height: int,
    window_width: int,
    window_height: int,
    crop: Crop | None = None,
) -> Placement:
    """Return how a picture is placed in a window of even size; all sizes are at least 1, the window's at least 2.

    `crop` is applied first (spec/03 section 4). It is cut at the borders of the source, and ignored when nothing is
    left.
    """
    part = _part(source_width, source_height, crop)
    window = whole(window_width, window_height)
    if fit is Fit.STRETCH:
        return Placement(part, window, black=False)
    if fit is Fit.CROP:
        return Placement(_largest(part, window), window, black=False)
    target = _largest(window, part)
    return Placement(part, target, black=fit is Fit.INSIDE_ON_BLACK and target != window)


def _part(width: int, height: int, crop: Crop | None) -> Box:
    if crop is None:
        return Box(0, 0, width, height)
    right, bottom = min(width, crop.x + crop.width), min(height, crop.y + crop.height)
    if crop.x >= right or crop.y >= bottom:
        return Box(0, 0, width, height)
    x, y = even(crop.x), even(crop.y)
    return Box(x, y, _length(x, right, width), _length(y, bottom, height))


def _length(start: int, end: int, border: int) -> int:
    """Return an even length, 2 at least, or the one up to the border."""
    return border - start if end == border else max(2, even(end - start))


def _largest(frame: Box, shape: Box) -> Box:
    """Return the largest box in the middle of `frame` that has the aspect ratio of `shape`."""
    # One of the two is cut down, to the nearest even number, and the other stays.
    width = min(frame.width, max(2, _nearest(frame.height * shape.width, shape.height)))
    height = min(frame.height, max(2, _nearest(frame.width * shape.height, shape.width)))
    return Box(frame.x + even(frame.width - width, 2), frame.y + even(frame.height - height, 2), width, height)


def _nearest(number: int, divisor: int) -> int:
    """Return the even number nearest to `number / divisor`."""
    return (number + divisor) // (2 * divisor) * 2
