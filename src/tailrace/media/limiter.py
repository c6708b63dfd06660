"""Limiter: many loud voices stay within full scale, without being cut off hard.

Below the threshold nothing is changed. Above it the gain falls so that the loudest sample of each short slice fits; it
may fall before the peak comes, as far as that is in the same block, and rises again slowly. What is loud right at the
begin of a block, where the gain cannot have fallen yet, is bent softly instead.
"""

import math

import numpy as np

from tailrace.media.sound_decoder import Samples

# -0.4 dB: one voice of full scale is hardly touched, and there is room to bend.
THRESHOLD = 0.95
# The gain goes straight from one slice to the next, at 48 kHz in 0.7 ms: fast enough for any onset, and no click.
SLICE_SAMPLES = 32
# Seconds until the gain, in dB, has come back by two thirds: shorter ones are heard as pumping.
RELEASE_SECONDS = 0.2


class Limiter:
    """Feed it blocks in order."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._release = 1 - math.exp(-SLICE_SAMPLES / (RELEASE_SECONDS * sample_rate_hz))
        self._gain = 1.0  # at the end of the last block

    def limit(self, block: Samples) -> Samples:
        """Return a block of (channels, a multiple of SLICE_SAMPLES) samples within -1 and 1."""
        if self._gain == 1.0 and max(block.max(), -block.min()) <= THRESHOLD:
            return block
        slices = np.abs(block).max(axis=0).reshape(-1, SLICE_SAMPLES).max(axis=1)
        return _bent(block * self._gains(slices.tolist()))

    def _gains(self, peaks: list[float]) -> Samples:
        """Return the gain of each sample: straight lines between slices, whose ends both fit the slice."""
        fitting = [THRESHOLD / max(peak, THRESHOLD) for peak in peaks]
        knots = [self._gain]
        for here, after in zip(fitting, [*fitting[1:], 1.0], strict=True):
            risen = knots[-1] ** (1 - self._release)  # the same pace in dB, however far it fell
            knots.append(min(here, after, 1.0 if risen > 0.9999 else risen))
        self._gain = knots[-1]
        steps = np.arange(len(peaks) * SLICE_SAMPLES) / SLICE_SAMPLES
        return np.interp(steps, np.arange(len(knots)), knots).astype(np.float32)


def _bent(block: Samples) -> Samples:
    """Return the block with what is above the threshold bent, so that it comes near 1 and never to it."""
    loudness = np.abs(block)
    if loudness.max() <= THRESHOLD:
        return block
    over = np.maximum(loudness - np.float32(THRESHOLD), 0)
    room = np.float32(1 - THRESHOLD)
    return np.copysign(loudness - over + over * room / (over + room), block)
