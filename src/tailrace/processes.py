"""Processes: forks the roles of this machine, watches them, restarts those that crash, and ends them in order.

The supervisor is one plain thread without an event loop: only then is `fork` safe, and only a fork shares the memory of
the libraries that are imported already (measured: a role that imports them by itself costs 30 MB more).

Each role has two pipes. The *lifeline* only the supervisor can write to: it reaches its end when the supervisor dies,
whatever killed it, and the role then stops in order. The *report* carries one line of JSON from the role: its addresses
once it serves, or the reason why it cannot.
"""

import gc
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Self

from tailrace.errors import TailraceError
from tailrace.supervise import Ready

_log = logging.getLogger(__name__)

# A first restart that nobody notices; each further one twice as late, so that a role that cannot live does not eat a
# core; at most 10 s, so that a cure (a freed port, a returned disk) is seen soon.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
# Three of the longest pauses without a crash: what crashed it before is over.
WELL_AFTER = 30.0
# A role starts in well under a second; a machine that is swapping gets thirty.
START_WITHIN = 30.0
# Between a forced end and its reaping there is only the kernel.
KILL_WITHIN = 5.0
# A report is a handful of addresses.
_REPORT_BYTES = 65536

_ASKS_TO_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class RoleFailed(TailraceError):
    """A role ended before it served. `role` is its name."""

    def __init__(self, role: str, why: str) -> None:
        super().__init__(why)
        self.role = role


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


def restart_pause(crashes: int) -> float:
    """Return the pause in seconds before the restart that follows the `crashes`th crash in a row (from 1)."""
    return min(FIRST_PAUSE * 2.0 ** min(crashes - 1, 16), LONGEST_PAUSE)


def describe_end(status: int) -> str:
    """Say in words how a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


@dataclass(slots=True)
class _Child:
    """One role's present process (`pid` is 0 while there is none) and what is known of it."""

    role: Role
    pid: int = 0
    lifeline: int = -1
    report: int = -1
    received: bytes = b""
    addresses: Mapping[str, str] | None = None
    failure: str = ""
    started_at: float = 0.0
    crashes: int = 0
    restart_at: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Keeps roles alive until it is asked to stop. A context manager: on leaving, no process of it is left."""

    now: Callable[[], float] = time.monotonic
    # A pipe whose end asks to stop, as a role's lifeline does.
    lifeline: int | None = None
    stop_asked: int = 0
    # All that the roles have reported so far, also of one that is being restarted.
    addresses: dict[str, str] = field(default_factory=dict)
    pid: int = field(default_factory=os.getpid)
    _children: dict[str, _Child] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _sockets: tuple[socket.socket, ...] = ()
    _serving: bool = False

    def __enter__(self) -> Self:
        self._sockets = socket.socketpair()
        for end in self._sockets:
            end.setblocking(False)
        self._selector.register(self._sockets[0], selectors.EVENT_READ, "signals")
        if self.lifeline is not None:
            self._selector.register(self.lifeline, selectors.EVENT_READ, self.lifeline)
        signal.set_wakeup_fd(self._sockets[1].fileno(), warn_on_full_buffer=False)
        for number in _ASKS_TO_STOP:
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self._kill(self._children.values())
        signal.set_wakeup_fd(-1)
        for number in (*_ASKS_TO_STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._selector.close()
        for end in self._sockets:
            end.close()

    def start(self, role: Role) -> None:
        """Start `role`; whether it serves is known from `wait_until_ready`."""
        child = self._children[role.name] = _Child(role)
        self._fork(child)

    def wait_until_ready(self, names: Iterable[str], within: float = START_WITHIN) -> None:
        """Return once all of the roles serve, with `addresses` known; return early when asked to stop.

        Raises RoleFailed when one of them ends before, or does not serve in time.
        """
        children = [self._children[name] for name in names]
        deadline = self.now() + within
        while not self.stop_asked and any(child.addresses is None for child in children):
            self._turn(deadline)
            for child in children:
                if child.addresses is None and not child.pid:
                    raise RoleFailed(child.role.name, child.failure)
                if child.addresses is None and self.now() >= deadline:
                    raise RoleFailed(child.role.name, f"{child.role.name} did not start within {within:g} s")

    def run(self) -> None:
        """Restart what crashes, until asked to stop by SIGTERM, SIGINT or SIGHUP."""
        self._serving = True
        while not self.stop_asked:
            due = [child.restart_at for child in self._children.values() if child.restart_at is not None]
            self._turn(min(due, default=None))
            for child in self._children.values():
                if child.restart_at is not None and child.restart_at <= self.now():
                    self._fork(child)

    def stop(self, order: Iterable[str]) -> None:
        """End the roles one after the other, each within its time; a further signal kills all that are left at once."""
        self._serving = False
        for name in order:
            child = self._children.get(name)
            if child is None or not child.pid:
                continue
            os.kill(child.pid, signal.SIGTERM)
            deadline = self.now() + child.role.stop_within
            while child.pid and self.now() < deadline and self.stop_asked < 2:
                self._turn(deadline)
            if child.pid:
                _log.warning("role killed", extra={"role": name, "after_s": child.role.stop_within})
                self._kill([child])

    def _kill(self, children: Iterable[_Child]) -> None:
        """Kill the roles and whatever they started, which is their process group, and reap them."""
        left = [child for child in children if child.pid]
        for child in left:
            os.killpg(child.pid, signal.SIGKILL)
        deadline = self.now() + KILL_WITHIN
        while any(child.pid for child in left) and self.now() < deadline:
            self._turn(deadline)

    def _fork(self, child: _Child) -> None:
        lifeline, child.lifeline = os.pipe()
        child.report, report = os.pipe()
        os.set_blocking(child.report, False)
        child.received, child.addresses, child.failure, child.restart_at = b"", None, "", None
        child.started_at = self.now()
        sys.stdout.flush()
        sys.stderr.flush()
        # Blocked until the child has its own handlers: a SIGTERM in between would be lost in the supervisor's.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ASKS_TO_STOP)
        child.pid = os.fork()
        if child.pid == 0:
            self._become(child.role, lifeline, report, blocked)
        os.setpgid(child.pid, child.pid)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(lifeline)
        os.close(report)
        self._selector.register(child.report, selectors.EVENT_READ, child)
        _log.debug("role started", extra={"role": child.role.name, "pid": child.pid})

    def _become(self, role: Role, lifeline: int, report: int, mask: Collection[int]) -> NoReturn:
        """Be the role, in the forked process; never return into the supervisor's code."""
        code = 1
        try:
            # An own group: a terminal's Ctrl-C reaches the supervisor only, which ends the roles in order.
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in (*_ASKS_TO_STOP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._let_go(role)
            gc.enable()
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

    def _let_go(self, role: Role) -> None:
        """Close, in a forked role, what belongs to the supervisor: above all the other roles' lifelines."""
        self._selector.close()
        for end in self._sockets:
            end.close()
        for other in self._children.values():
            if other.report >= 0:
                os.close(other.report)
            if other.lifeline >= 0 and (other.role.name == role.name or not other.role.outlives):
                os.close(other.lifeline)

    def _turn(self, until: float | None) -> None:
        """Wait for a signal, a report or the time `until`, and take note of all that has happened."""
        for key, _ in self._selector.select(None if until is None else max(0.0, until - self.now())):
            if isinstance(key.data, _Child):
                self._read_report(key.data)
            elif key.data == self.lifeline:
                self._selector.unregister(key.fd)
                self.stop_asked += 1
            else:
                self._drain()
        for child in self._children.values():
            if child.pid and (ended := os.waitpid(child.pid, os.WNOHANG))[0]:
                self._ended(child, ended[1])

    def _drain(self) -> None:
        try:
            while self._sockets[0].recv(4096):
                pass
        except BlockingIOError:
            return

    def _read_report(self, child: _Child) -> None:
        try:
            data = os.read(child.report, _REPORT_BYTES) if child.report >= 0 else b""
        except BlockingIOError:
            return
        child.received = (child.received + data)[:_REPORT_BYTES]
        *lines, child.received = child.received.split(b"\n")
        for line in lines:
            said = json.loads(line)
            child.addresses = said.get("addresses", child.addresses)
            child.failure = said.get("failed", "")
            if child.addresses is not None:
                self.addresses.update(child.addresses)
                _log.debug("role ready", extra={"role": child.role.name, "pid": child.pid})
        if not data:
            self._close(child)

    def _close(self, child: _Child) -> None:
        if child.report >= 0:
            self._selector.unregister(child.report)
            os.close(child.report)
            child.report = -1

    def _ended(self, child: _Child, status: int) -> None:
        self._read_report(child)  # its last words
        self._close(child)
        os.close(child.lifeline)
        pid, child.pid, child.lifeline = child.pid, 0, -1
        how = describe_end(status)
        child.failure = child.failure or f"{child.role.name} ended with {how} before it served"
        if not self._serving:
            _log.debug("role ended", extra={"role": child.role.name, "pid": pid, "how": how})
            return
        child.crashes = 1 if self.now() - child.started_at >= WELL_AFTER else child.crashes + 1
        pause = restart_pause(child.crashes)
        child.restart_at = self.now() + pause
        _log.error("role restarts", extra={"role": child.role.name, "pid": pid, "how": how, "pause_s": pause})

    def _on_stop_signal(self, *_: object) -> None:
        self.stop_asked += 1


def _write(descriptor: int, said: Mapping[str, object]) -> None:
    os.write(descriptor, json.dumps(said).encode() + b"\n")
