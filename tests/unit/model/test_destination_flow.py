"""What a destination that is behind gets, what it misses, and when it is found to take nothing."""

import pytest

from tailrace.model.destination_flow import (
    BOUND,
    RESUME_BOUND,
    SILENT_AFTER,
    VIDEO_BOUND,
    Backlog,
    Missed,
    Progress,
    Valve,
    Waiting,
)

NOTHING = Backlog(0, 0.0)


def test_a_connection_that_takes_nothing_of_what_waits_stands_still() -> None:
    progress = Progress(100.0)

    assert not progress.stands_still(1000, 500, 101.0)
    assert not progress.stands_still(1000, 9000, 101.0 + SILENT_AFTER - 0.1)
    assert progress.stands_still(1000, 9000, 101.0 + SILENT_AFTER)


def test_a_connection_that_takes_a_byte_now_and_then_does_not_stand_still() -> None:
    progress = Progress(0.0)

    assert not any(progress.stands_still(taken, 10_000, taken * (SILENT_AFTER - 0.5)) for taken in range(100))


def test_a_connection_that_has_nothing_to_take_does_not_stand_still() -> None:
    progress = Progress(0.0)

    assert not any(progress.stands_still(1000, 0, float(now)) for now in range(100))
    assert not progress.stands_still(1000, 10, 99.0 + SILENT_AFTER - 1)


@pytest.mark.parametrize(
    "over", [Backlog(VIDEO_BOUND.size_bytes + 1, 0.0), Backlog(0, VIDEO_BOUND.seconds + 0.1)], ids=["bytes", "seconds"]
)
def test_pictures_are_left_out_up_to_a_key_frame_and_sound_is_not(over: Backlog) -> None:
    valve = Valve()
    assert valve.passes(True, False, VIDEO_BOUND)

    assert not valve.passes(True, False, over)
    assert valve.passes(False, False, over)
    assert valve.skipping
    assert not valve.passes(True, True, over)
    assert not valve.passes(True, True, Backlog(RESUME_BOUND.size_bytes + 1, 0.0))
    assert not valve.passes(True, False, NOTHING)
    assert valve.passes(True, True, RESUME_BOUND)
    assert not valve.skipping
    assert valve.passes(True, False, NOTHING)


@pytest.mark.parametrize("over", [Backlog(BOUND.size_bytes + 1, 0.0), Backlog(0, BOUND.seconds + 0.1)])
def test_sound_is_left_out_beyond_a_bound_of_its_own(over: Backlog) -> None:
    valve = Valve()

    assert not valve.passes(False, True, over)
    assert valve.passes(False, True, BOUND)
    assert not valve.skipping


def test_what_waits_is_counted_in_the_time_of_the_output() -> None:
    waiting = Waiting()
    assert waiting.seconds(0) == 0.0
    for number in range(11):
        waiting.add((number + 1) * 100, 5000 + number * 40)

    assert waiting.seconds(0) == 0.4
    assert waiting.seconds(199) == pytest.approx(0.36)
    assert waiting.seconds(1000) == 0.0
    assert waiting.seconds(1100) == 0.0


def test_time_in_which_both_tracks_miss_something_counts_once() -> None:
    missed = Missed()
    missed.frame(1000, 1040)
    missed.frame(1010, 1050)
    missed.frame(1040, 1080)
    missed.gap(5000, 7000)

    assert missed.frames == 3
    assert missed.seconds == pytest.approx(0.08 + 2.0)


def test_counting_goes_on_from_what_was_missed_before() -> None:
    missed = Missed(7, 1.5)
    missed.frame(0, 40)

    assert missed.frames == 8
    assert missed.seconds == pytest.approx(1.54)
