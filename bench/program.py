"""Program: a child process that ends with the block that started it, whatever ends the block."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

# ffmpeg and nginx end within a second; `tailrace serve` has its own deadlines below this.
_END_WITHIN = 15.0


class Program:
    """`with Program([...]) as program:`. Output is thrown away, or written to `log`."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        self._command = list(command)
        self._env = env
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        with open(self._log or "/dev/null", "ab") as output:  # noqa: PTH123 - one of the two is not a Path
            # A session of its own: Ctrl-C reaches the benchmark only, which ends its programs one by one.
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def tell(self, how: signal.Signals) -> None:
        """Send a signal; harmless when it has ended."""
        if self._process is not None:
            self._process.send_signal(how)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait; kill it when that takes too long."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def end_all(programs: Sequence[Program], how: signal.Signals = signal.SIGTERM) -> None:
    """Tell all, then wait for all."""
    for program in programs:
        program.tell(how)
    for program in programs:
        program.end(how)
