"""Rate: a bucket for each key and action."""

import pytest

from tailrace.control.rate import Rate
from tailrace.errors import RateExceeded


def taken(rate: Rate, now: float, secret_id: str = "AKID", action: str = "Stop") -> int:
    """Take until it is refused; return how many were let through."""
    for count in range(1000):
        try:
            rate.take(secret_id, action, now)
        except RateExceeded:
            return count
    return 1000


def test_a_second_has_as_many_calls_as_allowed() -> None:
    rate = Rate(20)

    assert taken(rate, 100.0) == 20
    assert taken(rate, 100.5) == 10
    assert taken(rate, 100.5) == 0
    assert taken(rate, 1000.0) == 20


def test_keys_and_actions_do_not_take_from_each_other() -> None:
    rate = Rate(2)

    assert [taken(rate, 0.0), taken(rate, 0.0, "other"), taken(rate, 0.0, action="Start")] == [2, 2, 2]


def test_zero_is_no_limit() -> None:
    assert taken(Rate(0), 0.0) == 1000


def test_less_than_one_a_second_lets_one_through_at_a_time() -> None:
    rate = Rate(0.1)

    assert [taken(rate, now) for now in (0.0, 9.0, 10.1)] == [1, 0, 1]


def test_the_refusal_names_the_action_and_not_the_key() -> None:
    rate = Rate(1)
    rate.take("AKID", "Stop", 0.0)

    with pytest.raises(RateExceeded, match="more than 1 calls of Stop") as refused:
        rate.take("AKID", "Stop", 0.0)
    assert "AKID" not in str(refused.value)
