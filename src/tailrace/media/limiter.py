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


# Below it, 0.001 dB, a reduction is over.
_NOTHING = 1e-4


class Limiter:
    """Feed it blocks in order."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._release = 1 - math.exp(-SLICE_SAMPLES / (RELEASE_SECONDS * sample_rate_hz))
        self._reduction = 0.0  # at the end of the last block: the gain's logarithm, without its sign
        self._ramp = np.arange(SLICE_SAMPLES, dtype=np.float32) / SLICE_SAMPLES

    def limit(self, block: Samples) -> Samples:
        """Return a block of (channels, a multiple of SLICE_SAMPLES) samples within -1 and 1."""
        if not self._reduction and max(block.max(), -block.min()) <= THRESHOLD:
            return block
        slices = np.abs(block).max(axis=0).reshape(-1, SLICE_SAMPLES).max(axis=1)
        return _bent(block * self._gains(slices))

    def _gains(self, peaks: Samples) -> Samples:
        """Return the gain of each sample: straight lines between slices, whose ends both fit the slice.

        At each end the reduction is what both slices beside it need, or what is left of that at any end before, if it
        is more: it goes back at the same pace in dB, however large it was. Without a loop, in a third of its time.
        """
        needed = np.empty(len(peaks) + 1)
        needed[0] = self._reduction
        needed[1:] = np.log(np.maximum(peaks, THRESHOLD) / THRESHOLD)
        needed[1:-1] = np.maximum(needed[1:-1], needed[2:])
        left = (1 - self._release) ** np.arange(len(needed))
        reduction = np.maximum.accumulate(needed / left) * left
        self._reduction = float(reduction[-1]) if reduction[-1] > _NOTHING else 0.0
        knots = np.exp(-reduction).astype(np.float32)
        gains: Samples = knots[:-1, None] + np.diff(knots)[:, None] * self._ramp
        return gains.ravel()


def _bent(block: Samples) -> Samples:
    """Return the block with what is above the threshold bent, so that it comes near 1 and never to it."""
    loudness = np.abs(block)
    if loudness.max() <= THRESHOLD:
        return block
    over = np.maximum(loudness - np.float32(THRESHOLD), 0)
    room = np.float32(1 - THRESHOLD)
    return np.copysign(loudness - over + over * room / (over + room), block)
