"""Seam: the Opus of a browser as one run of samples without a click, as long as its times say.

A browser sends nothing in pauses (DTX), and networks lose packets: sound then ends in a fade, is followed by silence,
and fades in again. A browser's sound card is faster or slower than the clock that its pictures have: the sound is
stretched little by little, so that it stays beside them.

There is no NumPy here, since a relay does without its 10 MB: what is computed for each sample is computed for a few
milliseconds at a time, where sound is missing or stretched.
"""

from array import array
from collections.abc import Callable
from typing import Final

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.plane import AudioPlane

from tailrace.media.aac_encoder import silent

RATE_HZ: Final = 48000  # of Opus, whatever is inside (RFC 7587 section 4.1)
# 5 ms, as for voices in a mix: too short to be heard as a fade, long enough not to be heard as a click.
FADE: Final = 240
# Times of Opus units are exact but for what sender reports correct; the shortest packets of browsers last 10 ms.
SMALLEST_HOLE_US: Final = 5_000
# A longer one is filled by the relay's clock (`model/gap.py`), or is a clock that was set.
LONGEST_HOLE_US: Final = 3_000_000
# Below it nothing is corrected, above it packets are left out: with the encoder's 20 ms it stays within 40 ms.
SMALLEST_ERROR_US: Final = 1_000
LARGEST_ERROR_US: Final = 20_000
# 0.5 %, a twelfth of a semitone.
LARGEST_STRETCH: Final = 0.005

_SAMPLE_US: Final = 1_000_000 / RATE_HZ


class Seam:
    """Put frames of 48 kHz planar floats with `layout`; take frames of `size` samples, the last 5 ms are kept."""

    def __init__(self, layout: str, size: int) -> None:
        self._layout, self._size = layout, size
        self._fifo = AudioFifo()
        self._end_us: float | None = None  # when what was put ends, on the publisher's clock
        self._error_us = 0.0  # by how much its times are later than the count of its samples says
        self._fade_in = True

    def follows(self, pts_us: int) -> bool:
        """Return whether sound of this time belongs to the run; otherwise `drain` this one and begin another."""
        return self._end_us is not None and abs(pts_us - self._end_us) <= LONGEST_HOLE_US

    def put(self, frame: AudioFrame, pts_us: int) -> None:
        """Take the next frame."""
        frame.pts = None
        late_us = 0.0 if self._end_us is None else pts_us - self._end_us
        lasts_us = frame.samples * _SAMPLE_US
        self._end_us = pts_us + lasts_us
        self._error_us += late_us
        if late_us >= SMALLEST_HOLE_US and self._error_us > 0:
            self._put_silence()
        elif self._error_us < -LARGEST_ERROR_US:
            self._fade_out()
            self._error_us += lasts_us
            return
        elif abs(self._error_us) > SMALLEST_ERROR_US:
            frame = self._stretched(frame)
        if self._fade_in:
            self._fade_in = False
            _edit(frame, _faded_in)
        self._fifo.write(frame)

    def take(self) -> list[AudioFrame]:
        """Return what is ready."""
        frames: list[AudioFrame] = []
        while self._fifo.samples >= self._size + FADE:
            frames.append(self._read(self._size))
        return frames

    def drain(self) -> list[AudioFrame]:
        """Return all that is left, faded out, with silence up to a whole frame. What is put next begins a run."""
        self._fade_out()
        self._end_us, self._error_us = None, 0.0
        if missing := -self._fifo.samples % self._size:
            self._fifo.write(silent(self._layout, RATE_HZ, missing))
        frames = []
        while self._fifo.samples:
            frames.append(self._read(self._size))
        return frames

    def _read(self, samples: int) -> AudioFrame:
        frame = self._fifo.read(samples)
        if frame is None:
            raise AssertionError("so many samples are there")
        frame.pts = None
        return frame

    def _put_silence(self) -> None:
        """Put as much as is missing."""
        self._fade_out()
        missing = round(self._error_us / _SAMPLE_US)
        self._fifo.write(silent(self._layout, RATE_HZ, missing))
        self._error_us = 0.0

    def _fade_out(self) -> None:
        """Let the sound so far end without a click."""
        if not self._fade_in and self._fifo.samples:
            rest = self._read(self._fifo.samples)
            _edit(rest, _faded_out)
            self._fifo.write(rest)
        self._fade_in = True

    def _stretched(self, frame: AudioFrame) -> AudioFrame:
        most = max(1, int(frame.samples * LARGEST_STRETCH))
        count = frame.samples + max(-most, min(most, round(self._error_us / _SAMPLE_US)))
        self._error_us -= (count - frame.samples) * _SAMPLE_US
        longer = silent(self._layout, RATE_HZ, count)
        for old, new in zip(frame.planes, longer.planes, strict=True):
            new.update(_filling(stretch(_samples(old, frame.samples), count), new.buffer_size))
        return longer


def stretch(samples: "array[float]", count: int) -> "array[float]":
    """Return `count` samples that last as long as `samples`, which are four at least.

    Cubic interpolation (Catmull and Rom, 1974): the first sample stays, and what follows the last one is where it was.
    """
    last = len(samples) - 1
    # A sample before, and two after: on a straight line.
    known = array("f", [2 * samples[0] - samples[1], *samples])
    known.extend((2 * samples[last] - samples[last - 1], 3 * samples[last] - 2 * samples[last - 1]))
    step = len(samples) / count
    made = array("f", bytes(4 * count))
    for number in range(count):
        at = int(number * step)
        x = number * step - at
        a, b, c, d = known[at : at + 4]
        made[number] = b + x / 2 * (c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a)))
    return made


def _edit(frame: AudioFrame, change: Callable[["array[float]"], None]) -> None:
    for plane in frame.planes:
        samples = _samples(plane, frame.samples)
        change(samples)
        plane.update(_filling(samples, plane.buffer_size))


def _samples(plane: AudioPlane, count: int) -> "array[float]":
    samples = array("f")
    samples.frombytes(memoryview(plane)[: 4 * count])
    return samples


def _filling(samples: "array[float]", size: int) -> bytes:
    """Return the bytes of a plane, which may be larger than its samples."""
    return samples.tobytes().ljust(size, b"\0")


def _faded_in(samples: "array[float]") -> None:
    for at in range(min(FADE, len(samples))):
        samples[at] *= at / FADE


def _faded_out(samples: "array[float]") -> None:
    for at in range(1, min(FADE, len(samples)) + 1):
        samples[-at] *= (at - 1) / FADE
