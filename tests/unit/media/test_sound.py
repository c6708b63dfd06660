"""SoundMixer: every tone is in the mix at its level and in its time, and the sound never stops."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import av
import numpy as np
import pytest

from tailrace.media.aac_encoder import Packet
from tailrace.media.sound import FRAME_SAMPLES, MAX_VOICES, SoundMixer
from tailrace.media.voice import Voice
from tailrace.model.plan import AudioEncoding
from tailrace.model.playout import Playout
from tests.media.voices import AMPLITUDE, CLOCK_US, Publisher, amplitudes, hertz, largest_step, steady
from tests.media.voices import BLOCK_US as UNIT_US

RATE = 48000
# High enough for little coding noise to be beside the tones.
KBPS = 192


def tone(periods: int, rate: int = RATE, channels: int = 2, amplitude: float = AMPLITUDE) -> Publisher:
    """Return a publisher of an endless tone of `periods` periods in 1024 samples at 48 kHz."""
    unit = steady(periods, amplitude)
    return Publisher(Voice(rate, channels, Playout()), lambda _: unit)


def mixed(
    mixer: SoundMixer,
    publishers: list[Publisher],
    seconds: float,
    levels: Callable[[float], Mapping[Voice, int]] | None = None,
) -> list[Packet]:
    """Return what is encoded while the publishers publish; `levels` of the time."""
    packets: list[Packet] = []
    first_us = mixer.due_us
    while mixer.due_us - first_us < seconds * 1e6:
        for publisher in publishers:
            publisher.feed(mixer.next_us)
        now = levels(mixer.due_us / 1e6) if levels else {publisher.voice: 100 for publisher in publishers}
        packets += mixer.mix(now)
    return packets


def decoded(mixer: SoundMixer, packets: list[Packet]) -> np.ndarray:
    """Return the samples of shape (channels, samples); the first is heard one frame before the first packet's time."""
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = mixer.config
    return np.concatenate([f.to_ndarray() for packet in packets for f in decoder.decode(av.Packet(packet.payload))], 1)


@pytest.mark.parametrize("rate", [48000, 44100, 32000, 24000, 16000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
def test_each_tone_is_in_the_mix_at_every_rate_and_channel_count_of_the_api(rate: int, channels: int) -> None:
    mixer = SoundMixer(AudioEncoding(rate, channels, KBPS), 0)
    publishers = [tone(periods, rate, channels, 0.2) for periods in (7, 13, 29)]

    samples = decoded(mixer, mixed(mixer, publishers, 3.0))

    assert samples.shape[0] == channels
    tones = [hertz(periods) for periods in (7, 13, 29)]
    for channel in samples:
        measured = amplitudes(channel[-rate:], rate, tones)
        assert measured == pytest.approx([0.2] * 3, rel=0.1)


def test_without_a_voice_silence_is_encoded_and_times_go_on() -> None:
    mixer = SoundMixer(AudioEncoding(), 5_000_000)

    packets = mixed(mixer, [], 2.0)

    assert not decoded(mixer, packets).any()
    assert packets[0].pts_us == 5_000_000
    assert {after.pts_us - before.pts_us for before, after in pairwise(packets)} <= {21333, 21334}
    assert mixer.due_us == pytest.approx(7_000_000, abs=30_000)
    assert mixer.next_us == pytest.approx(mixer.due_us + mixer.block_samples / FRAME_SAMPLES * UNIT_US, abs=1)


def test_the_set_up_data_are_there_from_the_start() -> None:
    assert SoundMixer(AudioEncoding(), 0).config


def test_times_do_not_drift_from_the_samples() -> None:
    mixer = SoundMixer(AudioEncoding(44100, 1), 0)

    packets = mixed(mixer, [], 60.0)

    assert packets[-1].pts_us == (len(packets) - 1) * FRAME_SAMPLES * 1_000_000 // 44100


def test_a_beep_is_encoded_where_it_is_due() -> None:
    loud, silent = steady(21), steady(21, amplitude=0.0)
    publisher = Publisher(Voice(RATE, 2, Playout()), lambda number: loud if number >= 60 else silent)
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=KBPS), 0)

    packets = mixed(mixer, [publisher], 3.0)

    heard = int(np.argmax(np.abs(decoded(mixer, packets)[0]) > AMPLITUDE / 2)) / RATE
    # A decoder gives the sound of a frame at that frame's time; the beep overlaps into the frame before it by half.
    due = publisher.voice.playout.at(CLOCK_US + round(60 * UNIT_US)) / 1e6 + UNIT_US / 2e6
    assert heard + packets[0].pts_us / 1e6 == pytest.approx(due, abs=0.006)


@pytest.mark.parametrize("level", [0, 1, 25, 50, 100])
def test_a_level_is_linear_amplitude(level: int) -> None:
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=KBPS), 0)
    publishers = [tone(21), tone(48, amplitude=0.2)]

    # In the second that is measured, sound begins to be stretched, as it follows a delay that shrinks.
    packets = mixed(mixer, publishers, 2.0, lambda _: {publishers[0].voice: level, publishers[1].voice: 100})

    measured = amplitudes(decoded(mixer, packets)[0][-RATE:], RATE, [hertz(21), hertz(48)])
    assert measured == pytest.approx([AMPLITUDE * level / 100, 0.2], rel=0.05, abs=0.004)


def test_a_level_that_changes_and_a_voice_that_goes_make_no_click() -> None:
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=KBPS), 0)
    publisher = tone(7)

    def levels(now: float) -> dict[Voice, int]:
        if 2.0 < now < 2.5:
            return {}
        return {publisher.voice: 20 if 1.0 < now < 1.5 else 100}

    samples = decoded(mixer, mixed(mixer, [publisher], 4.0, levels))[0]

    smooth = 2 * np.pi * hertz(7) * AMPLITUDE / RATE + AMPLITUDE / (0.005 * RATE)
    assert largest_step(samples) < 1.25 * smooth
    assert np.abs(samples[round(1.1 * RATE) : round(1.4 * RATE)]).max() == pytest.approx(AMPLITUDE / 5, rel=0.1)
    assert np.abs(samples[round(2.1 * RATE) : round(2.4 * RATE)]).max() < 0.01
    assert np.abs(samples[-RATE:]).max() == pytest.approx(AMPLITUDE, rel=0.1)


def test_sixteen_loud_voices_stay_within_full_scale_and_are_all_heard() -> None:
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=256), 0)
    periods = [3 * number + 5 for number in range(MAX_VOICES)]
    publishers = [tone(number, amplitude=0.9) for number in periods]

    samples = decoded(mixer, mixed(mixer, publishers, 3.0))[0]

    assert np.abs(samples).max() < 1.1  # what AAC adds by itself
    measured = amplitudes(samples[-RATE:], RATE, [hertz(number) for number in periods])
    assert min(measured) > 0.5 * max(measured)


def test_only_the_first_sixteen_voices_count() -> None:
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=256), 0)
    publishers = [tone(3 * number + 5, amplitude=0.05) for number in range(MAX_VOICES + 1)]

    samples = decoded(mixer, mixed(mixer, publishers, 2.0))[0]

    measured = amplitudes(samples[-RATE:], RATE, [hertz(3 * number + 5) for number in range(MAX_VOICES + 1)])
    assert min(measured[:-1]) > 0.03
    assert measured[-1] < 0.005


def test_a_voice_that_stalls_does_not_stop_the_others() -> None:
    mixer = SoundMixer(AudioEncoding(bitrate_kbps=KBPS), 0)
    stalled, steady_one = tone(21), tone(48)
    stalled.delay_us = lambda number: 1e9 if number >= 50 else 0

    packets = mixed(mixer, [stalled, steady_one], 3.0)

    measured = amplitudes(decoded(mixer, packets)[0][-RATE:], RATE, [hertz(21), hertz(48)])
    assert measured == pytest.approx([0, AMPLITUDE], abs=0.03)
    assert len(packets) == pytest.approx(3 * RATE / FRAME_SAMPLES, abs=3)
