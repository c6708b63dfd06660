"""Templates: the figures of spec/03 section 3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.model.templates import Box, floating, grid, screen_sharing

WIDTH, HEIGHT = 1280, 720
SIZES = st.integers(1, 960).map(lambda half: 2 * half)

# In full: x = 15.36, 331.52, 647.68, 963.84; y = 542.16, 364.32, 186.48, 8.64; 300.8 x 169.2.
COLUMNS, ROWS = (14, 330, 646, 962), (542, 364, 186, 8)


def corners(boxes: list[Box]) -> list[tuple[int, int]]:
    return [(box.x, box.y) for box in boxes]


def sizes(boxes: list[Box]) -> set[tuple[int, int]]:
    return {(box.width, box.height) for box in boxes}


@pytest.mark.parametrize("small", range(16))
def test_floating_fills_rows_of_four_from_the_lower_left_corner_upwards(small: int) -> None:
    big, *others = floating(small, WIDTH, HEIGHT)

    assert big == Box(0, 0, WIDTH, HEIGHT)
    assert corners(others) == [(x, y) for y in ROWS for x in COLUMNS][:small]
    assert sizes(others) <= {(300, 168)}


def test_floating_has_at_most_15_small_windows() -> None:
    assert len(floating(99, WIDTH, HEIGHT)) == 16


# spec/03 section 3.2: N counts the big window. 1280/7 = 182.86, 1280/9 = 142.2; 6 * 1280/7 = 1097.1.
@pytest.mark.parametrize(
    ("n", "big", "small", "column"),
    [
        *((n, (1024, 720), (256, 180), 1024) for n in range(2, 6)),
        *((n, (1096, 720), (182, 120), 1096) for n in (6, 7)),
        *((n, (1136, 720), (142, 90), 1136) for n in (8, 9)),
    ],
)
def test_screen_sharing_has_one_column_for_up_to_nine(
    n: int, big: tuple[int, int], small: tuple[int, int], column: int
) -> None:
    first, *others = screen_sharing(n - 1, WIDTH, HEIGHT)

    assert first == Box(0, 0, *big)
    assert corners(others) == [(column, row * small[1]) for row in range(n - 1)]
    assert sizes(others) == {small}


@pytest.mark.parametrize("n", range(10, 17))
def test_screen_sharing_has_two_columns_above_nine_and_the_inner_one_fills_first(n: int) -> None:
    first, *others = screen_sharing(n - 1, WIDTH, HEIGHT)

    assert first == Box(0, 0, 1024, 720)
    assert corners(others) == [(x, row * 90) for x in (1024, 1152) for row in range(8)][: n - 1]
    assert sizes(others) == {(128, 90)}


def test_screen_sharing_keeps_the_place_of_the_big_window_when_it_is_alone() -> None:
    assert screen_sharing(0, WIDTH, HEIGHT) == [Box(0, 0, 1024, 720)]


def test_screen_sharing_has_at_most_15_small_windows() -> None:
    assert len(screen_sharing(99, WIDTH, HEIGHT)) == 16


@pytest.mark.parametrize(
    ("n", "side", "size"),
    [
        (1, 1, (1280, 720)),
        (2, 2, (640, 720)),
        *((n, 2, (640, 360)) for n in (3, 4)),
        *((n, 3, (426, 240)) for n in range(5, 10)),
        *((n, 4, (320, 180)) for n in range(10, 17)),
    ],
)
def test_grid_fills_rows_from_left_to_right(n: int, side: int, size: tuple[int, int]) -> None:
    boxes = grid(n, WIDTH, HEIGHT)

    assert corners(boxes) == [(column * size[0], row * size[1]) for row in range(side) for column in range(side)][:n]
    assert sizes(boxes) == {size}


def test_a_grid_of_nobody_is_empty_and_one_of_many_has_16() -> None:
    assert grid(0, WIDTH, HEIGHT) == []
    assert len(grid(99, WIDTH, HEIGHT)) == 16


def test_the_last_row_can_be_centred_as_in_the_documented_sample() -> None:
    # The SEI sample of spec/03 section 3.3: 1080 x 960, three regions of 540 x 480.
    assert grid(3, 1080, 960, centre_last_row=True) == [
        Box(0, 0, 540, 480),
        Box(540, 0, 540, 480),
        Box(270, 480, 540, 480),
    ]


@pytest.mark.parametrize(
    ("n", "last_row"),
    [
        (1, [0]),
        (2, [0, 640]),
        (4, [0, 640]),
        (5, [212, 640]),
        (7, [426]),
        (9, [0, 426, 852]),
        (10, [320, 640]),
        (11, [160, 480, 800]),
        (13, [480]),
        (16, [0, 320, 640, 960]),
    ],
)
def test_centring_moves_the_last_row_alone(n: int, last_row: list[int]) -> None:
    plain, centred = grid(n, WIDTH, HEIGHT), grid(n, WIDTH, HEIGHT, centre_last_row=True)
    above = n - len(last_row)

    assert centred[:above] == plain[:above]
    assert [box.x for box in centred[above:]] == last_row
    assert [(box.y, box.width, box.height) for box in centred] == [(box.y, box.width, box.height) for box in plain]


def inside_and_even(box: Box, width: int, height: int) -> bool:
    return (
        min(box.x, box.y, box.width, box.height) >= 0
        and box.x + box.width <= width
        and box.y + box.height <= height
        and not any(number % 2 for number in (box.x, box.y, box.width, box.height))
    )


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


@given(st.integers(0, 20), SIZES, SIZES, st.booleans())
def test_every_window_of_every_template_is_inside_the_canvas_and_even(
    count: int, width: int, height: int, centre: bool
) -> None:
    boxes = [
        *floating(count, width, height),
        *screen_sharing(count, width, height),
        *grid(count, width, height, centre_last_row=centre),
    ]

    assert [box for box in boxes if not inside_and_even(box, width, height)] == []


@given(st.integers(0, 20), SIZES, SIZES, st.booleans())
def test_no_windows_overlap_but_those_that_float_on_the_big_one(
    count: int, width: int, height: int, centre: bool
) -> None:
    for boxes in (
        floating(count, width, height)[1:],
        screen_sharing(count, width, height),
        grid(count, width, height, centre_last_row=centre),
    ):
        assert all(apart(one, other) for index, one in enumerate(boxes) for other in boxes[:index])
