"""Processes: how long a restart waits, and what an end is called. The rest is in tests/integration/serve."""

import signal

import pytest

from tailrace.processes import FIRST_PAUSE, LONGEST_PAUSE, describe_end, restart_pause


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [restart_pause(crashes) for crashes in range(1, 9)]

    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)


def test_any_number_of_crashes_has_a_pause() -> None:
    assert restart_pause(100_000) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (7 << 8, "exit status 7"), (int(signal.SIGKILL), "signal SIGKILL")],
)
def test_an_end_is_said_in_words(status: int, words: str) -> None:
    assert describe_end(status) == words
