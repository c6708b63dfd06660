"""Publisher: the ffmpeg program that publishes a film into a room, again and again, as fast as real time."""

import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self


def ffmpeg_missing() -> str:
    """Return why ffmpeg cannot be used here, or nothing."""
    return "" if shutil.which("ffmpeg") else "the ffmpeg program is not installed"


class Publisher:
    """`with Publisher(film, url):` publishes until the end of the block, without encoding anything anew."""

    def __init__(self, film: Path, url: str) -> None:
        self._command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", str(film)]
        self._command += ["-c", "copy", "-f", "flv", url]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    @property
    def gone(self) -> bool:
        """Whether it has ended, which it does when its connection is closed."""
        return self._process.poll() is not None

    def stall(self) -> None:
        """Send nothing more, and stay connected, until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Go on after a stall; it sends at once what it has missed."""
        self._process.send_signal(signal.SIGCONT)

    def leave(self) -> None:
        """Unpublish in order (SIGTERM makes ffmpeg write its trailer), and end; twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self.vanish()

    def vanish(self) -> None:
        """Die without a word."""
        self._process.kill()
        self._process.wait()


def record(url: str, file: Path, seconds: float) -> Path:
    """Play `url` with ffmpeg while it is live, and keep what comes as FLV. Raises CalledProcessError with its words."""
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-y",
            "-i",
            url,
            "-t",
            str(seconds),
            "-c",
            "copy",
            "-f",
            "flv",
            str(file),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return file
