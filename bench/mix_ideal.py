"""Ideal: the picture that a mix would show if nothing were lost, in floating point, and how far another is from it."""

from collections.abc import Sequence

import av
import numpy as np
from numpy.typing import NDArray

from tailrace.media.canvas import Plane, planes_of

Exactly = NDArray[np.float32]

# Taps on each side at the scale of the smaller picture, as is usual for Lanczos.
_LOBES = 3


def lanczos(source: int, target: int) -> Exactly:
    """Return the matrix, of shape (target, source), that resamples a line: Lanczos, widened when it gets smaller."""
    factor = source / target
    wide = max(1.0, factor)
    centres = (np.arange(target)[:, None] + 0.5) * factor - 0.5
    away = (np.arange(source)[None, :] - centres) / wide
    weights = np.where(np.abs(away) < _LOBES, np.sinc(away) * np.sinc(away / _LOBES), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def area(source: int, target: int) -> Exactly:
    """Return the matrix that resamples a line by averaging what each target pixel covers."""
    factor = source / target
    edges = np.arange(target + 1)[:, None] * factor
    covered = np.clip(edges - np.arange(source)[None, :], 0.0, 1.0)
    return np.asarray((covered[1:] - covered[:-1]) / factor, np.float32)


class Scaler:
    """Resamples planes of one size to another size."""

    def __init__(self, kernel: str, source: tuple[int, int], target: tuple[int, int]) -> None:
        make = {"area": area, "lanczos": lanczos}[kernel]
        self._wide = make(source[0], target[0]).T
        self._high = make(source[1], target[1])

    def __call__(self, plane: Plane) -> Exactly:
        """Return the plane resampled, clipped to 0..255 but not rounded."""
        return np.clip(self._high @ plane.astype(np.float32) @ self._wide, 0, 255)


class Exact:
    """The exact pictures of people in a grid, by both kernels. Sizes are (width, height)."""

    def __init__(
        self,
        people: Sequence[Sequence[av.VideoFrame]],
        places: Sequence[tuple[int, int]],
        window: tuple[int, int],
        size: tuple[int, int],
    ) -> None:
        self._people, self._places, self._size = people, places, size
        first = people[0][0]
        source = first.width, first.height
        half = [(length[0] // 2, length[1] // 2) for length in (source, window)]
        self._scalers = [
            (Scaler(kernel, source, window), Scaler(kernel, half[0], half[1])) for kernel in ("area", "lanczos")
        ]

    def psnr(self, number: int, picture: av.VideoFrame) -> tuple[float, float]:
        """Return how far `picture` is from the exact one of that number, in dB: by area, by Lanczos."""
        area_db, lanczos_db = (
            psnr(self._picture(number, luma, chroma), planes_of(picture)) for luma, chroma in self._scalers
        )
        return area_db, lanczos_db

    def _picture(self, number: int, luma: Scaler, chroma: Scaler) -> list[Exactly]:
        width, height = self._size
        planes = [np.zeros((height >> half, width >> half), np.float32) for half in (0, 1, 1)]
        for frames, (x, y) in zip(self._people, self._places, strict=True):
            for plane, pixels, half in zip(planes, planes_of(frames[number]), (0, 1, 1), strict=True):
                scaled = (chroma if half else luma)(pixels)
                plane[y >> half : (y >> half) + scaled.shape[0], x >> half : (x >> half) + scaled.shape[1]] = scaled
        return planes


def psnr(ideal: Sequence[Exactly], seen: Sequence[Plane]) -> float:
    """Return the PSNR over all samples of all planes, in dB."""
    error = sum(float(np.square(one - other).sum()) for one, other in zip(ideal, seen, strict=True))
    count = sum(plane.size for plane in ideal)
    return float(10 * np.log10(255**2 * count / max(error, 1e-9)))
