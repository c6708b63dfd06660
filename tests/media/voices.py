"""Voices: endless tones as AAC units, fed to a voice on a virtual clock, and what must be true of what comes out."""

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

import av
import numpy as np

from tailrace.errors import PeerError
from tailrace.media.voice import Voice
from tailrace.model.playout import Playout
from tailrace.unit import Codec

RATE_HZ = 48000
BLOCK = 1024
BLOCK_US = BLOCK * 1_000_000 / RATE_HZ
AMPLITUDE = 0.5
# The publisher's clock stands anywhere.
CLOCK_US = 900_000_000


@cache
def steady(periods: int, amplitude: float = AMPLITUDE, channels: int = 2) -> tuple[bytes, bytes]:
    """Return the AudioSpecificConfig and one AAC frame that, repeated, is a tone of `periods` periods in each frame."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo" if channels == 2 else "mono", "fltp"
    encoder.bit_rate = 192_000
    encoder.open()
    # Not from 0: a cut between two frames shall make a click.
    wave = amplitude * np.sin(1 + 2 * math.pi * periods * np.arange(BLOCK) / BLOCK)
    packets = []
    for _ in range(20):
        frame = av.AudioFrame.from_ndarray(
            np.repeat(wave[None], channels, axis=0).astype(np.float32), "fltp", encoder.layout.name
        )
        frame.sample_rate = RATE_HZ
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return bytes(encoder.extradata or b""), packets[-1]


def hertz(periods: int) -> float:
    """Return the frequency of `steady`."""
    return periods * RATE_HZ / BLOCK


@dataclass
class Publisher:
    """Feeds a voice with one unit for each block of the output.

    `ppm`: how much its clock is fast. `delay_us` gives the delay of each unit, `frame` what each one is: None is a
    unit that was lost.
    """

    voice: Voice
    frame: Callable[[int], tuple[bytes, bytes] | None]
    ppm: float = 0.0
    delay_us: Callable[[int], float] = lambda _: 0.0
    clock_us: Callable[[int], float] = lambda _: CLOCK_US
    sent: int = 0
    _coming: list[tuple[float, int]] = field(default_factory=list)

    def feed(self, now_us: float) -> None:
        """Feed all that has arrived by now; TCP keeps its order."""
        while self.sent * BLOCK_US <= now_us:
            earliest = self._coming[-1][0] if self._coming else 0.0
            self._coming.append((max(earliest, self.sent * BLOCK_US + self.delay_us(self.sent)), self.sent))
            self.sent += 1
        while self._coming and self._coming[0][0] <= now_us:
            arrived, number = self._coming.pop(0)
            pts_us = round(self.clock_us(number) + number * BLOCK_US * (1 + self.ppm / 1e6)) // 1000 * 1000
            if (unit := self.frame(number)) is not None:
                self.voice.playout.arrived(pts_us, round(arrived))
                with suppress(PeerError):
                    self.voice.feed(Codec.AAC, *unit, pts_us)


def play(publisher: Publisher, seconds: float) -> Iterator[np.ndarray]:
    """Yield what the voice plays, block for block, from 0 on."""
    for number in range(round(seconds * RATE_HZ / BLOCK)):
        publisher.feed((number + 1) * BLOCK_US)
        block = publisher.voice.read(round(number * BLOCK_US), BLOCK)
        yield np.zeros((2, BLOCK), np.float32) if block is None else block.copy()


def heard(publisher: Publisher, seconds: float) -> np.ndarray:
    """Return the left channel of what the voice plays."""
    return np.concatenate([block[0] for block in play(publisher, seconds)])


def publisher(periods: int = 21) -> Publisher:
    """Return one that sends an endless tone to a voice of its own."""
    unit = steady(periods)
    return Publisher(Voice(RATE_HZ, 2, Playout()), lambda _: unit)


def largest_step(samples: np.ndarray) -> float:
    """Return the largest difference of two neighbours."""
    return float(np.abs(np.diff(samples)).max())


def smooth_step(periods: int, amplitude: float = AMPLITUDE, rate_hz: int = RATE_HZ) -> float:
    """Return the largest step that a tone can make by itself, with a little room for coding, fades and stretching."""
    return 1.1 * 2 * amplitude * math.sin(math.pi * hertz(periods) / rate_hz) + amplitude / (0.005 * rate_hz)


def amplitudes(samples: np.ndarray, rate_hz: int, tones: list[float]) -> list[float]:
    """Return the amplitude of each tone, which may be stretched by 0.5 %; at least a second of samples.

    It is that of all lines around the tone together: where the stretch changes, the pitch glides, and none is as high.
    """
    window = np.hanning(len(samples))
    # Four times finer than the spectrum itself. Of a tone that does not glide, the window makes four lines of that one.
    power = np.abs(np.fft.rfft(samples * window, 4 * len(samples))) ** 2 / (len(samples) * (window**2).sum())
    lines_per_hertz = 4 * len(samples) / rate_hz
    return [
        float(power[int(tone * 0.993 * lines_per_hertz) - 8 : int(tone * 1.007 * lines_per_hertz) + 10].sum() ** 0.5)
        for tone in tones
    ]
