"""Canvas: pixels arrive where they should, cut at the borders, mixed by their alpha."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tailrace.media.canvas import Alpha, Canvas, Patch, colour_of, planes_of

RED, BLACK, WHITE = colour_of(0xFF0000), colour_of(0x000000), colour_of(0xFFFFFF)


def patch(width: int, height: int, colour: tuple[int, int, int], alpha: int | None = None) -> Patch:
    y, u, v = colour
    return Patch(
        np.full((height, width), y, np.uint8),
        np.full((height // 2, width // 2), u, np.uint8),
        np.full((height // 2, width // 2), v, np.uint8),
        None if alpha is None else Alpha(np.full((height, width), alpha, np.uint8)),
    )


def black(width: int = 64, height: int = 36) -> Canvas:
    return Canvas(width, height).fill(BLACK, 0, 0, width, height)


def coloured(canvas: Canvas) -> set[tuple[int, int]]:
    """Where the luma is not black."""
    rows, columns = np.nonzero(planes_of(canvas.frame)[0] != BLACK[0])
    return set(zip(columns.tolist(), rows.tolist(), strict=True))


# Rec. ITU-R BT.709-6, items 3.2 to 3.5: the values of the 100 % colour bars.
@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        (0x000000, (16, 128, 128)),
        (0xFFFFFF, (235, 128, 128)),
        (0xFF0000, (63, 102, 240)),
        (0x00FF00, (173, 42, 26)),
        (0x0000FF, (32, 240, 118)),
    ],
)
def test_colours_are_those_of_the_standard(rgb: int, yuv: tuple[int, int, int]) -> None:
    assert colour_of(rgb) == yuv


@pytest.mark.parametrize(("x", "y"), [(0, 0), (10, 8), (-6, -4), (60, 32), (-100, 0), (64, 0), (0, 36)])
def test_a_patch_covers_its_place_and_nothing_beyond_the_borders(x: int, y: int) -> None:
    canvas = black().lay(patch(20, 10, WHITE), x, y)

    assert coloured(canvas) == {
        (column, row) for column in range(x, x + 20) for row in range(y, y + 10) if 0 <= column < 64 and 0 <= row < 36
    }


def test_chroma_goes_with_luma() -> None:
    _, u, v = planes_of(black().lay(patch(20, 10, RED), 10, 8).frame)

    assert (u[4:9, 5:15] == RED[1]).all()
    assert (v[4:9, 5:15] == RED[2]).all()
    assert np.count_nonzero(v != 128) == 5 * 10


def test_a_filled_rectangle_is_cut_at_the_borders() -> None:
    assert len(coloured(black().fill(WHITE, 54, -6, 100, 10))) == 10 * 4


@pytest.mark.parametrize(("alpha", "luma"), [(0, 16), (255, 235), (128, 126), (1, 17)])
def test_alpha_mixes_with_what_lies_below(alpha: int, luma: int) -> None:
    y, _, _ = planes_of(black().lay(patch(20, 10, WHITE, alpha), 0, 0).frame)

    assert y[0, 0] == luma
    assert y[0, 20] == BLACK[0]


def test_an_alpha_that_changes_within_the_patch_is_cut_with_it() -> None:
    alpha = np.zeros((10, 20), np.uint8)
    alpha[:, 10:] = 255

    assert coloured(black().lay(replace(patch(20, 10, WHITE), alpha=Alpha(alpha)), -6, 0)) == {
        (column, row) for column in range(4, 14) for row in range(10)
    }


def shapes() -> dict[str, NDArray[np.uint8]]:
    """Alphas of every kind, 64 x 36."""
    rows, columns = np.mgrid[0:36, 0:64]
    away = np.hypot((columns - 31.5) / 30, (rows - 17.5) / 16)
    corner = np.zeros((36, 64))
    corner[30:, 50:] = 77
    return {
        name: np.clip(values, 0, 255).astype(np.uint8)
        for name, values in {
            "round with a smooth edge": (1 - away) * 4000,
            "soft": (1 - away) * 255,
            "in a corner": corner,
            "nothing": np.zeros((36, 64)),
            "opaque": np.full((36, 64), 255),
            "noise": np.random.default_rng(1).integers(0, 256, (36, 64)),
        }.items()
    }


@pytest.mark.parametrize("at", [(0, 0), (6, 4), (-10, 2)], ids=["whole", "cut", "cut at the left"])
@pytest.mark.parametrize("shape", shapes())
def test_every_shape_of_alpha_mixes_each_pixel_as_the_formula_says(shape: str, at: tuple[int, int]) -> None:
    alpha = shapes()[shape]
    rng = np.random.default_rng(2)
    planes = [rng.integers(0, 256, size, np.uint8) for size in 2 * ((36, 64), (18, 32), (18, 32))]
    below, above = Patch(planes[0], planes[1], planes[2]), Patch(planes[3], planes[4], planes[5])
    chroma = np.floor(alpha.reshape(18, 2, 32, 2).mean(axis=(1, 3)) + 0.5)

    seen = planes_of(black().lay(below, 0, 0).lay(replace(above, alpha=Alpha(alpha)), *at).frame)

    x, y = at
    for got, lower, upper, weight, half in zip(
        seen, (below.y, below.u, below.v), (above.y, above.u, above.v), (alpha, chroma, chroma), (0, 1, 1), strict=True
    ):
        wanted = lower.astype(float)
        rows, columns = lower.shape
        for row in range(max(0, y >> half), min(rows, rows + (y >> half))):
            for column in range(max(0, x >> half), min(columns, columns + (x >> half))):
                part = weight[row - (y >> half), column - (x >> half)] / 255
                above_it = upper[row - (y >> half), column - (x >> half)]
                wanted[row, column] = above_it * part + lower[row, column] * (1 - part)
        assert np.abs(got - wanted).max() <= 0.51


def test_the_edge_of_a_shape_has_no_fringe_of_another_colour() -> None:
    alpha = np.zeros((36, 64), np.uint8)
    # The edge goes through the middle of a pair: half of what one chroma sample stands for is seen.
    alpha[:, 33:] = 255

    _, _, v = planes_of(black().lay(replace(patch(64, 36, RED), alpha=Alpha(alpha)), 0, 0).frame)

    assert (v[:, 15] == 128).all()
    assert (v[:, 16] == (128 + RED[2]) // 2).all()
    assert (v[:, 17] == RED[2]).all()


def test_the_frame_is_what_was_drawn() -> None:
    image = black().lay(patch(64, 36, RED), 0, 0).frame.to_ndarray(format="gray")

    assert (image == RED[0]).all() or np.ptp(image) == 0
