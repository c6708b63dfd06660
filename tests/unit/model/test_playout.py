"""Playout: units are due evenly and in time, whatever the network and the publisher's clock do."""

import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tailrace.model.playout import (
    FIRST_DELAY_US,
    LARGEST_DELAY_US,
    MARGIN_US,
    SMALLEST_DELAY_US,
    Playout,
)

MS = 1_000
SECOND = 1_000_000
FRAME = 20 * MS
# The publisher's clock stands anywhere.
CLOCK = 77_000 * SECOND


def units(
    start: int, end: int, *, delay: Callable[[], int] = lambda: 0, clock: int = CLOCK, ppm: float = 0.0
) -> Iterator[tuple[int, int]]:
    """Yield pts and arrival of a unit for each FRAME. The publisher's clock runs `ppm` too fast."""
    arrived = 0
    for sent in range(start, end, FRAME):
        arrived = max(arrived, sent + delay())  # TCP keeps the order
        yield clock + round(sent * (1 + ppm / 1_000_000)), arrived


def feed(playout: Playout, arrivals: Iterator[tuple[int, int]]) -> list[int]:
    """Return the offset after each arrival."""
    offsets = []
    for pts, now in arrivals:
        playout.arrived(pts, now)
        offsets.append(playout.offset_us)
    return offsets


def slowest_step(offsets: list[int]) -> int:
    return max(abs(later - earlier) for earlier, later in pairwise(offsets))


def test_a_unit_is_due_the_delay_after_the_fastest_came() -> None:
    playout = Playout()

    playout.arrived(CLOCK, 5 * MS)

    assert playout.at(CLOCK + FRAME) == FRAME + 5 * MS + FIRST_DELAY_US


def test_before_anything_came_times_are_left_as_they_are() -> None:
    assert Playout().at(7) == 7


def test_a_calm_network_brings_the_delay_down_slowly_and_not_to_nothing() -> None:
    playout = Playout()

    offsets = feed(playout, units(0, 60 * SECOND))

    assert playout.delay_us == SMALLEST_DELAY_US
    assert slowest_step(offsets) <= FRAME * 5 // 1000
    assert playout.late == 0


def test_the_first_group_of_pictures_is_not_taken_for_a_slow_network() -> None:
    playout = Playout()
    for pts in range(CLOCK - 5 * SECOND, CLOCK, FRAME):
        playout.arrived(pts, 0)

    offsets = feed(playout, units(0, 5 * SECOND))

    assert offsets[0] == pytest.approx(FIRST_DELAY_US - CLOCK, abs=FRAME)
    assert playout.delay_us <= FIRST_DELAY_US


def test_a_first_group_with_all_pictures_before_all_sound_does_no_harm() -> None:
    playout = Playout()
    for _ in range(2):
        for pts in range(CLOCK - 5 * SECOND, CLOCK, FRAME):
            playout.arrived(pts, (pts - CLOCK + 5 * SECOND) // 50)  # 100 ms for each track

    feed(playout, units(100 * MS, 5 * SECOND))

    assert playout.at(CLOCK) == pytest.approx(FIRST_DELAY_US, abs=FRAME)


def test_a_group_that_was_asked_for_says_when_its_last_picture_is_due() -> None:
    playout = Playout()

    for pts in range(CLOCK - 5 * SECOND, CLOCK, FRAME):
        playout.joined(pts, 0)

    assert playout.at(CLOCK) == FRAME + FIRST_DELAY_US
    playout.arrived(CLOCK, 5 * MS)
    assert playout.at(CLOCK) == 5 * MS + FIRST_DELAY_US


def test_a_group_that_was_asked_for_later_changes_nothing() -> None:
    playout = Playout()
    feed(playout, units(0, 2 * SECOND))
    before = playout.at(CLOCK)

    for pts in range(CLOCK - 3 * SECOND, CLOCK + 2 * SECOND, FRAME):
        playout.joined(pts, 2 * SECOND)
    feed(playout, units(2 * SECOND, 2 * SECOND + FRAME))

    assert playout.at(CLOCK) == pytest.approx(before, abs=1 * MS)
    assert playout.late == 0


def test_units_that_come_after_they_are_due_make_the_delay_grow_until_they_are_in_time() -> None:
    dice = random.Random(3)
    playout = Playout()
    feed(playout, units(0, 5 * SECOND))
    feed(playout, units(5 * SECOND, 8 * SECOND, delay=lambda: dice.randrange(150 * MS)))
    before = playout.late

    feed(playout, units(8 * SECOND, 60 * SECOND, delay=lambda: dice.randrange(150 * MS)))

    assert playout.late == before
    assert 150 * MS <= playout.delay_us <= 150 * MS + MARGIN_US


def test_one_stall_in_a_long_time_is_forgiven() -> None:
    playout = Playout()
    feed(playout, units(0, 30 * SECOND))
    stall = iter([300 * MS])

    offsets = feed(playout, units(30 * SECOND + 400 * MS, 60 * SECOND, delay=lambda: next(stall, 0)))

    assert slowest_step(offsets) <= 2 * MS
    assert playout.delay_us == SMALLEST_DELAY_US


def test_a_network_that_stalls_often_gets_room_and_loses_it_when_it_is_calm_again() -> None:
    count = iter(range(100_000))
    playout = Playout()
    feed(playout, units(0, 60 * SECOND, delay=lambda: 300 * MS if next(count) % 100 == 50 else 0))
    grown = playout.delay_us
    before = playout.late

    offsets = feed(playout, units(60 * SECOND, 300 * SECOND))

    assert 300 * MS <= grown <= 300 * MS + MARGIN_US
    assert playout.delay_us == SMALLEST_DELAY_US
    assert playout.late == before
    assert slowest_step(offsets) <= FRAME * 5 // 1000


def test_the_delay_stays_within_its_bound() -> None:
    dice = random.Random(5)
    playout = Playout()

    feed(playout, units(0, 60 * SECOND, delay=lambda: 995 * MS if dice.random() < 0.01 else 0))

    assert playout.delay_us == LARGEST_DELAY_US


@pytest.mark.parametrize("ppm", [-1000, -200, 200, 1000])
def test_a_clock_that_runs_fast_or_slow_is_followed_without_a_jump(ppm: int) -> None:
    dice = random.Random(ppm)
    playout = Playout()
    end = 600 * SECOND
    feed(playout, units(0, 5 * SECOND, ppm=ppm))  # the delay is calm

    offsets = feed(playout, units(5 * SECOND, end, ppm=ppm, delay=lambda: dice.randrange(4 * MS)))

    sent = end - FRAME
    ideal = sent + playout.delay_us
    lag = WINDOW_LAG_MS[abs(ppm)]
    assert playout.at(CLOCK + round(sent * (1 + ppm / 1_000_000))) == pytest.approx(ideal, abs=lag * MS)
    assert slowest_step(offsets) <= 24 * MS * 5 // 1000
    assert playout.late == 0


# The fastest transit is up to ten seconds old.
WINDOW_LAG_MS = {200: 5, 1000: 14}


@pytest.mark.parametrize("jump", [-3600 * SECOND, -5 * SECOND, 5 * SECOND, 3600 * SECOND])
def test_a_publisher_that_sets_its_clock_is_followed_by_one_jump(jump: int) -> None:
    playout = Playout()
    feed(playout, units(0, 20 * SECOND))

    offsets = feed(playout, units(20 * SECOND, 30 * SECOND, clock=CLOCK + jump))

    assert playout.at(CLOCK + jump + 30 * SECOND) == pytest.approx(30 * SECOND + playout.delay_us, abs=FRAME)
    assert sum(abs(later - earlier) > 1 * MS for earlier, later in pairwise(offsets)) <= 1
    assert playout.delay_us <= FIRST_DELAY_US


def test_a_stall_of_seconds_does_not_move_the_clock() -> None:
    playout = Playout()
    feed(playout, units(0, 20 * SECOND))
    before = playout.at(CLOCK)
    waiting = [(CLOCK + sent, 23 * SECOND) for sent in range(20 * SECOND, 23 * SECOND, FRAME)]

    during = feed(playout, iter(waiting))
    feed(playout, units(23 * SECOND, 40 * SECOND))

    assert max(during) + CLOCK == pytest.approx(before, abs=5 * MS)
    assert playout.at(CLOCK) == pytest.approx(before, abs=5 * MS)


def test_single_units_with_a_wrong_time_do_not_move_the_clock() -> None:
    playout = Playout()
    offsets = feed(playout, units(0, 20 * SECOND))
    for start in range(20, 40, 5):
        playout.arrived(CLOCK - 100 * SECOND, start * SECOND)
        offsets.append(playout.offset_us)
        offsets += feed(playout, units(start * SECOND, (start + 5) * SECOND))

    assert slowest_step(offsets) <= 1 * MS


def test_a_stall_in_the_first_seconds_is_not_forgiven() -> None:
    playout = Playout()
    stall = iter([300 * MS])
    feed(playout, units(0, 1200 * MS))

    feed(playout, units(1200 * MS, 4500 * MS, delay=lambda: next(stall, 0)))

    assert playout.delay_us == 300 * MS + MARGIN_US


def test_a_way_that_became_longer_is_followed_without_units_being_late_for_long() -> None:
    playout = Playout()
    feed(playout, units(0, 20 * SECOND))
    feed(playout, units(20 * SECOND, 25 * SECOND, delay=lambda: 400 * MS))
    before = playout.late

    feed(playout, units(25 * SECOND, 400 * SECOND, delay=lambda: 400 * MS))

    assert playout.late == before
    assert playout.at(CLOCK) == pytest.approx(400 * MS + SMALLEST_DELAY_US, abs=5 * MS)


def test_a_way_that_became_shorter_is_used_at_once() -> None:
    playout = Playout()
    feed(playout, units(0, 20 * SECOND, delay=lambda: 400 * MS))
    feed(playout, units(20 * SECOND + 400 * MS, 22 * SECOND))

    assert playout.at(CLOCK) <= FIRST_DELAY_US
