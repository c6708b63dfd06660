"""When callbacks are tried again, in virtual time: the figures of spec/04 section 1."""

import pytest

from tailrace.model.retry import ANSWER_TIMEOUT, next_try


def tries(lasting: float, first: float = 1000.0) -> list[float]:
    """Return when a receiver is tried of which every try fails after `lasting` seconds."""
    made: list[float] = []
    due: float | None = first
    while due is not None:
        made.append(due - first)
        due = next_try(first, len(made), due + lasting)
    return made


def test_a_receiver_that_hangs_is_tried_five_times() -> None:
    assert tries(ANSWER_TIMEOUT) == [0, 5, 20, 35, 50]


def test_a_receiver_that_fails_at_once_is_tried_up_to_the_full_minute() -> None:
    assert tries(0.0) == [0, 0, 10, 20, 30, 40, 50, 60]


def test_a_try_that_would_be_due_after_the_minute_is_not_made() -> None:
    assert tries(0.01)[-1] == pytest.approx(50.06)


def test_a_try_that_was_due_in_time_is_made_even_if_late() -> None:
    assert next_try(first=0.0, failures=2, failed_at=3.0) == 13.0  # who was down until 500 makes it then
    assert next_try(first=0.0, failures=3, failed_at=505.0) is None
