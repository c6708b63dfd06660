"""The ffmpeg program as a publisher or a player of what it makes up itself."""

import signal
import subprocess
from collections.abc import Sequence
from types import TracebackType

# A moving picture and a tone, as fast as real time; no B-frames unless asked for.
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25")
TONE = ("-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "0")
AAC = ("-c:a", "aac", "-b:a", "64k", "-ac", "2")


class Ffmpeg:
    """`with Ffmpeg(...):` runs the program; it is told to stop at the end, and killed if it does not."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.output = ""

    def __enter__(self) -> "Ffmpeg":
        self._process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "info", *self.arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, timeout: float = 30) -> int:
        """Wait until it ends by itself; its exit status."""
        _, rest = self._process.communicate(timeout=timeout)
        self.output += rest
        return self._process.returncode

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait."""
        if self.running:
            self._process.send_signal(how)
        try:
            self.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
        except ValueError:  # waited for already
            self._process.wait()


def publisher(url: str, *, seconds: float = 60, video: Sequence[str] = H264, audio: Sequence[str] = AAC) -> Ffmpeg:
    """An ffmpeg that publishes a moving picture with a 1 kHz tone; leave a track out with an empty list of options."""
    inputs = [*(("-re", *PICTURE) if video else ()), *(("-re", *TONE) if audio else ())]
    return Ffmpeg(*inputs, "-t", str(seconds), *video, *audio, "-f", "flv", url)
