"""Told: a child process that gets its orders as JSON, and tells what it sees as lines of JSON."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

_END_WITHIN = 10.0


def say(event: str, **values: Any) -> None:
    """Write a line for whoever has started this process."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


class Told:
    """`with Told("bench.module", [...], order, log) as child:`. The last line of each event counts."""

    def __init__(self, module: str, arguments: Sequence[str], order: Any, log: Path) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._order = order
        self._log = log
        self._said: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._over = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("ab") as errors:
            # A session of its own: Ctrl-C reaches the benchmark only.
            self._process = subprocess.Popen(
                self._command,
                env=os.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._listening = threading.Thread(target=self._listen, name=self._command[2])
        self._listening.start()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as orders:
            orders.write(json.dumps(self._order))
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self) -> None:
        """End it, and wait until it has said its last; twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listening.join()

    def said(self, event: str) -> dict[str, Any]:
        """Return the last line of an event; empty when there was none."""
        with self._changed:
            return self._said.get(event, {})

    def wait(self, event: str, timeout: float) -> dict[str, Any]:
        """Return the last line of an event. Raises RuntimeError when the process ends, TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._over or event in self._said, timeout):
                raise TimeoutError(f"{self._command[2]} did not say {event} within {timeout:g} s")
            if event not in self._said:
                raise RuntimeError(f"{self._command[2]} ended: {self._log.read_text()[-1000:]}")
            return self._said[event]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                with self._changed:
                    self._said[said["event"]] = said
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()
