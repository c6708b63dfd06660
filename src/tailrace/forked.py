"""Forked: the process of one role: forking it, being it, and hearing what it reports.

Each role has two pipes. The *lifeline* only the supervisor can write to: it reaches its end when the supervisor dies,
whatever killed it, and the role then stops in order. The *report* carries one line of JSON from the role: its addresses
once it serves, or the reason why it cannot.
"""

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn

from tailrace.errors import TailraceError
from tailrace.supervise import Ready

_log = logging.getLogger(__name__)

# A report is a handful of addresses.
_REPORT_BYTES = 65536

ASKS_TO_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Role:
    """A process to be kept alive. `run(ready, lifeline)` returns when told to stop, within `stop_within` seconds.

    The lifeline of a role that `outlives` the others is held by them too: should the supervisor be killed, it is the
    last one to see its end.
    """

    name: str
    run: Callable[[Ready, int], None]
    stop_within: float = 5.0
    outlives: bool = False


def describe_end(status: int) -> str:
    """Say in words how a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


@dataclass(slots=True)
class Forked:
    """A role's present process and what is known of it. `pid` is 0 while there is none, a descriptor then is -1."""

    role: Role
    pid: int = 0
    lifeline: int = -1
    report: int = -1
    addresses: Mapping[str, str] | None = None
    failure: str = ""
    _received: bytes = b""

    def start(self, let_go: Callable[[Role], None]) -> None:
        """Fork. In the new process `let_go` closes what belongs to the supervisor, then the role runs."""
        lifeline, self.lifeline = os.pipe()
        self.report, report = os.pipe()
        os.set_blocking(self.report, False)
        self._received, self.addresses, self.failure = b"", None, ""
        sys.stdout.flush()
        sys.stderr.flush()
        # Blocked until the child has its own handlers: a SIGTERM in between would be lost in the supervisor's.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ASKS_TO_STOP)
        self.pid = os.fork()
        if self.pid == 0:
            _be(self.role, lifeline, report, mask, let_go)
        # Both sides do it, so that it is done before either goes on; the child may have ended already.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(self.pid, self.pid)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(lifeline)
        os.close(report)
        _log.debug("role started", extra={"role": self.role.name, "pid": self.pid})

    def hear(self) -> bool:
        """Take note of what the role has reported; false when there will be no more."""
        try:
            data = os.read(self.report, _REPORT_BYTES)
        except BlockingIOError:
            return True
        *lines, rest = (self._received + data).split(b"\n")
        self._received = rest[:_REPORT_BYTES]
        for line in lines:
            said = json.loads(line)
            self.failure = said.get("failed", "")
            if "addresses" in said:
                self.addresses = said["addresses"]
                _log.debug("role ready", extra={"role": self.role.name, "pid": self.pid})
        return bool(data)

    def ended(self) -> str:
        """Reap the process if it has ended, and say how; nothing while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return ""
        os.close(self.lifeline)
        self.pid, self.lifeline = 0, -1
        return describe_end(status)

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and whatever it has started: they are one process group."""
        # Not reaped yet, so the group is still this one; some systems refuse when it has only ended processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _be(role: Role, lifeline: int, report: int, mask: Collection[int], let_go: Callable[[Role], None]) -> NoReturn:
    """Be the role, in the forked process; never return into the supervisor's code."""
    code = 1
    try:
        # An own group: a terminal's Ctrl-C reaches the supervisor only, which ends the roles in order.
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*ASKS_TO_STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        let_go(role)
        role.run(lambda addresses: _write(report, {"addresses": dict(addresses)}), lifeline)
        code = 0
    except (TailraceError, OSError) as error:
        _write(report, {"failed": str(error)})
        _log.error("role failed", extra={"role": role.name, "error": str(error)})
    finally:
        if code and (crash := sys.exception()) is not None:
            _log.error("role crashed", exc_info=crash, extra={"role": role.name})
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _write(descriptor: int, said: Mapping[str, object]) -> None:
    os.write(descriptor, json.dumps(said).encode() + b"\n")
