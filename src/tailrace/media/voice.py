"""Voice: the sound of one stream in a mix: units in, the samples that are due out, without a click.

A position on the tape moves along with the output. Where it should be follows from the playout; a small error is
corrected by stretching: a block of n samples is made of n + k, both ends at whole samples, so that nothing is changed
while there is nothing to correct. A large one is corrected by a jump. Where sound begins, ends, is missing or jumps, it
is faded.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tailrace.errors import PeerError
from tailrace.media.meter import Meter
from tailrace.media.seam import SMALLEST_HOLE_US
from tailrace.media.sound_decoder import Samples, SoundDecoder
from tailrace.media.tape import Tape
from tailrace.model.playout import Playout
from tailrace.unit import Codec

# Too short to be heard as a fade, long enough not to be heard as a click.
FADE_SECONDS = 0.005
# Sound and picture shall stay within 40 ms (design.md section 4). A picture is up to 20 ms beside its own time at 25
# frames a second; the rest is ours. A larger error, after a delay that grew, would take seconds to correct.
LARGEST_ERROR_SECONDS = 0.020
# Below it nothing is corrected: times come in whole milliseconds.
SMALLEST_ERROR_SECONDS = 0.002
# 0.5 %, a twelfth of a semitone.
LARGEST_STRETCH = 0.005
# An error is corrected over so many samples, half a second at 48 kHz: little by little.
CORRECTION_SAMPLES = 24 * 1024


class Voice:
    """The sound of one stream at the rate and with the channels of a mix.

    `playout` says when it is due; it may be replaced when a new publishing session begins.
    """

    def __init__(self, sample_rate_hz: int, channels: int, playout: Playout) -> None:
        self.playout = playout
        self._decoder = SoundDecoder(sample_rate_hz, channels)
        self._tape = Tape(sample_rate_hz, channels)
        self._rate_hz, self._channels = sample_rate_hz, channels
        self._fade = round(FADE_SECONDS * sample_rate_hz)
        self._at = 0  # number of the sample to be played next
        self._gain = 0.0  # at the end of the last block
        self._correcting = False
        self._meter: Meter | None = None
        self._end_us = 0.0  # when the last unit ends, on the publisher's clock

    def feed(self, codec: Codec, config: bytes, payload: bytes, pts_us: int) -> None:
        """Take one unit (its set-up data may be empty for Opus). Raises PeerError; the next unit may be fed."""
        try:
            samples = self._decoder.decode(codec, config, payload)
        except PeerError:
            self._tape.break_off()
            raise
        if codec is Codec.OPUS and pts_us - self._end_us >= SMALLEST_HOLE_US:
            self._tape.break_off()
        self._end_us = pts_us + samples.shape[1] * 1_000_000 / self._rate_hz
        self._tape.append(samples, pts_us)

    def volume(self) -> int:
        """Return how loud it was since the last call, 0 to 100; measured from the first call on, which returns 0."""
        if self._meter is None:
            self._meter = Meter()
        return self._meter.read()

    def read(self, out_us: int, samples: int) -> Samples | None:
        """Return the samples due from the output time `out_us` on, None for silence. Do not write into them."""
        due = self._tape.number_at(out_us - self.playout.offset_us)
        block = None if due is None else self._play(due, samples)
        if self._meter is not None:
            self._measure(self._meter, block, samples)
        return block

    def _measure(self, meter: Meter, block: Samples | None, samples: int) -> None:
        if block is None:
            meter.add_silence(samples * self._channels)
        else:
            meter.add(block)

    def _play(self, due: int, samples: int) -> Samples | None:
        tail = None
        error = due - self._at
        if self._gain and abs(error) <= LARGEST_ERROR_SECONDS * self._rate_hz:
            taken = samples + self._correction(error, samples)
        else:
            if self._gain:
                tail = self._tape.read(self._at, self._fade) * self._envelope(self._at, self._fade, rising=False)
            self._at, self._gain, taken = due, 0.0, samples
        block = self._block(samples, taken)
        self._at += taken
        if tail is not None:
            block = np.zeros((self._channels, samples), np.float32) if block is None else block
            block[:, : self._fade] += tail
        return block

    def _block(self, samples: int, taken: int) -> Samples | None:
        """Return what is on the tape from `_at` on, `taken` samples stretched to `samples`."""
        if self._at >= self._tape.end or (not self._gain and self._at + taken <= self._tape.begin):
            self._gain = 0.0
            return None
        if taken == samples:
            block = self._tape.read(self._at, samples)
        else:
            block = stretch(self._tape.read(self._at - 1, taken + 3), samples)
        if self._gain == 1.0 and not self._tape.edges(self._at - self._fade, taken + 2 * self._fade):
            return block
        envelope = self._envelope(self._at, samples, rising=True)
        self._gain = float(envelope[-1])
        return block * envelope

    def _envelope(self, number: int, count: int, *, rising: bool) -> NDArray[np.float32]:
        """Return the gain of each sample: it rises (or falls) from the last one, and is 0 at each edge."""
        begins = 0 if self._gain else max(0, self._tape.begin - number)
        slope = np.arange(1 - begins, 1 - begins + count, dtype=np.float32) / self._fade
        gain = self._gain + (slope if rising else -slope)
        for edge in self._tape.edges(number - self._fade, count + 2 * self._fade):
            gain = np.minimum(gain, np.abs(np.arange(number - edge, number - edge + count)) / self._fade)
        return np.clip(gain, 0.0, 1.0).astype(np.float32)

    def _correction(self, error: int, samples: int) -> int:
        """Return how many samples more than usual this block shall take."""
        if not self._correcting and abs(error) <= SMALLEST_ERROR_SECONDS * self._rate_hz:
            return 0
        largest = int(samples * LARGEST_STRETCH)
        step = max(-largest, min(largest, round(error * samples / CORRECTION_SAMPLES)))
        self._correcting = step != 0
        return step


def stretch(samples: Samples, count: int) -> Samples:
    """Return `count` samples that last as long as all of `samples` but the first and the last two.

    Cubic interpolation (Catmull and Rom, 1974): the first sample given back is the second one exactly.
    """
    picked, weights, places = _interpolation(samples.shape[1] - 3, count)
    # With ready indices `take` needs a third of the time of samples[:, picked], and half of that when it checks none.
    runs = samples.take(picked, axis=1, mode="clip")
    stretched: Samples = runs[:, :-3] * weights[0]
    for tap in (1, 2, 3):
        stretched += runs[:, tap : tap - 3 or None] * weights[tap]
    return stretched.take(places, axis=1, mode="clip")


@lru_cache(maxsize=64)
def _interpolation(taken: int, count: int) -> tuple[NDArray[np.intp], list[Samples], NDArray[np.intp]]:
    """Return which samples to pick, the weights of each and the three after it, and where the results then stand.

    Each sample is made of four neighbours. As a rule the next one is made of those one further on; so runs of
    neighbours are picked, and each of the four is a slice of them. Behind a run are three places without a result.
    """
    position = np.arange(count) * (taken / count)
    at = position.astype(np.intp)
    x = position - at
    places = np.arange(count) + 3 * np.cumsum(np.diff(at, prepend=-1) != 1)
    picked = np.zeros(places[-1] + 4, np.intp)
    for tap in range(4):
        picked[places + tap] = at + tap
    taps = (
        ((2 - x) * x - 1) * x / 2,
        ((3 * x - 5) * x * x + 2) / 2,
        ((4 - 3 * x) * x + 1) * x / 2,
        (x - 1) * x * x / 2,
    )
    weights = [np.zeros(places[-1] + 1, np.float32) for _ in taps]
    for weight, tap_weight in zip(weights, taps, strict=True):
        weight[places] = tap_weight
    return picked, weights, places
