"""Where a watermark stands in each frame."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.model.mix import ImageMark, Motion, TextMark
from tailrace.model.motion import CROSSING_SECONDS, position
from tailrace.secret import ImageUrl

URL = ImageUrl("http://images.example/mark.png")
WIDTH, HEIGHT, FPS = 1280, 720, 30


def mark(motion: Motion, x: int = 0, y: int = 0, width: int = 200, height: int = 100) -> ImageMark:
    return ImageMark(URL, x, y, width, height, motion=motion)


def walk(moving: ImageMark | TextMark, frames: int, fps: int = FPS, seed: int = 0) -> list[tuple[int, int]]:
    return [position(moving, WIDTH, HEIGHT, frame, fps, seed) for frame in range(frames)]


@pytest.mark.parametrize(("asked", "even"), [(0, 0), (10, 10), (11, 10), (1279, 1278)])
def test_a_fixed_mark_stands_at_its_place_rounded_down_to_even(asked: int, even: int) -> None:
    assert set(walk(mark(Motion.FIXED, x=asked, y=4), 90)) == {(even, 4)}


def test_a_text_moves_like_an_image() -> None:
    text = TextMark("live", 10, 20, 200, 100, font_size=20, motion=Motion.BOUNCING)

    assert walk(text, 100) == walk(mark(Motion.BOUNCING, 10, 20), 100)


def test_a_jumping_mark_stands_still_for_a_second_and_then_is_elsewhere() -> None:
    places = walk(mark(Motion.JUMPING), 60 * FPS)
    seconds = [set(places[second * FPS : (second + 1) * FPS]) for second in range(60)]

    assert [len(second) for second in seconds] == [1] * 60
    assert all(one != next_one for one, next_one in pairwise(seconds))
    assert len(set(places)) > 50


def test_jumps_reach_all_of_the_canvas() -> None:
    places = walk(mark(Motion.JUMPING), 400, fps=1)
    across, down = WIDTH - 200, HEIGHT - 100
    quarters = {(x * 2 > across, y * 2 > down) for x, y in places}

    assert len(quarters) == 4
    assert min(x for x, _ in places) < across / 20
    assert max(x for x, _ in places) > across * 19 / 20


def test_jumps_of_two_tasks_differ_and_of_one_task_are_the_same_anew() -> None:
    jumping = mark(Motion.JUMPING)

    assert walk(jumping, 90, seed=1) == walk(jumping, 90, seed=1)
    assert walk(jumping, 90, seed=1) != walk(jumping, 90, seed=2)


def test_a_bouncing_mark_begins_at_its_place_and_turns_at_the_borders() -> None:
    places = walk(mark(Motion.BOUNCING, 100, 50), 60 * FPS)

    assert places[0] == (100, 50)
    assert places[1] > places[0]
    step = places[1][0] - places[0][0]
    assert min(x for x, _ in places) < step
    assert max(x for x, _ in places) > WIDTH - 200 - step
    assert min(y for _, y in places) < step
    assert max(y for _, y in places) > HEIGHT - 100 - step


def test_a_bouncing_mark_has_the_same_speed_all_the_way() -> None:
    columns = [x for x, _ in walk(mark(Motion.BOUNCING), 100)]
    steps = {after - before for before, after in pairwise(columns)}

    assert len(steps) == 1
    assert steps.pop() == pytest.approx(WIDTH / CROSSING_SECONDS / FPS, abs=2)


marks = st.builds(
    mark,
    st.sampled_from([Motion.JUMPING, Motion.BOUNCING]),
    x=st.integers(0, 2000),
    y=st.integers(0, 2000),
    width=st.integers(2, 2000),
    height=st.integers(2, 2000),
)


@given(marks, st.integers(0, 10**8), st.sampled_from([1, 15, 24, 30, 60]), st.integers(0, 2**64))
def test_a_moving_mark_is_always_inside_and_even(moving: ImageMark, frame: int, fps: int, seed: int) -> None:
    x, y = position(moving, WIDTH, HEIGHT, frame, fps, seed)

    assert x % 2 == y % 2 == 0
    assert 0 <= x <= max(0, WIDTH - moving.width)
    assert 0 <= y <= max(0, HEIGHT - moving.height)


@given(marks, st.integers(0, 10**6), st.sampled_from([1, 15, 24, 30, 60]))
def test_a_bouncing_mark_with_room_moves_with_every_frame(moving: ImageMark, frame: int, fps: int) -> None:
    bouncing = mark(Motion.BOUNCING, moving.x, moving.y, moving.width, moving.height)
    before, after = (position(bouncing, WIDTH, HEIGHT, number, fps) for number in (frame, frame + 1))

    assert (before[0] != after[0]) == (WIDTH - moving.width >= 2)
    assert (before[1] != after[1]) == (HEIGHT - moving.height >= 2)


def test_a_mark_as_large_as_the_canvas_stays() -> None:
    for motion in (Motion.JUMPING, Motion.BOUNCING):
        assert set(walk(mark(motion, 0, 0, WIDTH, HEIGHT), 100)) == {(0, 0)}
