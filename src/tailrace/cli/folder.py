"""DataFolder: where one server at a time keeps its configuration, its bus, and the note of where it listens."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tailrace.cli.exits import CommandError, Exit

# The roles of a supervisor that was killed hold the lock until they have ended in order.
PREDECESSOR_ENDS_WITHIN = 10.0
_LOOK_EACH = 0.05


def default_folder() -> Path:
    """Return where data is kept when nothing else is said: TAILRACE_DATA, or the user's data directory."""
    if named := os.environ.get("TAILRACE_DATA"):
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tailrace"


class DataFolder:
    """The folder `path`, which `prepare` creates."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()

    @property
    def config(self) -> Path:
        """The configuration that is used when none is named."""
        return self.path / "tailrace.toml"

    @property
    def running(self) -> Path:
        """The ready file of the server that runs here, for the other commands."""
        return self.path / "running.json"

    def prepare(self) -> None:
        """Create the folder. Raises CommandError when nothing can be written there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.path / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise CommandError(
                f"cannot write to the data folder {self.path}: {error.strerror}; choose another one with --data",
                Exit.IN_USE,
            ) from None

    @contextmanager
    def held(self, now: Callable[[], float] = time.monotonic) -> Iterator[None]:
        """Hold the folder for this process and those it forks. Raises CommandError when another server holds it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(descriptor, now() + PREDECESSOR_ENDS_WITHIN, now)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, deadline: float, now: Callable[[], float]) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace")
                if _runs(holder) or now() > deadline:
                    raise CommandError(
                        f"another tailrace serves from {self.path} (process {holder or 'unknown'}); "
                        "stop it, or choose another folder with --data",
                        Exit.IN_USE,
                    ) from None
                time.sleep(_LOOK_EACH)
            else:
                return

    def read_running(self) -> dict[str, Any] | None:
        """Return the ready file of the server that runs on this folder, or None."""
        try:
            found = json.loads(self.running.read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and _runs(str(found.get("pid", ""))) else None


def write_whole(file: Path, content: Mapping[str, object]) -> None:
    """Write JSON so that a reader sees all of it or nothing."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content, indent=2) + "\n")
    fresh.replace(file)


def _runs(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
