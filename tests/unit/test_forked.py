"""Forked: what an end is called. The rest is in tests/integration/serve."""

import signal

import pytest

from tailrace.forked import describe_end


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (7 << 8, "exit status 7"), (int(signal.SIGKILL), "signal SIGKILL")],
)
def test_an_end_is_said_in_words(status: int, words: str) -> None:
    assert describe_end(status) == words
