"""Backoff: pauses that grow to a ceiling."""

from hypothesis import given
from hypothesis import strategies as st

from tailrace.model.backoff import Backoff


def test_pauses_double_up_to_the_ceiling() -> None:
    backoff = Backoff(first=0.25, most=5.0)

    assert [backoff.pause(tries, chance=0.0) for tries in range(1, 8)] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_jitter_takes_half_of_a_pause_at_most(tries: int, chance: float) -> None:
    backoff = Backoff(first=0.25, most=5.0)

    assert backoff.pause(tries, 0.0) / 2 <= backoff.pause(tries, chance) <= backoff.pause(tries, 0.0) <= 5.0
