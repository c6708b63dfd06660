"""Sound: the voices of a mix, added and encoded as AAC, block after block and without a pause."""

from collections.abc import Mapping
from itertools import islice

import numpy as np
from av.audio.frame import AudioFrame

from tailrace.media.aac_encoder import SAMPLE_FORMAT, AacEncoder, Packet
from tailrace.media.limiter import Limiter
from tailrace.media.sound_decoder import Samples
from tailrace.media.voice import Voice
from tailrace.model.plan import AudioEncoding

MAX_VOICES = 16  # spec/03 section 2
FRAME_SAMPLES = 1024  # one frame of AAC-LC, ISO/IEC 14496-3
# What is mixed in one go, whole frames, two of them at 44.1 kHz and above: what a block costs hardly depends on its
# length, and nine voices take a sixth less than with one frame. Longer ones would be felt in the delay.
LONGEST_BLOCK_SECONDS = 0.05
FULL_LEVEL = 100  # SoundLevel, spec/02 section 1.2


class SoundMixer:
    """Mixes one block of `block_samples` with each call. The first one begins at the output time `start_us`."""

    def __init__(self, encoding: AudioEncoding, start_us: int) -> None:
        frames = max(1, int(LONGEST_BLOCK_SECONDS * encoding.sample_rate_hz) // FRAME_SAMPLES)
        self.block_samples = frames * FRAME_SAMPLES
        self._encoder = AacEncoder(encoding)
        self._limiter = Limiter(encoding.sample_rate_hz)
        self._rate_hz, self._channels = encoding.sample_rate_hz, encoding.channels
        self._start_us = start_us
        self._amplitudes: dict[Voice, float] = {}
        self.block: AudioFrame | None = None
        """What was mixed last, before it was encoded."""
        self._ramp = np.arange(1, self.block_samples + 1, dtype=np.float32) / self.block_samples

    @property
    def config(self) -> bytes:
        """The AudioSpecificConfig of the output."""
        return self._encoder.config

    @property
    def due_us(self) -> int:
        """The output time until which sound has been mixed."""
        return self._time_of(self._encoder.fed)

    @property
    def next_us(self) -> int:
        """The output time at which the next block is over, and should be mixed."""
        return self._time_of(self._encoder.fed + self.block_samples)

    def mix(self, levels: Mapping[Voice, int]) -> list[Packet]:
        """Mix the next block; return the AAC frames that it completes, their times on the output's clock.

        Of more than MAX_VOICES voices the first ones count; levels are 0 to 100, linear amplitude. A voice whose level
        has changed, that is new or that is no longer there goes to its new level within the block.
        """
        wanted = {voice: level / FULL_LEVEL for voice, level in islice(levels.items(), MAX_VOICES)}
        total = np.zeros((self._channels, self.block_samples), np.float32)
        due_us = self.due_us
        for voice in wanted | self._amplitudes:
            after = wanted.get(voice, 0.0)
            before = self._amplitudes.get(voice, 0.0)
            block = voice.read(due_us, self.block_samples)
            if block is None:
                continue
            if before != after:
                total += block * (before + (after - before) * self._ramp)
            elif after:
                total += block if after == 1.0 else block * np.float32(after)
        self._amplitudes = wanted
        return self._encode(self._limiter.limit(total))

    def _encode(self, block: Samples) -> list[Packet]:
        frame = AudioFrame(SAMPLE_FORMAT, self._encoder.layout, self.block_samples)
        frame.sample_rate = self._rate_hz
        for plane, row in zip(frame.planes, block, strict=True):
            np.frombuffer(memoryview(plane), np.float32, self.block_samples)[:] = row
        self.block = frame
        packets = self._encoder.encode(frame)
        # What is before the start is the encoder's run-in, and the output's time does not go back.
        return [Packet(self._time_of(sample), payload) for sample, payload in packets if sample >= 0]

    def _time_of(self, sample: int) -> int:
        return self._start_us + sample * 1_000_000 // self._rate_hz
