"""The supervisor, as a program with small roles: restarts, order of ending, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

PROGRAM = Path(__file__).with_name("supervised.py")


class Program:
    """`supervised.py`, with what it prints read line by line."""

    def __init__(self, *roles: str) -> None:
        self.process = subprocess.Popen([sys.executable, str(PROGRAM), *roles], stdout=subprocess.PIPE, text=True)
        self.pids: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.rest()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.match(r"(\w+) pid (\d+)", line):
                self.pids[found[1]] = int(found[2])
            yield line.rstrip("\n")

    def until(self, start: str) -> str:
        """Read up to the line that begins with `start`, which must come."""
        return next(line for line in self.lines() if line.startswith(start))

    def rest(self) -> list[str]:
        """Read to the end of the output, which comes only when no process holds it any more, and reap."""
        lines = list(self.lines())
        self.process.wait()
        return lines


def test_the_addresses_of_all_roles_are_known_once_all_serve() -> None:
    with Program("one", "two") as program:
        assert program.until("ready") == "ready [('one', 'address-of-one'), ('two', 'address-of-two')]"


def test_roles_end_in_the_order_given_and_the_exit_status_is_0() -> None:
    with Program("two", "one") as program:
        program.until("ready")
        program.process.terminate()

        assert program.rest() == ["two ended", "one ended", "over"]
        assert program.process.returncode == 0


def test_a_killed_role_is_started_again_and_the_others_go_on() -> None:
    with Program("one", "two") as program:
        program.until("ready")
        first = dict(program.pids)

        os.kill(first["one"], signal.SIGKILL)
        program.until("log role restarts")
        program.until("one pid")

        assert program.pids["one"] != first["one"]
        assert program.pids["two"] == first["two"]
        program.process.terminate()
        assert program.rest() == ["one ended", "two ended", "over"]


@pytest.mark.parametrize(
    ("role", "line"),
    [
        ("refuses", "failed refuses: port 4222 is taken"),
        ("crashes", "failed crashes: it ended with exit status 7 before it served"),
    ],
)
def test_a_role_that_cannot_serve_at_the_start_is_reported_and_the_others_do_not_stay(role: str, line: str) -> None:
    with Program("one", role) as program:
        assert program.until("failed") == line
        program.rest()
        assert program.process.returncode == 1


def test_roles_end_by_themselves_when_the_supervisor_is_killed_and_the_last_one_after_the_others() -> None:
    with Program("last", "one", "two") as program:
        program.until("ready")
        program.process.kill()

        lines = program.rest()

        assert sorted(lines) == ["last ended", "one ended", "two ended"]
        assert lines[-1] == "last ended"


def test_a_role_that_does_not_end_in_time_is_killed_with_what_it_started() -> None:
    with Program("deaf", "one") as program:
        program.until("ready")
        program.process.terminate()

        # The output has ended: what the deaf role had started held it too.
        assert program.rest() == ["log role killed", "one ended", "over"]


def test_a_second_signal_kills_at_once() -> None:
    with Program("patient", "one") as program:
        program.until("ready")
        program.process.send_signal(signal.SIGINT)
        program.process.send_signal(signal.SIGTERM)

        assert program.rest()[-1] == "over"
        assert program.process.returncode == 0
