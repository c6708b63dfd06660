"""Canvas: pixels arrive where they should, cut at the borders, mixed by their alpha."""

import numpy as np
import pytest

from tailrace.media.canvas import Canvas, Patch, colour_of, planes_of

RED, BLACK, WHITE = colour_of(0xFF0000), colour_of(0x000000), colour_of(0xFFFFFF)


def patch(width: int, height: int, colour: tuple[int, int, int], alpha: int | None = None) -> Patch:
    y, u, v = colour
    return Patch(
        np.full((height, width), y, np.uint8),
        np.full((height // 2, width // 2), u, np.uint8),
        np.full((height // 2, width // 2), v, np.uint8),
        None if alpha is None else np.full((height, width), alpha, np.uint8),
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
    whole = patch(20, 10, WHITE, 0)
    assert whole.alpha is not None
    whole.alpha[:, 10:] = 255

    assert coloured(black().lay(whole, -6, 0)) == {(column, row) for column in range(4, 14) for row in range(10)}


def test_the_frame_is_what_was_drawn() -> None:
    image = black().lay(patch(64, 36, RED), 0, 0).frame.to_ndarray(format="gray")

    assert (image == RED[0]).all() or np.ptp(image) == 0
