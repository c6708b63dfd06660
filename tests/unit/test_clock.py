"""Clock: the machine's clocks, told apart."""

import time

from tailrace.clock import SystemClock


def test_the_two_times_are_those_of_the_machine() -> None:
    clock = SystemClock()

    assert time.monotonic() - clock.monotonic() <= 1
    assert time.time() - clock.unix() <= 1
