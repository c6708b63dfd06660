"""Encoding: which x264 preset, threads and options an output gets; docs/encoding.md has the measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tailrace.model.mix import VideoEncoding

AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Cost:
    """What x264 takes for a picture: nanoseconds for each pixel, and microseconds for each kilobit of output."""

    pixel_ns: float
    kilobit_us: float


# Measured on one core at 2.5 GHz with film and the options below, from 180p to 1080p; good to 15 %.
COSTS: Final[Mapping[str, Cost]] = {
    "ultrafast": Cost(5, 20),
    "superfast": Cost(7.7, 41),
    "veryfast": Cost(11.5, 80),
    "faster": Cost(16, 180),
    "fast": Cost(25, 300),
    "medium": Cost(40, 450),
    "slow": Cost(60, 600),
    "slower": Cost(85, 850),
    "veryslow": Cost(150, 1500),
}

# The share of a core that one thread may be busy with encoding. The rest is for composing, which the same thread does,
# and for key frames, which take twice the time of the others.
FULL: Final = 0.65
# Below this, 0.4 dB more for twice the time is a good bargain: it is at most 7 % of a core.
SMALL: Final = 0.15
# Three pictures of delay, 100 ms at 30 per second: what the promised 250 ms leave.
MAX_THREADS: Final = 4

# Of pictures that are encoded anew in their own size; the least is for the small ones of a browser on a bad network.
ALIKE_KBPS: Final = 2000
ALIKE_LEAST_KBPS: Final = 150
ALIKE_GOP: Final = 2


class Colours(Enum):
    """How Y, U and V were made of red, green and blue: x264's names of primaries, transfer and matrix."""

    BT709 = ("bt709", "bt709", "bt709")  # what media/canvas.py draws
    BT601 = ("undef", "undef", "smpte170m")  # VP8, which tells no more than the matrix (RFC 6386 section 9.2)


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How x264 is set up. Each thread after the first delays the output by a picture. `options`: names and values."""

    preset: str
    threads: int
    options: tuple[tuple[str, str], ...]


def choose(
    encoding: VideoEncoding, cores: int, preset: str = AUTO, threads: int = 0, colours: Colours = Colours.BT709
) -> EncoderSettings:
    """Return the settings for one output on a machine with `cores`; `colours` are those of its pictures.

    `preset` is a key of COSTS, or AUTO; `threads` 0 leaves their number to us.
    """
    counts = [threads] if threads else list(range(1, max(1, min(cores, MAX_THREADS)) + 1))
    presets = ["faster", "veryfast", "superfast"] if preset == AUTO else [preset]
    for count in counts:
        for name in presets:
            # Of the automatic ones "faster" is for small outputs only.
            full = SMALL if preset == AUTO and name == "faster" else FULL
            if load(encoding, name) <= full * count:
                return EncoderSettings(name, count, _options(encoding, colours))
    # Too much for this machine: the fastest, which costs 4 dB, or what the configuration insists on.
    return EncoderSettings("ultrafast" if preset == AUTO else preset, counts[-1], _options(encoding, colours))


def alike(width: int, height: int, fps: int) -> VideoEncoding:
    """Return how a stream is encoded anew that is to look as it did: in its own size, made even, at its own rate.

    The bit rate grows by less than the pixels do, as the eye asks for: 2 Mbit/s at 1280x720 and 30 pictures a second,
    a third more than what browsers send of that size, since a picture that is encoded twice loses twice.
    """
    width, height, fps = max(2, width & ~1), max(2, height & ~1), max(1, fps)
    share = width * height / (1280 * 720) * fps / 30
    return VideoEncoding(width, height, fps, max(ALIKE_LEAST_KBPS, round(ALIKE_KBPS * share**0.75)), ALIKE_GOP)


def load(encoding: VideoEncoding, preset: str) -> float:
    """Return how many cores encoding takes, about."""
    cost = COSTS[preset]
    pixels = encoding.width * encoding.height * encoding.fps
    return pixels * cost.pixel_ns / 1e9 + encoding.bitrate_kbps * cost.kilobit_us / 1e6


def in_groups(group: int) -> dict[str, int | str]:
    """Return x264's options for pictures that are sent at once, in groups of so many."""
    return {
        # Closed groups of pictures of exactly this length: cuts of the scene do not begin one.
        "keyint": group,
        "min-keyint": group,
        "scenecut": 0,
        "open-gop": 0,
        # A picture leaves before the next one comes in: no reordering, no looking ahead.
        "bframes": 0,
        "rc-lookahead": 0,
        "sync-lookahead": 0,
        "mbtree": 0,
        "sliced-threads": 0,
    }


def told(options: Mapping[str, int | str]) -> tuple[tuple[str, str], ...]:
    """Return options as x264 reads them."""
    return tuple((name, str(value)) for name, value in options.items())


def _options(encoding: VideoEncoding, colours: Colours) -> tuple[tuple[str, str], ...]:
    kbps = encoding.bitrate_kbps
    group = encoding.fps * encoding.gop
    primaries, transfer, matrix = colours.value
    options: dict[str, int | str] = {
        # A rate that a CDN can count on: no second may take more than its share. No filler, so no HRD to signal.
        "bitrate": kbps,
        "vbv-maxrate": kbps,
        "vbv-bufsize": kbps,
        "nal-hrd": "none",
        **in_groups(group),
        # A constant frame rate: x264 need not wait for the next picture's time.
        "force-cfr": 1,
        "colorprim": primaries,
        "transfer": transfer,
        "colormatrix": matrix,
        "range": "tv",
    }
    return told(options)
