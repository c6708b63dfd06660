"""Scaler: pictures fill their windows as asked, and nothing is done twice."""

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from tailrace.media.canvas import planes_of
from tailrace.media.scaler import Scaled, Scaler, Shape
from tailrace.model.mix import Crop, Fit
from tailrace.model.templates import Box

LEFT, RIGHT = 60, 200


def halves(width: int, height: int, layout: str = "yuv420p") -> VideoFrame:
    """A picture whose left half is dark and whose right half is bright."""
    grey = np.full((height, width), RIGHT, np.uint8)
    grey[:, : width // 2] = LEFT
    return av.VideoFrame.from_ndarray(grey, "gray").reformat(format=layout)


def luma(scaled: Scaled, x: int, y: int) -> int:
    return int(scaled.patch.y[y, x])


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (1280, 720), (64, 200)])
def test_a_stretched_picture_has_the_size_of_its_window(size: tuple[int, int]) -> None:
    scaled = Scaler().scale(halves(640, 360), Shape(*size, Fit.STRETCH))

    assert (scaled.patch.width, scaled.patch.height) == size
    assert scaled.patch.u.shape == (size[1] // 2, size[0] // 2)
    assert luma(scaled, 2, 2) < luma(scaled, size[0] - 3, size[1] - 3)


def test_a_picture_that_is_cut_keeps_its_middle() -> None:
    scaled = Scaler().scale(halves(640, 360), Shape(100, 200, Fit.CROP))

    assert scaled.placement.source == Box(230, 0, 180, 360)
    assert luma(scaled, 45, 100) < luma(scaled, 55, 100)


def test_a_picture_that_is_fitted_inside_leaves_bars() -> None:
    scaled = Scaler().scale(halves(640, 360), Shape(200, 200, Fit.INSIDE_ON_BLACK))

    assert scaled.placement.target == Box(0, 44, 200, 112)
    assert (scaled.patch.width, scaled.patch.height) == (200, 112)
    assert scaled.placement.black


def test_only_the_cropped_part_is_shown() -> None:
    scaled = Scaler().scale(halves(640, 360), Shape(200, 200, Fit.STRETCH, Crop(0, 0, 320, 360)))

    assert scaled.patch.y.max() < (LEFT + RIGHT) / 2


def test_a_picture_that_fits_already_is_not_copied() -> None:
    frame = halves(320, 180)

    scaled = Scaler().scale(frame, Shape(320, 180, Fit.CROP))

    assert np.shares_memory(scaled.patch.y, planes_of(frame)[0])


def test_pictures_that_change_their_size_or_layout_are_scaled_alike() -> None:
    scaler = Scaler()
    shape = Shape(160, 90, Fit.CROP)

    seen = [scaler.scale(halves(*size), shape) for size in ((640, 360), (1280, 720), (641, 361))]
    seen.append(scaler.scale(halves(640, 360, "yuv444p"), shape))

    assert {(scaled.patch.width, scaled.patch.height) for scaled in seen} == {(160, 90)}
    assert np.ptp([luma(scaled, 20, 45) for scaled in seen]) <= 2


def test_full_range_pictures_become_limited_range() -> None:
    white = av.VideoFrame.from_ndarray(np.full((90, 160), 255, np.uint8), "gray").reformat(format="yuvj420p")

    scaled = Scaler().scale(white, Shape(80, 44, Fit.STRETCH))

    assert abs(int(scaled.patch.y.max()) - 235) <= 1
