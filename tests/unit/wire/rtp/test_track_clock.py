"""A track's timestamps become microseconds that never go back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.wire.rtp.track_clock import TrackClock


def test_times_follow_the_timestamps_and_not_the_arrivals() -> None:
    clock = TrackClock(90_000, 0.1)
    clock.begin(0, 5_000_000)

    assert [clock.at(3000 * number, 5_000_000 + 33_333 * number + number % 3 * 9000) for number in range(4)] == [
        5_000_000,
        5_033_333,
        5_066_667,
        5_100_000,
    ]


def test_timestamps_wrap_without_a_trace() -> None:
    clock = TrackClock(48_000, 0.1)
    start = (1 << 32) - 48_000 * 3
    times = [clock.at((start + 48_000 * second) % (1 << 32), second * 1_000_000) for second in range(10)]

    assert times == [second * 1_000_000 for second in range(10)]
    assert clock.restarts == 0


@given(
    st.lists(
        st.tuples(st.integers(0, (1 << 32) - 1) | st.integers(0, 9000), st.integers(0, 40_000), st.floats(-1e7, 1e7)),
        max_size=50,
    )
)
def test_times_never_go_back_and_stay_near_arrival_whatever_comes(steps: list[tuple[int, int, float]]) -> None:
    clock, now_us, timestamp, times = TrackClock(90_000, 0.1), 0, 0, [0]
    for step, passed_us, target_us in steps:
        now_us += passed_us
        timestamp = (timestamp + step) % (1 << 32)
        times.append(clock.at(timestamp, now_us))
        clock.target_us = target_us

    assert all(after >= before for before, after in pairwise(times))
    assert times[-1] - now_us < 10_000_000 * (len(steps) + 2)


@pytest.mark.parametrize("target_us", [30_000, -30_000])
def test_a_shift_is_reached_by_a_tenth_of_the_time_that_passes(target_us: int) -> None:
    clock = TrackClock(90_000, 0.1)
    clock.at(0, 0)
    clock.target_us = target_us
    times = [clock.at(3000 * number, number * 33_333) for number in range(1, 31)]

    steps = [after - before for before, after in pairwise(times)]
    assert min(steps) >= 33_333 * 0.9 - 1
    assert max(steps) <= 33_334 * 1.1 + 1
    assert times[-1] == 1_000_000 + target_us
    assert times[5] != 200_000 + target_us


@pytest.mark.parametrize("step", [-3000, 90_000 * 60, 1 << 31])
def test_timestamps_that_jump_are_joined_by_the_time_that_passed(step: int) -> None:
    clock = TrackClock(90_000, 0.1)
    clock.at(1_000_000, 0)
    clock.at(1_003_000, 33_333)

    assert clock.at((1_003_000 + step) % (1 << 32), 70_000) == 70_000
    assert clock.at((1_006_000 + step) % (1 << 32), 110_000) == pytest.approx(70_000 + 33_333, abs=1)
    assert clock.restarts == 1


def test_a_pause_in_which_timestamps_go_on_is_no_jump() -> None:
    clock = TrackClock(90_000, 0.1)
    clock.at(0, 0)

    assert clock.at(90_000 * 60, 60_100_000) == 60_000_000
    assert clock.restarts == 0


def test_another_source_is_joined_even_where_its_timestamps_are_near() -> None:
    clock = TrackClock(90_000, 0.1)
    clock.at(0, 0)
    clock.break_off()

    assert clock.at(90_000, 40_000) == 40_000
    assert clock.restarts == 1


def test_any_timestamp_near_the_present_has_a_time_and_others_have_none() -> None:
    clock = TrackClock(90_000, 0.1)
    assert clock.raw(0, 0) is None
    clock.at(90_000, 1_000_000)

    assert clock.raw(45_000, 1_000_000) == 500_000
    assert clock.raw(90_000 * 15, 15_000_000) == 15_000_000
    assert clock.raw(90_000 * 15, 1_000_000) is None
    assert clock.step(45_000) == -500_000
