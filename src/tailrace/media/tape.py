"""Tape: the last seconds of one voice, each sample with a number, and which number is heard when.

Numbers rise by one with each sample and never begin anew. Where the sound is not continuous (silence was put in, or the
publisher's clock was set) there is an *edge*: who plays over it must fade.
"""

from collections import deque

import numpy as np

from tailrace.media.sound_decoder import Samples

# More than the longest playout delay, with room for sound that came early.
KEPT_SECONDS = 3
# A longer gap is no gap but a clock that was set, and is not filled with silence.
LONGEST_GAP_US = 1_000_000
# Time stamps of RTMP are whole milliseconds, and some publishers jitter by a frame or two; more than this is a gap.
LARGEST_JITTER_US = 60_000
# Jitter is averaged over so many units, two thirds of a second.
AVERAGED_UNITS = 32


class Tape:
    """Bounded; the oldest samples are dropped."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._kept = KEPT_SECONDS * sample_rate_hz
        # Twice as long, so that samples are moved to its begin once in seconds and not with every unit.
        self._samples = np.zeros((channels, 2 * self._kept), np.float32)
        self._first = 0  # number of the sample in column 0
        self._used = 0
        self._sample_us = 1_000_000 / sample_rate_hz
        self._zero_us: float | None = None  # when the sample of number 0 would be heard
        self._set_at = 0  # number of the first sample since the publisher's clock was set
        self._edges: deque[int] = deque()
        self._broken = False

    @property
    def begin(self) -> int:
        """Number of the oldest sample that `number_at` holds for."""
        return max(self._first, self._set_at)

    @property
    def end(self) -> int:
        """The number that the next sample will have."""
        return self._first + self._used

    def number_at(self, pts_us: int) -> int | None:
        """Return the number of the sample heard at a time of the publisher's clock, None while nothing came."""
        return None if self._zero_us is None else round((pts_us - self._zero_us) / self._sample_us)

    def break_off(self) -> None:
        """Note that sound is missing after what came so far: what comes next is placed exactly."""
        self._broken = True

    def append(self, samples: Samples, pts_us: float) -> None:
        """Put the samples that follow, the first of them heard at `pts_us`."""
        if not samples.shape[1]:
            return
        self._place(pts_us)
        self._put(samples[:, -self._kept :])

    def _place(self, pts_us: float) -> None:
        """Compare the time of the next sample with the tape's: they agree, or there is a gap, or the clock was set."""
        if self._zero_us is None:
            self._zero_us = pts_us - self.end * self._sample_us
            return
        error_us = pts_us - (self._zero_us + self.end * self._sample_us)
        smallest_gap_us = 0 if self._broken else LARGEST_JITTER_US
        self._broken = False
        if smallest_gap_us < error_us <= LONGEST_GAP_US:
            silence = round(error_us / self._sample_us)
            self._edges.append(self.end)
            self._put(np.zeros((len(self._samples), silence), np.float32))
            self._edges.append(self.end)
        elif abs(error_us) <= LARGEST_JITTER_US:
            self._zero_us += error_us / AVERAGED_UNITS
        else:
            self._set_at = self.end
            self._edges.append(self.end)
            self._zero_us += error_us

    def _put(self, samples: Samples) -> None:
        count = samples.shape[1]
        size = self._samples.shape[1]
        if self._used + count > size:
            dropped = self._used + count - self._kept
            self._samples[:, : self._used - dropped] = self._samples[:, dropped : self._used]
            self._first += dropped
            self._used -= dropped
            while self._edges and self._edges[0] < self._first:
                self._edges.popleft()
        self._samples[:, self._used : self._used + count] = samples
        self._used += count

    def read(self, number: int, count: int) -> Samples:
        """Return `count` samples from `number` on, zeros where there are none. Do not write into them."""
        start = number - self._first
        if start >= 0 and start + count <= self._used:
            return self._samples[:, start : start + count]
        piece = np.zeros((len(self._samples), count), np.float32)
        left, right = max(start, 0), min(start + count, self._used)
        if left < right:
            piece[:, left - start : right - start] = self._samples[:, left:right]
        return piece

    def edges(self, number: int, count: int) -> list[int]:
        """Return the edges from `number` to `number + count`, both included; both ends of the tape are edges."""
        return [edge for edge in (self._first, *self._edges, self.end) if number <= edge <= number + count]
