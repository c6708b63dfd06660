"""Processes: how long a restart waits. The rest is in tests/integration/serve."""

from tailrace.processes import FIRST_PAUSE, LONGEST_PAUSE, restart_pause


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [restart_pause(crashes) for crashes in range(1, 9)]

    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)


def test_any_number_of_crashes_has_a_pause() -> None:
    assert restart_pause(100_000) == LONGEST_PAUSE
