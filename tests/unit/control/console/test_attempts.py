"""Attempts: how often one address may be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.control.console.attempts import MOST, MOST_ADDRESSES, WINDOW, Attempts
from tailrace.errors import SignInsExceeded


def wrong(attempts: Attempts, address: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        attempts.permit(address, now)
        attempts.wrong(address, now)


def test_after_so_many_wrong_ones_the_next_waits_its_turn() -> None:
    attempts = Attempts()
    wrong(attempts, "192.0.2.1", MOST)

    with pytest.raises(SignInsExceeded):
        attempts.permit("192.0.2.1", WINDOW / MOST - 1)
    attempts.permit("192.0.2.1", WINDOW / MOST)
    attempts.permit("192.0.2.2", 0.0)


def test_a_right_one_is_a_new_beginning() -> None:
    attempts = Attempts()
    wrong(attempts, "192.0.2.1", MOST - 1)
    attempts.right("192.0.2.1")

    wrong(attempts, "192.0.2.1", MOST)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8::1", "2001:db8::ffff:2"), ("192.0.2.1", "::ffff:192.0.2.1"), ("no address", "neither")],
)
def test_addresses_of_one_subscriber_count_together(one: str, other: str) -> None:
    attempts = Attempts()
    wrong(attempts, one, MOST)

    with pytest.raises(SignInsExceeded):
        attempts.permit(other, 0.0)


def test_other_networks_do_not() -> None:
    attempts = Attempts()
    wrong(attempts, "2001:db8::1", MOST)

    attempts.permit("2001:db8:0:1::1", 0.0)


def test_only_so_many_addresses_are_remembered() -> None:
    attempts = Attempts()
    wrong(attempts, "192.0.2.1", MOST)
    for number in range(MOST_ADDRESSES):
        attempts.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)

    attempts.permit("192.0.2.1", 0.0)


@given(st.lists(st.floats(0, 1000), max_size=60).map(sorted))
def test_no_pattern_gets_more_than_the_window_allows(times: list[float]) -> None:
    attempts, let_in = Attempts(), []
    for now in times:
        try:
            attempts.permit("a", now)
        except SignInsExceeded:
            continue
        attempts.wrong("a", now)
        let_in.append(now)

    assert all(sum(begin <= now < begin + WINDOW for now in let_in) <= 2 * MOST for begin in let_in)
