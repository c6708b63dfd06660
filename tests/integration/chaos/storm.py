"""Storm: a server, a second worker, a publisher, a caller and blows, for some seconds; then what was promised."""

import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.integration.chaos.blows import Blow, blows
from tests.integration.chaos.caller import ROOM, USER, Caller
from tests.integration.chaos.processes import Processes
from tests.integration.chaos.promises import broken
from tests.integration.chaos.steady import SteadyPublisher

# What a fake CDN has received is looked at and forgotten after so many seconds: it holds every byte in memory.
ROUND = 60.0
# The machine may be busy with the storm itself, which is no matter here.
_ROOMY = {"TAILRACE_WORKER__MAX_CPU": "0", "TAILRACE_WORKER__MAX_MEMORY": "0"}


def rage(folder: Path, film: Path, seed: int, seconds: float, say: Callable[[str], None]) -> None:
    """Let it rage. Raises AssertionError that names the seed and the promises that were broken, or processes left."""
    with ExitStack() as stack:
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        one = stack.enter_context(Served(folder / "one", **_ROOMY))
        two = stack.enter_context(Served(folder / "two", roles=["worker"], TAILRACE_BUS__URL=one.bus_url(), **_ROOMY))
        stack.enter_context(SteadyPublisher(film, lambda: one.publish_url(ROOM, USER)))
        processes, coming, chance = Processes(one, two), blows(seed), random.Random(seed)
        until = time.monotonic() + seconds
        number = 0
        while (left := until - time.monotonic()) > 0:
            number += 1
            with HostedCdn() as cdn:
                caller = Caller([Cloud(one)], cdn, chance.getrandbits(32), f"round-{number}")
                struck = 0
                with caller:
                    over = time.monotonic() + min(ROUND, left)
                    while time.monotonic() < over:
                        struck += _strike(processes, next(coming), say)
                say(f"round {number}: {struck} blows, {caller.answers} calls answered, {len(caller.refusals)} not")
                assert caller.told, f"seed {seed}: no start was answered: {caller.refusals[:3]}"
                if found := broken(caller, Cloud(one), cdn):
                    raise AssertionError(f"seed {seed}, round {number}:\n  " + "\n  ".join(found))


def _strike(processes: Processes, blow: Blow, say: Callable[[str], None]) -> bool:
    struck = processes.strike(blow, signal.SIGKILL if blow.frozen is None else signal.SIGSTOP)
    say(blow.describe() if struck else f"no {blow.victim} to hit")
    if struck and blow.frozen is not None:
        _pause(blow.frozen)
        processes.thaw()
    _pause(blow.pause)
    return struck


def _pause(seconds: float) -> None:
    """Let time pass: a storm is a matter of time, there is nothing to wait for."""
    threading.Event().wait(seconds)
