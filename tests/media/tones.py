"""Tones: who is heard in mixed sound, how loud, and when each beep begins."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tests.media.people import FLASH_SECONDS, TONES_HZ

Samples = NDArray[np.floating]

# While a mix follows a publisher's clock and network it stretches his sound by up to 0.5 %, and a publisher whose clock
# is off by 1000 ppm is off in pitch by as much; a tone is looked for so far around.
_PITCH_OFF = 0.006
# Neighbours are 187 Hz away: a window of this length keeps them 60 dB down and lets a beep rise within its own time.
_ENVELOPE_SECONDS = 0.025
# A beep counts when it is as long as it should be, to within two envelopes, which noise is not.
_SHORTEST = FLASH_SECONDS - 2 * _ENVELOPE_SECONDS
# Somebody's sound may begin within a beep. Both ends of one are told to 2 ms, and it may be stretched by 0.5 %.
_SHORTEST_FIRST = FLASH_SECONDS - 0.005
# Where AAC has no bits to spare it leaves noise of up to a few thousandths.
_HEARD = 0.005


def levels(samples: Samples, rate_hz: int, people: Iterable[int] = range(len(TONES_HZ))) -> dict[int, float]:
    """Return the amplitude of each person's steady tone in mono samples. 0.2 s of them tell neighbours apart."""
    window = np.hanning(len(samples))
    # Padded to four times the length, a tone between two lines is still seen with 99.8 % of its height.
    spectrum = np.abs(np.fft.rfft(samples * window / window.sum() * 2, 4 * len(samples)))
    line_hz = rate_hz / (4 * len(samples))
    return {person: _highest(spectrum, TONES_HZ[person] / line_hz) for person in people}


def beeps(samples: Samples, rate_hz: int, person: int) -> list[float]:
    """Return when the beeps of a person begin, in seconds from the first sample.

    One begins where it has half of its height, to within 2 ms however many others are heard. One that is cut at either
    end of the samples is left out, and the first one if its begin is missing.
    """
    envelope = _envelope(samples, rate_hz, TONES_HZ[person])
    height = float(np.percentile(envelope, 99.5))
    if height < _HEARD:
        return []
    loud = np.concatenate([[True], envelope > height / 2, [True]])
    rises = np.flatnonzero(loud[1:] & ~loud[:-1])
    falls = np.flatnonzero(~loud[1:] & loud[:-1])
    begun = []
    for rise in rises:
        later = falls[falls > rise]
        whole = _ENVELOPE_SECONDS * rate_hz < rise < len(envelope) and later.size > 0
        shortest = _SHORTEST_FIRST if rise == rises[0] else _SHORTEST
        if whole and (later[0] - rise) / rate_hz > shortest:
            before, after = envelope[rise - 1], envelope[rise]
            begun.append(float(rise - 1 + (height / 2 - before) / (after - before)) / rate_hz)
    return begun


def _highest(spectrum: Samples, line: float) -> float:
    low, high = int(line * (1 - _PITCH_OFF)), int(np.ceil(line * (1 + _PITCH_OFF)))
    return float(spectrum[low : high + 1].max())


def _envelope(samples: Samples, rate_hz: int, hertz: float) -> Samples:
    """Return the amplitude around one pitch, sample by sample."""
    turned = samples * np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / rate_hz)
    taps = np.hanning(round(_ENVELOPE_SECONDS * rate_hz) | 1)
    size = 1 << (len(samples) + len(taps)).bit_length()
    smooth = np.fft.ifft(np.fft.fft(turned, size) * np.fft.fft(taps / taps.sum() * 2, size))
    return np.abs(smooth[len(taps) // 2 : len(taps) // 2 + len(samples)])
