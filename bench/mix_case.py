"""Case: who is mixed into what. All contenders get the same people, windows, rate and x264 parameters."""

from dataclasses import dataclass

from bench.mix_film import Shape
from tailrace.model import encoding
from tailrace.model.mix import VideoEncoding
from tailrace.model.templates import Box, grid

GOP_SECONDS = 2
AUDIO_KBPS = 128
PRESET = "veryfast"
# One, for everybody: more make pictures wait for others, and cost more in all.
X264_THREADS = 1
_COLOURS = ("colorprim", "transfer", "colormatrix", "range")
# What ours is told by its configuration, so that it does not choose by the size of the output.
SETTINGS = {"TAILRACE_ENCODING__PRESET": PRESET, "TAILRACE_ENCODING__THREADS": str(X264_THREADS)}


@dataclass(frozen=True, slots=True)
class Case:
    """Some people, all with sources of one shape, in one output."""

    people: int
    source: Shape
    width: int
    height: int
    kbps: int

    @property
    def name(self) -> str:
        """For the table."""
        source = f"{self.people} x {self.source.height}p{self.source.fps}"
        return f"{source} -> {self.height}p{self.source.fps}"

    @property
    def slug(self) -> str:
        """For files and streams."""
        return f"mix{self.people}"

    @property
    def fps(self) -> int:
        """Pictures per second, of each source and of the output."""
        return self.source.fps

    @property
    def boxes(self) -> list[Box]:
        """The windows."""
        return grid(self.people, self.width, self.height)

    @property
    def x264_params(self) -> str:
        """What our encoder tells x264, for the peers, but for the names of colours: an older x264 knows fewer."""
        asked = VideoEncoding(self.width, self.height, self.fps, self.kbps, GOP_SECONDS)
        options = encoding.choose(asked, 1, PRESET, X264_THREADS).options
        told = [f"{name}={value}" for name, value in options if name not in _COLOURS]
        return ":".join([*told, f"threads={X264_THREADS}"])


FOUR = Case(4, Shape(1280, 720, 30, 2000), 1280, 720, 2500)
NINE = Case(9, Shape(640, 360, 15, 500), 1280, 720, 1500)
SIXTEEN = Case(16, Shape(640, 360, 15, 500), 1920, 1080, 3000)
CASES = (FOUR, NINE, SIXTEEN)
