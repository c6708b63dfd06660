"""Run delay: who has no processor has waited, who sleeps has not."""

import os
import sys
import threading
from contextlib import ExitStack
from queue import Queue
from subprocess import Popen

import pytest

from tailrace.worker.run_delay import run_delays, waited
from tests.harness.waiting import DEADLINE, eventually

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts this")


_SPIN = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"


@linux
def test_two_that_want_one_processor_wait_for_each_other() -> None:
    core = str(min(os.sched_getaffinity(0)))
    with ExitStack() as stack:
        one, other = (stack.enter_context(Popen([sys.executable, "-c", _SPIN, core])) for _ in range(2))
        for process in (one, other):
            stack.callback(process.kill)
        before = run_delays(one.pid)
        assert set(before) == {one.pid}

        # Each of both has half of the processor, or less where others use it, too.
        eventually(lambda: waited(before, run_delays(one.pid)) > 0.5, "a time in which it waited")


@linux
def test_a_thread_that_sleeps_does_not_wait_for_a_processor() -> None:
    awake, told = threading.Event(), Queue[int]()

    def sleep() -> None:
        told.put(threading.get_native_id())
        awake.wait()

    thread = threading.Thread(target=sleep)
    thread.start()
    try:
        sleeper = told.get(timeout=DEADLINE)
        before = run_delays(os.getpid())
        eventually(lambda: run_delays(os.getpid()) != before, "another thread that had to wait")
        assert run_delays(os.getpid())[sleeper] - before[sleeper] < 0.1
    finally:
        awake.set()
        thread.join()


def test_nothing_is_known_of_a_process_that_is_not_there() -> None:
    assert run_delays(2**22 + 1) == {}


def test_it_is_the_thread_that_waited_longest_that_counts() -> None:
    assert waited({1: 1.0, 2: 5.0}, {1: 1.5, 2: 5.1, 3: 9.0}) == pytest.approx(0.5)
    assert waited({}, {1: 3.0}) == 0.0
    assert waited({1: 3.0}, {}) == 0.0
