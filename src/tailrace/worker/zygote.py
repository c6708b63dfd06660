"""Zygote: a small process that has loaded the media libraries once and forks one child per task from there.

It is forked from the worker before the worker has an event loop or a connection, has one thread, and does nothing but
fork, reap and signal; so a start costs milliseconds, and the libraries' memory is shared. Worker and zygote talk in
lines of JSON over a socket pair. When the worker dies the socket ends, the zygote ends, and with it the write end of
the children's lifeline: they release their tasks in order.

The worker looks after its children's signs of life (`heartbeat.py`), and has one that stands still killed.
"""

import asyncio
import contextlib
import gc
import json
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from tailrace.worker.heartbeat import LOOK_EACH, SLOTS, Page, Pulse, Watch

_log = logging.getLogger(__name__)

# A job is a few hundred bytes; this bounds a line all the same.
MAX_LINE_BYTES = 1024 * 1024

Job = dict[str, Any]
RunJob = Callable[[Job, int, Pulse], int]


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: its exit status, or minus the number of the signal that killed it.

    `stood_still`: for how many seconds it had given no sign of life when it was killed for that; 0.0: it was not.
    """

    status: int
    stood_still: float = 0.0

    def describe(self) -> str:
        """Say it in words."""
        if self.stood_still:
            return f"it stood still for {self.stood_still:.0f} s"
        how = f"signal {signal.Signals(-self.status).name}" if self.status < 0 else f"exit status {self.status}"
        return f"its process ended by {how}"


@dataclass(slots=True)
class _Running:
    """A child that runs, and its slot for signs of life."""

    slot: int
    exited: asyncio.Future[int]
    stood_still: float = 0.0


class Zygote:
    """The worker's end. Make it before the event loop runs; `attach` it to the loop afterwards."""

    def __init__(self, load: Callable[[], RunJob], *, lazily: bool = False, beside: Sequence["Zygote"] = ()) -> None:
        """Fork the zygote. It calls `load` once, for what its children run: `run(job, lifeline, pulse) -> status`.

        `lazily`: only when the first child is asked for, which then starts later. `beside`: those that were made
        before in this process. This one would hold their channels open as well, and none of them would see its end.
        """
        self._page = Page()
        self._free = list(range(SLOTS))
        self._socket, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            for zygote in (self, *beside):
                zygote._socket.close()
            _serve(theirs, load, self._page, lazily)
        theirs.close()
        self._running: dict[int, _Running] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._last = 0

    async def attach(self) -> None:
        """Connect to the running event loop; then `listen` must run."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=MAX_LINE_BYTES)

    async def listen(self) -> NoReturn:
        """Hand exits to those who wait for them. Raises ConnectionError when the zygote has died."""
        try:
            while line := await self._reader.readline():
                message = json.loads(line)
                running = self._running.pop(message["id"], None)
                if running is not None and not running.exited.done():
                    running.exited.set_result(message["status"])
            raise ConnectionError("the process that forks children has died")
        finally:
            for running in self._running.values():
                running.exited.cancel()

    async def watch(self) -> NoReturn:
        """Kill children that stand still. Who runs them learns it from their `Exit`."""
        watch = Watch()
        while True:
            await asyncio.sleep(LOOK_EACH)
            signs = {child.slot: self._page.read(child.slot) for child in self._running.values()}
            if (stuck := watch.look(signs, time.monotonic())) is None:
                continue
            slot, seconds = stuck
            number, child = next((n, child) for n, child in self._running.items() if child.slot == slot)
            child.stood_still = seconds
            self._tell({"signal": signal.SIGKILL, "id": number})

    async def run(self, job: Job) -> Exit:
        """Run one child to its end.

        Cancelling it asks the child to release its task (SIGTERM), and waits for that.
        """
        self._last += 1
        number = self._last
        child = _Running(self._free.pop(), asyncio.get_running_loop().create_future())
        self._running[number] = child
        self._tell({"run": number, "job": job, "slot": child.slot})
        try:
            return Exit(await asyncio.shield(child.exited), child.stood_still)
        except asyncio.CancelledError:
            self._tell({"signal": signal.SIGTERM, "id": number})
            with contextlib.suppress(asyncio.CancelledError):
                await child.exited
            raise
        finally:
            self._free.append(child.slot)

    def kill_all(self) -> None:
        """Kill every child at once."""
        for number in self._running:
            self._tell({"signal": signal.SIGKILL, "id": number})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def close(self) -> None:
        """End the zygote and wait for it."""
        if self._writer is not None:
            self._writer.close()
        with contextlib.suppress(ChildProcessError):
            await asyncio.to_thread(os.waitpid, self.pid, 0)


def _serve(channel: socket.socket, load: Callable[[], RunJob], page: Page, lazily: bool) -> NoReturn:
    """The zygote itself: never returns."""
    status = 1
    try:
        # The terminal's Ctrl-C goes to every process of its group; what ends the zygote is the end of its channel.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forker = _Forker(channel, load, page)
        if not lazily:
            forker.load()
        forker.loop()
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends here, and its last words are the report
        _log.exception("the process that forks children failed")
    finally:
        os._exit(status)


class _Forker:
    def __init__(self, channel: socket.socket, load: Callable[[], RunJob], page: Page) -> None:
        self._channel = channel
        self._load = load
        self._run: RunJob | None = None
        self._page = page
        self._lifeline, self._lifeline_end = os.pipe()
        self._children: dict[int, int] = {}  # pid: id
        self._pids: dict[int, int] = {}  # id: pid
        self._woken, wake = socket.socketpair()
        for end in (self._woken, wake):
            end.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def load(self) -> RunJob:
        """Import what children run, once."""
        if self._run is None:
            self._run = self._load()
            gc.collect()
            gc.freeze()  # what is frozen is not touched by the children's collectors, and so stays shared
        return self._run

    def loop(self) -> None:
        """Fork, reap and signal until the worker's end of the channel is closed."""
        lines = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._woken in ready:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(4096)
                    self._reap()
                if self._channel in ready:
                    data = self._channel.recv(65536)
                    if not data:
                        return
                    *whole, lines = (lines + data).split(b"\n")
                    for line in whole:
                        self._obey(json.loads(line))

    def _obey(self, message: dict[str, Any]) -> None:
        if "run" in message:
            self._fork(message["run"], message["job"], message["slot"])
        elif (pid := self._pids.get(message["id"])) is not None:
            os.kill(pid, message["signal"])

    def _fork(self, number: int, job: Job, slot: int) -> None:
        run = self.load()
        try:
            pid = os.fork()
        except OSError as error:
            # No room for one more process: that task is tried again later, all others go on.
            _log.error("cannot fork a child", extra={"error": str(error)})
            self._answer(number, 1)
            return
        if pid == 0:
            status = 1
            try:
                signal.set_wakeup_fd(-1)
                for handled in (signal.SIGCHLD, signal.SIGTERM):
                    signal.signal(handled, signal.SIG_DFL)
                os.close(self._lifeline_end)
                for end in (self._channel, self._woken, self._wake):
                    end.close()
                status = run(job, self._lifeline, Pulse(self._page, slot))
            except BaseException:  # noqa: BLE001 - as above
                _log.exception("task child failed")
            finally:
                os._exit(status)
        self._children[pid] = number
        self._pids[number] = pid

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number = self._children.pop(pid, None)
            if number is not None:
                del self._pids[number]
                self._answer(number, os.waitstatus_to_exitcode(status))

    def _answer(self, number: int, status: int) -> None:
        self._channel.sendall(json.dumps({"id": number, "status": status}).encode() + b"\n")
