"""Meter: the volume that SEI tells."""

import numpy as np
import pytest

from tailrace.media.meter import Meter


def sine(amplitude: float, channels: int = 2) -> np.ndarray:
    wave = amplitude * np.sin(2 * np.pi * 440 * np.arange(48000) / 48000)
    return np.tile(wave, (channels, 1)).astype(np.float32)


@pytest.mark.parametrize(("amplitude", "volume"), [(1.0, 100), (0.5, 50), (0.1, 10), (0.0, 0), (1.6, 100)])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sine_has_the_volume_of_its_amplitude(amplitude: float, volume: int, channels: int) -> None:
    meter = Meter()

    meter.add(sine(amplitude, channels))

    assert meter.read() == volume


def test_silence_between_counts() -> None:
    meter = Meter()
    meter.add(sine(1.0))

    meter.add_silence(3 * 2 * 48000)

    assert meter.read() == 50


def test_each_reading_begins_anew() -> None:
    meter = Meter()
    meter.add(sine(1.0))
    meter.read()

    assert meter.read() == 0
    meter.add(sine(0.2))
    assert meter.read() == 20
