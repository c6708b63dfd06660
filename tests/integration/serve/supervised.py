"""A supervisor with small roles of its own, run as a program by the tests: `python supervised.py NAME`."""

import logging
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable

from tailrace.errors import BusError, RoleFailed
from tailrace.forked import Role
from tailrace.processes import Supervisor
from tailrace.supervise import Ready


def say(text: str) -> None:
    """Write one line to the test, in one piece."""
    os.write(1, f"{text}\n".encode())


def hear() -> int:
    """Return a descriptor that can be read once SIGTERM has come."""
    read, write = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.close(write))
    return read


def until_stopped(read: int, lifeline: int) -> None:
    """Wait for SIGTERM or the end of the lifeline."""
    with selectors.DefaultSelector() as selector:
        selector.register(read, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        selector.select()


def orderly(name: str) -> Callable[[Ready, int], None]:
    """A role that serves and says when it ends."""

    def run(ready: Ready, lifeline: int) -> None:
        stop = hear()
        say(f"{name} pid {os.getpid()}")
        ready({name: f"address-of-{name}"})
        until_stopped(stop, lifeline)
        say(f"{name} ended")

    return run


def refuses(ready: Ready, lifeline: int) -> None:
    """A role that cannot serve, and knows why."""
    raise BusError("port 4222 is taken")


def crashes(ready: Ready, lifeline: int) -> None:
    """A role that ends before it served, without a word."""
    os._exit(7)


def deaf(ready: Ready, lifeline: int) -> None:
    """A role that serves, starts a process of its own, and does not hear."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if (pid := os.fork()) == 0:
        while True:
            time.sleep(60)
    say(f"deaf pid {os.getpid()}")
    say(f"grandchild pid {pid}")
    ready({})
    while True:
        time.sleep(60)


ROLES = {
    "one": Role("one", orderly("one")),
    "two": Role("two", orderly("two")),
    "last": Role("last", orderly("last"), outlives=True),
    "refuses": Role("refuses", refuses),
    "crashes": Role("crashes", crashes),
    "deaf": Role("deaf", deaf, stop_within=0.2),
    "patient": Role("patient", deaf, stop_within=60.0),
}


def main(names: list[str]) -> int:
    """Run the roles that are named until told to stop."""
    logging.basicConfig(level=logging.INFO, format="log %(message)s", stream=sys.stdout)
    with Supervisor() as supervisor:
        try:
            for name in names:
                supervisor.start(ROLES[name])
            supervisor.wait_until_ready(names)
            say(f"ready {sorted(supervisor.addresses.items())}")
        except RoleFailed as error:
            say(f"failed {error.role}: {error}")
            return 1
        supervisor.run()
        supervisor.stop(names)
    say("over")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
