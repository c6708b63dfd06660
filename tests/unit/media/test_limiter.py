"""Limiter: never beyond full scale, never a step, and nothing at all below the threshold."""

import numpy as np
import pytest

from tailrace.media.limiter import RELEASE_SECONDS, THRESHOLD, Limiter

RATE = 48000
BLOCK = 1024


def tone(amplitude: float, blocks: int, hertz: float = 441.0) -> np.ndarray:
    wave = amplitude * np.sin(2 * np.pi * hertz * np.arange(blocks * BLOCK) / RATE)
    return np.stack([wave, wave]).astype(np.float32)


def limited(samples: np.ndarray, limiter: Limiter | None = None) -> np.ndarray:
    limiter = limiter or Limiter(RATE)
    return np.concatenate([limiter.limit(block) for block in np.split(samples, samples.shape[1] // BLOCK, axis=1)], 1)


def test_what_fits_is_not_changed() -> None:
    samples = tone(THRESHOLD - 0.001, 20)

    assert np.array_equal(limited(samples), samples)


@pytest.mark.parametrize("amplitude", [0.96, 1.0, 1.5, 4.0, 16.0, 32.0])
def test_what_is_too_loud_stays_within_full_scale_and_is_still_the_tone(amplitude: float) -> None:
    result = limited(tone(amplitude, 40))[0]

    settled = result[10 * BLOCK :]
    assert np.abs(result).max() < 1.0
    assert np.abs(settled).max() == pytest.approx(THRESHOLD, abs=0.01)
    spectrum = np.abs(np.fft.rfft(settled * np.hanning(len(settled))))
    loudest = int(np.argmax(spectrum))
    assert loudest * RATE / len(settled) == pytest.approx(441, abs=2)
    # A gain that followed the wave itself would make overtones; -40 dB is what the ear does not find beside the tone.
    assert spectrum[3 * loudest - 20 :].max() < spectrum[loudest] / 100


@pytest.mark.parametrize("onset", [0, 1, 31, 500, 1023])
def test_a_sudden_burst_makes_no_step_that_it_does_not_have_itself(onset: int) -> None:
    samples = tone(0.3, 30)
    start = 10 * BLOCK + onset
    samples[:, start : start + 3000] *= 20

    result = limited(samples)[0]

    assert np.abs(result).max() < 1.0
    if onset == 500:  # in the middle of a block the gain can fall before it, and nothing must be bent
        assert np.abs(result).max() <= THRESHOLD + 0.001
    # Within the burst steps may be as large as those of a tone that is bent to full scale.
    steps = np.abs(np.diff(result))
    assert steps.max() <= np.abs(np.diff(samples[0])).max()
    assert steps[: start - BLOCK].max() <= np.abs(np.diff(samples[0, :start])).max()


def test_the_gain_comes_back_slowly_and_wholly() -> None:
    limiter = Limiter(RATE)
    limited(tone(4.0, 10), limiter)
    soon = limited(tone(0.5, 2), limiter)
    blocks = round(12 * RELEASE_SECONDS * RATE / BLOCK)
    limited(tone(0.5, blocks), limiter)
    late = tone(0.5, 2)

    assert np.abs(soon).max() < 0.35
    assert np.array_equal(limited(late, limiter), late)


def test_the_gain_does_not_rise_faster_than_it_should() -> None:
    limiter = Limiter(RATE)
    limited(tone(4.0, 10), limiter)

    level = np.abs(limited(tone(0.5, 100), limiter)[0]).reshape(-1, BLOCK).max(axis=1)

    fall_db = 20 * np.log10(4.0 / THRESHOLD)
    rise_db = np.diff(20 * np.log10(level))
    assert rise_db.max() < fall_db * BLOCK / (RELEASE_SECONDS * RATE)
    assert rise_db.min() > -0.2
