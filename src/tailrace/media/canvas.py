"""Canvas: the planes of one output picture, and how pixels are laid onto them.

Everything is YUV 4:2:0 with 8 bits, BT.709, limited range. Places and sizes are even, so that the chroma planes, half
as wide and high, need no interpolation.
"""

from dataclasses import dataclass
from typing import Self, cast

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

# BT.709, limited range: Rec. ITU-R BT.709-6 item 3, H.273 table 4 (matrix coefficients 1).
_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE


@dataclass(frozen=True, slots=True)
class Patch:
    """Pixels to lay onto a canvas: `y` of shape (height, width), `u` and `v` of half of both.

    `alpha` has the shape of `y`, 255 is opaque; None: all of it is opaque. The sizes are even.
    """

    y: Plane
    u: Plane
    v: Plane
    alpha: Plane | None = None

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.y.shape[0])


def colour_of(rgb: int) -> tuple[int, int, int]:
    """Return 0xRRGGBB as Y, U, V."""
    red, green, blue = ((rgb >> shift & 255) / 255 for shift in (16, 8, 0))
    luma = _RED * red + _GREEN * green + _BLUE * blue
    u = (blue - luma) / (2 * (1 - _BLUE))
    v = (red - luma) / (2 * (1 - _RED))
    return round(16 + 219 * luma), round(128 + 224 * u), round(128 + 224 * v)


def planes_of(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Return the planes of a yuv420p frame as arrays that share its memory."""
    width, height = frame.width, frame.height
    return (
        _view(frame, 0, width, height),
        _view(frame, 1, (width + 1) // 2, (height + 1) // 2),
        _view(frame, 2, (width + 1) // 2, (height + 1) // 2),
    )


def _view(frame: VideoFrame, index: int, width: int, height: int) -> Plane:
    plane = frame.planes[index]
    # A plane has the buffer protocol, which its type does not say.
    return np.frombuffer(cast(memoryview, plane), np.uint8).reshape(-1, plane.line_size)[:height, :width]


class Canvas:
    """One picture that can be drawn on; `frame` is what the encoder takes."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = VideoFrame(width, height, "yuv420p")
        self.width, self.height = width, height
        self._planes = planes_of(self.frame)

    def fill(self, colour: tuple[int, int, int], x: int, y: int, width: int, height: int) -> Self:
        """Fill a rectangle, cut at the borders, with Y, U, V."""
        left, top = max(0, x), max(0, y)
        right, bottom = min(self.width, x + width), min(self.height, y + height)
        if left < right and top < bottom:
            for plane, value, half in zip(self._planes, colour, (0, 1, 1), strict=True):
                plane[top >> half : bottom >> half, left >> half : right >> half] = value
        return self

    def lay(self, patch: Patch, x: int, y: int) -> Self:
        """Lay a patch with its upper left corner at (x, y); what is beyond the borders is cut."""
        left, top = max(0, x), max(0, y)
        right, bottom = min(self.width, x + patch.width), min(self.height, y + patch.height)
        if left >= right or top >= bottom:
            return self
        for plane, pixels, half in zip(self._planes, (patch.y, patch.u, patch.v), (0, 1, 1), strict=True):
            target = plane[top >> half : bottom >> half, left >> half : right >> half]
            rows = slice(top - y >> half, bottom - y >> half)
            columns = slice(left - x >> half, right - x >> half)
            if patch.alpha is None:
                np.copyto(target, pixels[rows, columns])
            else:
                alpha = patch.alpha[:: 1 << half, :: 1 << half][rows, columns]
                _blend(target, pixels[rows, columns], alpha)
        return self


def _blend(target: Plane, pixels: Plane, alpha: Plane) -> None:
    """Mix `pixels` into `target`: (a p + (255 - a) t) / 255, rounded (the division by 255 as x + x/256 over 256)."""
    weight = alpha.astype(np.uint16)
    mixed = pixels * weight + target * (255 - weight) + 128
    np.copyto(target, (mixed + (mixed >> 8)) >> 8, casting="unsafe")
