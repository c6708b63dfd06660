"""SoundDecoder: what a publisher sends becomes samples of the mix, as loud as they were, and rubbish does no harm."""

import random
from contextlib import suppress

import av
import numpy as np
import pytest

from tailrace.errors import PeerError
from tailrace.media.sound_decoder import SoundDecoder
from tailrace.unit import Codec
from tests.media.encoded import pitch, sound

RATE = 48000


def decoded(decoder: SoundDecoder, units: list[tuple[Codec, bytes, bytes]]) -> np.ndarray:
    return np.concatenate([decoder.decode(*unit) for unit in units], axis=1)


def aac_units(
    hertz: float = 1000, seconds: float = 1.0, rate: int = RATE, channels: int = 2
) -> list[tuple[Codec, bytes, bytes]]:
    return [(unit.codec, unit.config, unit.payload) for unit in sound(hertz, seconds, rate=rate, channels=channels)]


@pytest.mark.parametrize("rate_in", [48000, 44100, 22050, 8000])
@pytest.mark.parametrize("rate_out", [48000, 44100, 16000, 8000])
def test_every_rate_is_brought_to_that_of_the_mix(rate_in: int, rate_out: int) -> None:
    samples = decoded(SoundDecoder(rate_out, 2), aac_units(rate=rate_in))

    assert samples.shape[0] == 2
    assert samples.shape[1] == pytest.approx(rate_out, rel=0.15)
    settled = samples[0][rate_out // 3 :]
    assert pitch(settled, rate_out) == pytest.approx(1000, abs=5)
    assert np.abs(settled).max() == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("channels_in", [1, 2])
@pytest.mark.parametrize("channels_out", [1, 2])
@pytest.mark.parametrize("rate_in", [48000, 32000])
def test_mono_and_stereo_are_made_of_each_other_at_the_same_level(
    channels_in: int, channels_out: int, rate_in: int
) -> None:
    samples = decoded(SoundDecoder(RATE, channels_out), aac_units(channels=channels_in, rate=rate_in))

    assert samples.shape[0] == channels_out
    for channel in samples:
        assert np.abs(channel[RATE // 3 :]).max() == pytest.approx(0.5, rel=0.05)


def test_surround_sound_is_mixed_down() -> None:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "5.1", "fltp", 256_000
    encoder.open()
    packets = []
    for start in range(0, RATE, 1024):
        wave = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(start, start + 1024) / RATE)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave[None], 6, axis=0).astype(np.float32), "fltp", "5.1")
        frame.sample_rate = RATE
        packets += [bytes(packet) for packet in encoder.encode(frame)]

    samples = decoded(SoundDecoder(RATE, 1), [(Codec.AAC, bytes(encoder.extradata or b""), part) for part in packets])

    assert samples.shape[0] == 1
    assert pitch(samples[0][RATE // 3 :], RATE) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("rate_in", [44100, 24000, 8000])
def test_a_resampler_loses_nothing_and_holds_little_back(rate_in: int) -> None:
    units = aac_units(rate=rate_in)

    samples = decoded(SoundDecoder(RATE, 2), units)

    held = len(units) * 1024 * RATE / rate_in - samples.shape[1]
    assert 0 <= held <= RATE * 0.002


def test_a_publisher_may_change_its_codec_set_up() -> None:
    decoder = SoundDecoder(RATE, 2)
    decoded(decoder, aac_units(rate=44100, channels=1))

    samples = decoded(decoder, aac_units(hertz=700))

    assert pitch(samples[0][RATE // 3 :], RATE) == pytest.approx(700, abs=5)


@pytest.mark.parametrize("codec", [Codec.AAC, Codec.OPUS])
def test_rubbish_is_a_peer_error_or_bounded_sound_and_the_next_unit_is_taken(codec: Codec) -> None:
    dice = random.Random(7)
    decoder = SoundDecoder(RATE, 2)
    good = aac_units()
    config = good[0][1]
    refused = 0
    for _ in range(300):
        rubbish = dice.randbytes(dice.randrange(1, 400))
        try:
            samples = decoder.decode(codec, config if codec is Codec.AAC else b"", rubbish)
        except PeerError:
            refused += 1
            continue
        assert np.isfinite(samples).all()
        assert np.abs(samples).max(initial=0) <= 2.0

    assert refused > 0
    assert np.abs(decoded(decoder, good)[0][RATE // 3 :]).max() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("codec", [Codec.AAC, Codec.OPUS])
@pytest.mark.parametrize("config", [b"\x00", b"\xff" * 30, b"OpusHead", b"OpusHead" + b"\xff" * 11])
def test_rubbish_for_set_up_data_is_a_peer_error_or_ignored(codec: Codec, config: bytes) -> None:
    decoder = SoundDecoder(RATE, 2)
    for _ in range(3):
        with suppress(PeerError):
            decoder.decode(codec, config, b"\x21\x10\x04\x60")

    assert decoded(decoder, aac_units()).any()


def test_pictures_are_refused() -> None:
    with pytest.raises(PeerError, match="H264 is no sound"):
        SoundDecoder(RATE, 2).decode(Codec.H264, b"", b"\0")


def test_an_empty_unit_is_refused_and_is_not_the_end() -> None:
    decoder = SoundDecoder(RATE, 2)
    units = aac_units()
    decoded(decoder, units[:5])

    with pytest.raises(PeerError, match="without a payload"):
        decoder.decode(Codec.AAC, units[0][1], b"")

    assert decoded(decoder, units[5:]).any()
