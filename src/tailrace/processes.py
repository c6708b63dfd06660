"""Processes: keeps the roles of this machine alive, restarts those that crash, and ends them in order.

The supervisor is one plain thread without an event loop: only then is `fork` safe, and only a fork shares the memory of
the libraries that are imported already (measured: a role that imports them by itself costs 30 MB more).
"""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from tailrace.errors import RoleFailed
from tailrace.forked import ASKS_TO_STOP, Forked, Role

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


def restart_pause(crashes: int) -> float:
    """Return the pause in seconds before the restart that follows the `crashes`th crash in a row (from 1)."""
    return min(FIRST_PAUSE * 2.0 ** min(crashes - 1, 16), LONGEST_PAUSE)


@dataclass(slots=True)
class _Kept:
    """A role that is kept alive: its process, and when it is to be started again."""

    forked: Forked
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
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _sockets: tuple[socket.socket, ...] = ()
    _serving: bool = False

    def __enter__(self) -> Self:
        self._sockets = socket.socketpair()
        for end in self._sockets:
            end.setblocking(False)
        self._selector.register(self._sockets[0], selectors.EVENT_READ, "signals")
        if self.lifeline is not None:
            self._selector.register(self.lifeline, selectors.EVENT_READ, "lifeline")
        signal.set_wakeup_fd(self._sockets[1].fileno(), warn_on_full_buffer=False)
        for number in ASKS_TO_STOP:
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        self._serving = False
        self._kill(self._kept.values())
        signal.set_wakeup_fd(-1)
        for number in (*ASKS_TO_STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._selector.close()
        for end in self._sockets:
            end.close()

    def start(self, role: Role) -> None:
        """Start `role`; whether it serves is known from `wait_until_ready`."""
        kept = self._kept[role.name] = _Kept(Forked(role))
        self._fork(kept)

    def wait_until_ready(self, names: Iterable[str], within: float = START_WITHIN) -> None:
        """Return once all of the roles serve, with `addresses` known; return early when asked to stop.

        Raises RoleFailed when one of them ends before, or does not serve in time.
        """
        roles = [self._kept[name].forked for name in names]
        deadline = self.now() + within
        while not self.stop_asked and any(forked.addresses is None for forked in roles):
            self._turn(deadline)
            for forked in roles:
                if forked.addresses is None and not forked.pid:
                    raise RoleFailed(forked.role.name, forked.failure)
                if forked.addresses is None and self.now() >= deadline:
                    raise RoleFailed(forked.role.name, f"it did not start within {within:g} s")

    def run(self) -> None:
        """Restart what crashes, until asked to stop by SIGTERM, SIGINT or SIGHUP."""
        self._serving = True
        while not self.stop_asked:
            due = [kept.restart_at for kept in self._kept.values() if kept.restart_at is not None]
            self._turn(min(due, default=None))
            for kept in self._kept.values():
                if kept.restart_at is not None and kept.restart_at <= self.now():
                    self._fork(kept)

    def stop(self, order: Iterable[str]) -> None:
        """End the roles one after the other, each within its time; a further signal kills all that are left at once."""
        self._serving = False
        for name in order:
            kept = self._kept.get(name)
            if kept is None or not kept.forked.pid:
                continue
            kept.forked.ask_to_stop()
            deadline = self.now() + kept.forked.role.stop_within
            while kept.forked.pid and self.now() < deadline and self.stop_asked < 2:
                self._turn(deadline)
            if kept.forked.pid:
                _log.warning("role killed", extra={"role": name, "after_s": kept.forked.role.stop_within})
                self._kill([kept])

    def _kill(self, roles: Iterable[_Kept]) -> None:
        left = [kept.forked for kept in roles if kept.forked.pid]
        for forked in left:
            forked.kill()
        deadline = self.now() + KILL_WITHIN
        while any(forked.pid for forked in left) and self.now() < deadline:
            self._turn(deadline)

    def _fork(self, kept: _Kept) -> None:
        kept.started_at, kept.restart_at = self.now(), None
        kept.forked.start(self._let_go)
        self._selector.register(kept.forked.report, selectors.EVENT_READ, kept)

    def _let_go(self, role: Role) -> None:
        """Close, in a forked role, what belongs to the supervisor: above all the other roles' lifelines."""
        self._selector.close()
        for end in self._sockets:
            end.close()
        for other in (kept.forked for kept in self._kept.values()):
            if other.report >= 0:
                os.close(other.report)
            if other.lifeline >= 0 and (other.role.name == role.name or not other.role.outlives):
                os.close(other.lifeline)

    def _turn(self, until: float | None) -> None:
        """Wait for a signal, a report or the time `until`, and take note of all that has happened."""
        for key, _ in self._selector.select(None if until is None else max(0.0, until - self.now())):
            match key.data:
                case _Kept() as kept:
                    self._hear(kept.forked)
                case "lifeline":
                    self._selector.unregister(key.fd)
                    self.stop_asked += 1
                case _:
                    self._drain()
        for kept in self._kept.values():
            if kept.forked.pid:
                self._reap(kept)

    def _drain(self) -> None:
        try:
            while self._sockets[0].recv(4096):
                pass
        except BlockingIOError:
            return

    def _hear(self, forked: Forked) -> None:
        if forked.report >= 0 and not forked.hear():
            self._close(forked)
        self.addresses.update(forked.addresses or {})

    def _close(self, forked: Forked) -> None:
        if forked.report >= 0:
            self._selector.unregister(forked.report)
            os.close(forked.report)
            forked.report = -1

    def _reap(self, kept: _Kept) -> None:
        forked, pid = kept.forked, kept.forked.pid
        if not (how := forked.ended()):
            return
        self._hear(forked)  # its last words
        self._close(forked)
        forked.failure = forked.failure or f"it ended with {how} before it served"
        if not self._serving:
            _log.debug("role ended", extra={"role": forked.role.name, "pid": pid, "how": how})
            return
        kept.crashes = 1 if self.now() - kept.started_at >= WELL_AFTER else kept.crashes + 1
        pause = restart_pause(kept.crashes)
        kept.restart_at = self.now() + pause
        _log.error("role restarts", extra={"role": forked.role.name, "pid": pid, "how": how, "pause_s": pause})

    def _on_stop_signal(self, *_: object) -> None:
        self.stop_asked += 1
