"""A publisher's times on our clock."""

from tailrace.model.live_clock import LARGEST_OFFSET_US, LiveClock


def test_the_newest_unit_is_now_and_others_keep_their_distance() -> None:
    clock = LiveClock()
    clock.observe(1, 5_000_000, 100_000_000)

    assert clock.time_us(5_000_000) == 100_000_000
    assert clock.time_us(4_000_000) == 99_000_000


def test_what_comes_late_is_not_moved() -> None:
    clock = LiveClock()
    clock.observe(1, 0, 100_000_000)
    clock.observe(1, 20_000, 100_900_000)

    assert clock.time_us(20_000) == 100_020_000


def test_another_session_goes_on_with_its_own_clock() -> None:
    clock = LiveClock()
    clock.observe(1, 7_000_000_000, 100_000_000)
    clock.observe(2, 0, 105_000_000)

    assert clock.time_us(40_000) == 105_040_000


def test_a_clock_that_jumps_is_followed() -> None:
    for step in (3_600_000_000, -3_600_000_000):
        clock = LiveClock()
        clock.observe(1, 0, 100_000_000)
        clock.observe(1, step, 100_040_000)

        assert clock.time_us(step) == 100_040_000


def test_a_clock_that_drifts_is_followed_before_it_is_far_off() -> None:
    clock = LiveClock()
    for second in range(100_000):
        pts_us = second * 1_000_100
        clock.observe(1, pts_us, second * 1_000_000)
        assert abs(clock.time_us(pts_us) - second * 1_000_000) <= LARGEST_OFFSET_US
