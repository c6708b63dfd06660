"""Fitting: which part of a source goes where in its window."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailrace.model.fitting import Placement, place
from tailrace.model.mix import Crop, Fit
from tailrace.model.templates import Box

SIZES = st.integers(1, 4096)
EVEN_SIZES = st.integers(1, 1024).map(lambda half: 2 * half)
CROPS = st.none() | st.builds(Crop, *[st.integers(0, 5000)] * 2, *[st.integers(1, 5000)] * 2)


def test_a_picture_of_the_windows_shape_fills_it_whatever_the_fit() -> None:
    for fit in Fit:
        assert place(fit, 1280, 720, 640, 360) == Placement(Box(0, 0, 1280, 720), Box(0, 0, 640, 360), black=False)


@pytest.mark.parametrize(
    ("source", "window", "part"),
    [
        pytest.param((1280, 720), (360, 360), Box(280, 0, 720, 720), id="a wide one loses its sides"),
        pytest.param((720, 1280), (640, 360), Box(0, 436, 720, 406), id="a turned one loses above and below"),
        pytest.param((1280, 720), (426, 240), Box(0, 0, 1278, 720), id="nearly the same shape"),
    ],
)
def test_crop_shows_the_middle_of_the_source(source: tuple[int, int], window: tuple[int, int], part: Box) -> None:
    assert place(Fit.CROP, *source, *window) == Placement(part, Box(0, 0, *window), black=False)


@pytest.mark.parametrize("fit", [Fit.INSIDE, Fit.INSIDE_ON_BLACK])
@pytest.mark.parametrize(
    ("source", "window", "target"),
    [
        pytest.param((1280, 720), (360, 360), Box(0, 78, 360, 202), id="a wide one has bars above and below"),
        pytest.param((720, 1280), (640, 360), Box(218, 0, 202, 360), id="a turned one has bars at its sides"),
    ],
)
def test_inside_shows_the_whole_source_in_the_middle_of_the_window(
    fit: Fit, source: tuple[int, int], window: tuple[int, int], target: Box
) -> None:
    assert place(fit, *source, *window) == Placement(Box(0, 0, *source), target, black=fit is Fit.INSIDE_ON_BLACK)


def test_stretch_shows_the_whole_source_in_the_whole_window() -> None:
    assert place(Fit.STRETCH, 100, 900, 640, 360) == Placement(Box(0, 0, 100, 900), Box(0, 0, 640, 360), black=False)


def test_the_fit_works_on_what_the_callers_crop_leaves() -> None:
    crop = Crop(200, 100, 400, 400)

    assert place(Fit.STRETCH, 1280, 720, 640, 360, crop).source == Box(200, 100, 400, 400)
    assert place(Fit.CROP, 1280, 720, 640, 360, crop).source == Box(200, 186, 400, 226)
    assert place(Fit.INSIDE, 1280, 720, 640, 360, crop).target == Box(140, 0, 360, 360)


@pytest.mark.parametrize(
    ("crop", "part"),
    [
        pytest.param(Crop(1000, 600, 1000, 1000), Box(1000, 600, 280, 120), id="cut at the borders"),
        pytest.param(Crop(1280, 0, 100, 100), Box(0, 0, 1280, 720), id="ignored beyond the right border"),
        pytest.param(Crop(0, 720, 100, 100), Box(0, 0, 1280, 720), id="ignored beyond the lower border"),
        pytest.param(Crop(101, 51, 101, 51), Box(100, 50, 102, 52), id="even"),
        pytest.param(Crop(10, 20, 1, 1), Box(10, 20, 2, 2), id="two pixels at least"),
        pytest.param(Crop(1279, 719, 9, 9), Box(1278, 718, 2, 2), id="the last pixels"),
    ],
)
def test_a_crop_is_even_and_within_the_source(crop: Crop, part: Box) -> None:
    assert place(Fit.STRETCH, 1280, 720, 640, 360, crop).source == part


def test_a_crop_keeps_the_last_column_and_row_of_an_odd_source() -> None:
    assert place(Fit.STRETCH, 641, 361, 640, 360, Crop(600, 300, 99, 99)).source == Box(600, 300, 41, 61)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("source", [(1, 1), (1, 4096), (4096, 1), (3, 3)])
def test_a_source_of_a_few_pixels_is_shown(fit: Fit, source: tuple[int, int]) -> None:
    placement = place(fit, *source, 640, 360)

    assert min(placement.source.width, placement.source.height) >= 1
    assert min(placement.target.width, placement.target.height) >= 2


def even_up_to(border: int, start: int, length: int) -> bool:
    return start % 2 == 0 and length >= 1 and (length % 2 == 0 or start + length == border) and start + length <= border


@given(st.sampled_from(Fit), SIZES, SIZES, EVEN_SIZES, EVEN_SIZES, CROPS)
@example(Fit.CROP, 1, 1, 2, 2, Crop(0, 0, 1, 1))
@example(Fit.CROP, 3, 1, 2, 2048, Crop(2, 0, 1, 1))
def test_the_part_is_in_the_source_and_the_target_in_the_window(
    fit: Fit, width: int, height: int, window_width: int, window_height: int, crop: Crop | None
) -> None:
    placement = place(fit, width, height, window_width, window_height, crop)
    source, target = placement.source, placement.target

    assert even_up_to(width, source.x, source.width)
    assert even_up_to(height, source.y, source.height)
    assert min(source.x, source.y, target.x, target.y) >= 0
    assert not any(number % 2 for number in (target.x, target.y, target.width, target.height))
    assert 2 <= target.width <= window_width - target.x
    assert 2 <= target.height <= window_height - target.y
    assert placement.black is (
        fit is Fit.INSIDE_ON_BLACK and (target.width, target.height) != (window_width, window_height)
    )


@given(st.sampled_from([Fit.INSIDE, Fit.INSIDE_ON_BLACK]), SIZES, SIZES, EVEN_SIZES, EVEN_SIZES)
def test_inside_keeps_the_aspect_within_a_pixel_and_touches_two_borders(
    fit: Fit, width: int, height: int, window_width: int, window_height: int
) -> None:
    target = place(fit, width, height, window_width, window_height).target
    scale = min(Fraction(window_width, width), Fraction(window_height, height))

    assert target.width == window_width or target.height == window_height
    # Two pixels are the least that 4:2:0 can show.
    assert abs(target.width - max(Fraction(2), width * scale)) <= 1
    assert abs(target.height - max(Fraction(2), height * scale)) <= 1


@given(SIZES, SIZES, EVEN_SIZES, EVEN_SIZES)
def test_crop_keeps_the_aspect_within_a_pixel_of_the_source_and_its_middle(
    width: int, height: int, window_width: int, window_height: int
) -> None:
    source = place(Fit.CROP, width, height, window_width, window_height).source
    scale = min(Fraction(width, window_width), Fraction(height, window_height))

    assert abs(source.width - min(Fraction(width), max(Fraction(2), window_width * scale))) <= 1
    assert abs(source.height - min(Fraction(height), max(Fraction(2), window_height * scale))) <= 1
    # Both sides lose the same, as near as even corners can have it.
    assert abs(2 * source.x + source.width - width) <= 3
    assert abs(2 * source.y + source.height - height) <= 3
