"""Liveness: a task ends when its publishers have been away for MaxIdleTime."""

from tailrace.model.liveness import Liveness


def test_the_time_before_anybody_came_counts() -> None:
    assert Liveness(30.0, now=100.0).deadline == 130.0


def test_nobody_is_in_a_hurry_while_somebody_is_there() -> None:
    liveness = Liveness(30.0, now=100.0)

    liveness.present(True, now=110.0)

    assert liveness.deadline is None


def test_the_clock_starts_when_the_last_one_leaves() -> None:
    liveness = Liveness(30.0, now=0.0)
    liveness.present(True, now=10.0)

    liveness.present(False, now=60.0)

    assert liveness.deadline == 90.0


def test_to_hear_again_that_nobody_is_there_does_not_start_the_clock_again() -> None:
    liveness = Liveness(30.0, now=0.0)
    liveness.present(True, now=10.0)
    liveness.present(False, now=50.0)

    liveness.present(False, now=70.0)

    assert liveness.deadline == 80.0
