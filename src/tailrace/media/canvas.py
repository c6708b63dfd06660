"""Canvas: the planes of one output picture, and how pixels are laid onto them.

Everything is YUV 4:2:0 with 8 bits, BT.709, limited range. Places and sizes are even, so that the chroma planes, half
as wide and high, need no interpolation.
"""

from dataclasses import dataclass
from typing import Final, Self, cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

# BT.709, limited range: Rec. ITU-R BT.709-6 item 3, H.273 table 4 (matrix coefficients 1).
_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE


# Pixels that are blended in one go: few enough for the processor's cache, which makes 720p four times as fast as all at
# once, and enough that the time of numpy's calls does not count.
_AT_ONCE: Final = 32_768
# Where less than this part of the pixels is translucent, those are blended one by one; 20 times as dear for each of
# them, but the others cost a copy at most.
_FEW: Final = 1 / 32


class _Cover:
    """The alpha of one plane, with what is known of it in advance: where it is opaque, and which pixels are between."""

    __slots__ = ("_box", "_edge", "_opaque", "_weights", "alpha")

    def __init__(self, alpha: Plane) -> None:
        self.alpha = alpha
        self._box = _bounds(alpha.max(axis=1)), _bounds(alpha.max(axis=0))
        boxed = alpha[self._box]
        self._opaque = boxed == 255
        edge = np.nonzero((boxed > 0) & ~self._opaque)
        self._edge = edge if edge[0].size <= boxed.size * _FEW else None
        self._weights = boxed[edge]

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        edge = sum(indices.nbytes for indices in self._edge) if self._edge else 0
        return int(self.alpha.nbytes + self._opaque.nbytes + self._weights.nbytes + edge)

    def lay(self, target: Plane, pixels: Plane) -> None:
        """Mix `pixels` into `target`; both have the alpha's shape."""
        target, pixels = target[self._box], pixels[self._box]
        if self._edge is None:
            _blend(target, pixels, self.alpha[self._box])
        else:
            np.copyto(target, pixels, where=self._opaque)
            target[self._edge] = _mixed(target[self._edge], pixels[self._edge], self._weights)


class Alpha:
    """How much of each pixel of a patch is seen; it is made once and laid often.

    `plane` has the shape of the patch's `y`, 255 is opaque. Chroma has the mean of the four pixels that it stands for:
    with that of one of them, edges would have a fringe.
    """

    __slots__ = ("_covers", "plane")

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        four = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).sum(axis=(1, 3), dtype=np.uint16)
        self._covers = _Cover(plane), _Cover(((four + 2) >> 2).astype(np.uint8))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(cover.nbytes for cover in self._covers)

    def lay(self, half: int, target: Plane, pixels: Plane, rows: slice, columns: slice) -> None:
        """Mix a part of luma (`half` 0) or chroma (1) into `target`; `rows` and `columns` say which part it is."""
        cover = self._covers[half]
        if target.shape == cover.alpha.shape:
            cover.lay(target, pixels)
        else:
            _blend(target, pixels[rows, columns], cover.alpha[rows, columns])


@dataclass(frozen=True, slots=True)
class Patch:
    """Pixels to lay onto a canvas: `y` of shape (height, width), `u` and `v` of half of both.

    `alpha` is for pixels that are not opaque; None: all of it is opaque. The sizes are even.
    """

    y: Plane
    u: Plane
    v: Plane
    alpha: Alpha | None = None

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.y.shape[0])

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.y.nbytes + self.u.nbytes + self.v.nbytes + (self.alpha.nbytes if self.alpha else 0)


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
    y, u, v = frame.planes  # once: each look makes new ones
    half = (width + 1) // 2, (height + 1) // 2
    return _view(y, width, height), _view(u, *half), _view(v, *half)


def _view(plane: VideoPlane, width: int, height: int) -> Plane:
    # A plane has the buffer protocol, which its type does not say. In one step: a mix does this 400 times a second.
    return np.ndarray((height, width), np.uint8, cast(memoryview, plane), 0, (plane.line_size, 1))


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
                patch.alpha.lay(half, target, pixels, rows, columns)
        return self


def _bounds(alpha: Plane) -> slice:
    """Return from the first to the last that is not 0."""
    indices = np.flatnonzero(alpha)
    return slice(int(indices[0]), int(indices[-1]) + 1) if indices.size else slice(0)


def _blend(target: Plane, pixels: Plane, alpha: Plane) -> None:
    rows = max(1, _AT_ONCE // max(1, target.shape[1]))
    for top in range(0, target.shape[0], rows):
        part = slice(top, top + rows)
        target[part] = _mixed(target[part], pixels[part], alpha[part])


def _mixed(below: Plane, above: Plane, alpha: Plane) -> Plane:
    """Return (a p + (255 - a) t) / 255, rounded (the division by 255 as x + x/256 over 256)."""
    mixed = np.multiply(above, alpha, dtype=np.uint16)
    mixed += np.multiply(below, 255 - alpha, dtype=np.uint16)
    mixed += 128
    mixed += mixed >> 8
    mixed >>= 8
    return mixed.astype(np.uint8)
