"""Which frames are left out by a machine that stands still for a moment, or is too slow."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from tailrace.model.lateness import LATEST_US, MOST_US, PATIENCE_US, QUIET_US, Lateness

SECOND_US = 1_000_000


def made(
    fps: int, seconds: int, work: float, stalls: Callable[[int], int] = lambda now_us: 0
) -> tuple[list[int], list[int]]:
    """Make frames one after the other; each takes `work` of its period, and stalls besides.

    Return the numbers of those that were made, and by how many microseconds each was late when it was begun.
    """
    lateness, period_us = Lateness(), SECOND_US // fps
    now_us = number = 0
    numbers, late = [], []
    while number < fps * seconds:
        now_us = max(now_us, number * period_us)
        excess_us = lateness.excess(now_us - number * period_us, now_us)
        number += -(-excess_us // period_us)
        numbers.append(number)
        late.append(now_us - number * period_us)
        now_us += round(work * period_us) + stalls(now_us)
        number += 1
    return numbers, late


def once(length_us: int) -> Callable[[int], int]:
    """Stand still once, after two seconds."""
    rest = [length_us]
    return lambda now_us: rest.pop() if now_us >= 2 * SECOND_US and rest else 0


@pytest.mark.parametrize("work", [0.3, 0.7])
@pytest.mark.parametrize("fps", [1, 15, 30, 60])
@pytest.mark.parametrize("length_us", [150_000, 500_000, 900_000])
def test_a_moment_in_which_the_machine_stood_still_is_made_up_for(fps: int, work: float, length_us: int) -> None:
    numbers, late = made(fps, 10, work, once(length_us))

    assert numbers == list(range(fps * 10))
    assert late[-1] <= SECOND_US // fps


def test_of_a_long_stall_no_more_is_left_out_than_is_needed() -> None:
    numbers, late = made(30, 10, 0.5, once(2_500_000))

    gaps = [later - earlier for earlier, later in pairwise(numbers) if later - earlier > 1]
    assert len(gaps) == 1
    assert (gaps[0] - 1) * SECOND_US // 30 == pytest.approx(2_500_000 - MOST_US, abs=2 * SECOND_US / 30)
    assert max(late) <= MOST_US
    assert late[-1] == 0


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_a_machine_that_is_too_slow_stays_within_the_promise_and_leaves_out_one_by_one(fps: int) -> None:
    numbers, late = made(fps, 60, 1.2)

    settled = [n for n, number in enumerate(numbers) if number > fps * 10]
    assert all(LATEST_US - 2 * SECOND_US / fps <= late[n] <= LATEST_US for n in settled)
    assert all(numbers[n] - numbers[n - 1] <= 2 for n in settled[1:])
    assert len(settled) == pytest.approx(fps * 50 / 1.2, rel=0.02)


def test_patience_ends_and_comes_back_after_a_quiet_time() -> None:
    lateness, first_us = Lateness(), 10 * SECOND_US
    assert lateness.excess(MOST_US, first_us) == 0
    assert lateness.excess(MOST_US + 1, first_us + 1) == 1
    assert lateness.excess(500_000, first_us + PATIENCE_US - 1) == 0
    last_us = first_us + PATIENCE_US
    assert lateness.excess(500_000, last_us) == 300_000
    assert lateness.excess(LATEST_US, last_us + 1) == 0

    assert lateness.excess(500_000, last_us + QUIET_US - 1) == 300_000
    last_us += QUIET_US - 1
    assert lateness.excess(500_000, last_us + QUIET_US) == 0


@pytest.mark.parametrize("fps", [15, 30])
def test_a_machine_that_is_just_too_slow_is_not_later_and_later_in_turns(fps: int) -> None:
    # It stands still for 0.3 s each second, and would have made up for it if it had two.
    _, late = made(fps, 60, 0.8, lambda now_us: 300_000 if now_us % SECOND_US < SECOND_US / fps else 0)

    assert max(late[fps * 10 :]) <= LATEST_US
