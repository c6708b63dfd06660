"""Meter: how loud a sound has been (spec/03 section 6, `volume`)."""

import math

import numpy as np
from av.audio.frame import AudioFrame

from tailrace.media.sound_decoder import Samples, samples_of


class Meter:
    """RMS since it was last read, on a scale where a sine of full scale has 100."""

    def __init__(self) -> None:
        self._energy, self._measured = 0.0, 0

    def add(self, samples: Samples) -> None:
        """Take samples of any number of channels, full scale 1.0."""
        self._energy += sum(float(np.dot(row, row)) for row in samples)
        self._measured += samples.size

    def hear(self, frame: AudioFrame) -> None:
        """Take a frame of planar floats, as decoders of AAC give."""
        self.add(samples_of(frame))

    def add_silence(self, samples: int) -> None:
        """Take so many samples of silence, over all channels."""
        self._measured += samples

    def read(self) -> int:
        """Return the volume since the last reading, 0 to 100, and begin anew."""
        energy, measured = self._energy, self._measured
        self._energy, self._measured = 0.0, 0
        return min(100, round(100 * math.sqrt(2 * energy / measured))) if measured else 0
