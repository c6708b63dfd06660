"""AacTranscoder: the sound comes out as asked, in tune, in time, and goes on after a gap."""

import contextlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.media.aac_encoder import Packet
from tailrace.media.audio import AacTranscoder
from tailrace.model.plan import AudioEncoding
from tailrace.unit import Codec, Unit
from tests.media.browser import opus, tone
from tests.media.encoded import pitch, sound

RATE = 48000


def aac_tone(hertz: float, seconds: float, rate: int = RATE, channels: int = 2) -> tuple[bytes, list[bytes]]:
    """Return the AudioSpecificConfig and the frames of a tone."""
    units = sound(hertz, seconds, rate=rate, channels=channels)
    return units[0].config, [unit.payload for unit in units]


def decode(config: bytes, packets: list[Packet]) -> np.ndarray:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = config
    parts = [frame.to_ndarray() for packet in packets for frame in decoder.decode(av.Packet(packet.payload))]
    return np.concatenate(parts, axis=1)


def feed(transcoder: AacTranscoder, config: bytes, frames: list[bytes], start_us: int = 0) -> Iterator[Packet]:
    for number, frame in enumerate(frames):
        # whole milliseconds, as RTMP brings them
        yield from transcoder.feed(Codec.AAC, config, frame, start_us + number * 1024 * 1000 // RATE * 1000)


@pytest.mark.parametrize("rate", [48000, 44100, 32000, 24000, 16000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_tone_is_in_tune_at_every_rate_and_channel_count_of_the_api(rate: int, channels: int) -> None:
    config, frames = aac_tone(1000, 2.0)
    transcoder = AacTranscoder(AudioEncoding(rate, channels, 64))

    samples = decode(transcoder.config, list(feed(transcoder, config, frames)))

    assert samples.shape[0] == channels
    assert samples.shape[1] == pytest.approx(2.0 * rate, abs=4096)
    assert pitch(samples[0][rate // 2 :], rate) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("rate", [48000, 16000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("wanted", [1, 2])
def test_the_level_stays_whatever_becomes_of_the_channels(channels: int, wanted: int, rate: int) -> None:
    config, frames = aac_tone(1000, 2.0, channels=channels)
    transcoder = AacTranscoder(AudioEncoding(rate, wanted, 64))

    samples = decode(transcoder.config, list(feed(transcoder, config, frames)))[:, rate // 2 :]

    given = decode(config, [Packet(0, frame) for frame in frames])[:, RATE // 2 :]
    assert len(samples) == wanted
    # 0.5 dB: an encoder loses a little; 3 dB would be a factor of 1.41.
    assert [level(one) for one in samples] == pytest.approx([level(given[0])] * wanted, rel=0.06)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_times_rise_by_one_frame_and_stay_with_the_input() -> None:
    config, frames = aac_tone(440, 3.0)
    transcoder = AacTranscoder(AudioEncoding())

    packets = list(feed(transcoder, config, frames, start_us=7_000_000))

    steps = np.diff([packet.pts_us for packet in packets])
    assert set(steps) <= {21333, 21334}
    # The first packet carries only the encoder's priming; the sound of the first unit is in the second.
    assert packets[1].pts_us == 7_000_000


def test_a_click_is_heard_when_it_was_made() -> None:
    silence, click = np.zeros(RATE, np.float32), np.zeros(RATE, np.float32)
    click[RATE // 2 : RATE // 2 + 480] = 0.9
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "fltp", 128_000
    encoder.time_base = Fraction(1, RATE)
    encoder.open()
    wave = np.concatenate([silence, click, silence])[: 140 * 1024]
    frames = []
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024].copy(), "fltp", "mono")
        frame.sample_rate = RATE
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    transcoder = AacTranscoder(AudioEncoding(channels=1))

    packets = list(feed(transcoder, bytes(encoder.extradata or b""), frames))
    samples = decode(transcoder.config, packets)[0]

    # Unit 0 of the source holds the encoder's priming, so its sound lies one frame behind the unit's own time.
    heard = (int(np.argmax(np.abs(samples) > 0.4)) + packets[0].pts_us * RATE / 1_000_000) / RATE
    assert heard == pytest.approx(1.5 + 1024 / RATE, abs=0.005)


def test_sound_after_a_gap_is_placed_after_the_gap() -> None:
    config, frames = aac_tone(440, 2.0)
    transcoder = AacTranscoder(AudioEncoding())
    list(feed(transcoder, config, frames[:40]))

    packets = list(feed(transcoder, config, frames[40:80], start_us=10_000_000))

    # The encoder lags by two frames: what it gives first was heard before the gap.
    assert packets[2].pts_us == 10_000_000


def test_a_publisher_that_changes_its_rate_is_followed() -> None:
    transcoder = AacTranscoder(AudioEncoding(sample_rate_hz=48000))
    config, frames = aac_tone(1000, 1.0, rate=48000)
    list(feed(transcoder, config, frames))
    other, more = aac_tone(1000, 1.0, rate=44100, channels=1)

    packets = [
        packet
        for number, frame in enumerate(more)
        for packet in transcoder.feed(Codec.AAC, other, frame, 1_000_000 + number * 1024 * 1_000_000 // 44100)
    ]

    samples = decode(transcoder.config, packets)[0]
    assert pitch(samples[8192:], 48000) == pytest.approx(1000, abs=5)


def test_rubbish_is_refused_and_the_next_frame_is_taken() -> None:
    config, frames = aac_tone(440, 1.0)
    transcoder = AacTranscoder(AudioEncoding())
    list(feed(transcoder, config, frames[:5]))

    with pytest.raises(PeerError, match="cannot be decoded"):
        transcoder.feed(Codec.AAC, config, b"\xff" * 40, 110_000)

    assert list(feed(transcoder, config, frames[6:20], start_us=128_000))


def test_an_empty_unit_is_refused_and_is_not_the_end() -> None:
    config, frames = aac_tone(440, 1.0)
    transcoder = AacTranscoder(AudioEncoding())
    list(feed(transcoder, config, frames[:5]))

    with pytest.raises(PeerError, match="without a payload"):
        transcoder.feed(Codec.AAC, config, b"", 110_000)

    assert list(feed(transcoder, config, frames[6:20], start_us=128_000))


def test_silence_follows_sound_in_time_and_is_silent() -> None:
    config, frames = aac_tone(440, 1.0)
    transcoder = AacTranscoder(AudioEncoding())
    before = list(feed(transcoder, config, frames))

    silence = transcoder.silence(0, 3_000_000)

    steps = np.diff([packet.pts_us for packet in before + silence])
    assert set(steps) <= {21333, 21334}
    assert 2_900_000 < silence[-1].pts_us < 3_000_000
    samples = decode(transcoder.config, before + silence)[0]
    assert np.abs(samples[RATE // 10 : RATE // 2]).max() > 0.4
    assert np.abs(samples[RATE + 4096 :]).max() < 0.001


@pytest.mark.parametrize("encoding", [AudioEncoding(), AudioEncoding(8000, 1, 32)])
def test_sound_after_silence_is_heard_when_it_was_made(encoding: AudioEncoding) -> None:
    config, frames = aac_tone(1000, 1.0)
    transcoder = AacTranscoder(encoding)
    packets = list(feed(transcoder, config, frames))
    packets += transcoder.silence(0, 5_000_000)
    packets += list(feed(transcoder, config, frames, start_us=5_010_000))

    rate = encoding.sample_rate_hz
    heard = [(packet.pts_us, samples) for packet, samples in zip(packets, pieces(transcoder, packets), strict=True)]
    after = next(
        at + float(np.flatnonzero(np.abs(samples) > 0.2)[0]) * 1e6 / rate
        for at, samples in heard
        if at > 4_000_000 and np.abs(samples).max() > 0.2
    )
    # A tone that begins all at once is spread over up to a frame by each of two encoders.
    assert after == pytest.approx(5_010_000, abs=2 * 1_000_000 * 1024 / rate)


def test_silence_before_any_sound_begins_where_it_is_asked_to() -> None:
    transcoder = AacTranscoder(AudioEncoding())

    packets = transcoder.silence(61_000_000, 62_000_000)

    # The first one is the encoder's run-in.
    assert packets[1].pts_us == 61_000_000
    assert packets[-1].pts_us < 62_000_000


def pieces(transcoder: AacTranscoder, packets: list[Packet]) -> list[np.ndarray]:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = transcoder.config
    return [decoder.decode(av.Packet(packet.payload))[0].to_ndarray()[0] for packet in packets]


def opus_packets(transcoder: AacTranscoder, units: Iterable[Unit]) -> list[Packet]:
    return [packet for unit in units for packet in transcoder.feed(unit.codec, unit.config, unit.payload, unit.pts_us)]


@pytest.mark.parametrize("rate", [48000, 44100, 32000, 16000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sent", [1, 2], ids=["mono sent", "stereo sent"])
def test_opus_is_in_tune_and_as_loud_at_every_rate_and_channel_count(rate: int, channels: int, sent: int) -> None:
    transcoder = AacTranscoder(AudioEncoding(rate, channels, 64))

    samples = decode(transcoder.config, opus_packets(transcoder, opus(tone(1000, 0.4), 2.0, channels=sent)))

    assert samples.shape[0] == channels
    assert samples.shape[1] == pytest.approx(2.0 * rate, abs=4096)
    middle = samples[:, rate // 2 : rate]
    assert pitch(middle[0], rate) == pytest.approx(1000, abs=5)
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.4 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("packet_ms", [10, 20, 60])
def test_opus_begins_at_its_time_and_goes_on_in_whole_frames(packet_ms: int) -> None:
    transcoder = AacTranscoder(AudioEncoding())

    packets = opus_packets(transcoder, opus(tone(440), 3.0, start_us=7_000_000, packet_ms=packet_ms))

    assert packets[1].pts_us == 7_000_000
    assert set(np.diff([packet.pts_us for packet in packets])) <= {21333, 21334}


def test_lost_opus_leaves_no_hole_in_the_times_and_no_click() -> None:
    transcoder = AacTranscoder(AudioEncoding(bitrate_kbps=128))

    packets = opus_packets(transcoder, opus(tone(440), 3.0, lost=[50, 51, 90]))

    assert set(np.diff([packet.pts_us for packet in packets])) <= {21333, 21334}
    wave = decode(transcoder.config, packets)[0]
    # Where the tone is whole, its second difference is 0.0017; a click has a hundred times as much.
    assert np.abs(np.diff(wave[4096:-4096], 2)).max() < 0.01


def test_pauses_in_which_a_browser_sends_next_to_nothing_are_silent_and_keep_their_length() -> None:
    def talk(first: int, count: int) -> "np.ndarray[Any, np.dtype[Any]]":
        talks = np.arange(first, first + count) // RATE % 4 == 0
        return np.where(talks, tone(440)(first, count), 0.0)

    units = opus(talk, 9.0, application="voip", dtx="1")
    # Of a packet that holds no sound a browser sends one in 400 ms (RFC 7587 section 3.1.3).
    sent = [unit for number, unit in enumerate(units) if len(unit.payload) > 3 or number % 20 == 0]
    assert len(sent) < len(units) * 2 / 3
    transcoder = AacTranscoder(AudioEncoding())

    packets = opus_packets(transcoder, sent)

    assert set(np.diff([packet.pts_us for packet in packets])) <= {21333, 21334}
    wave = decode(transcoder.config, packets)[0]
    loud = np.flatnonzero(np.abs(wave) > 0.2) / RATE
    begins = [loud[0], *loud[1:][np.diff(loud) > 1]]
    assert np.diff(begins) == pytest.approx([4.0, 4.0], abs=0.01)


def test_a_publisher_who_goes_from_aac_to_opus_and_back_is_followed() -> None:
    transcoder = AacTranscoder(AudioEncoding())

    packets = opus_packets(transcoder, sound(1000, 1.0))
    packets += opus_packets(transcoder, opus(tone(600), 1.0, start_us=1_040_000))
    packets += opus_packets(transcoder, sound(1000, 1.0, start_us=2_080_000))

    times = [packet.pts_us for packet in packets]
    assert min(np.diff(times)) > 0
    assert max(np.diff(times)) < 100_000
    wave = decode(transcoder.config, packets)[0]
    heard = [pitch(wave[round(at * RATE) : round((at + 0.5) * RATE)], RATE) for at in (0.3, 1.4, 2.5)]
    assert heard == pytest.approx([1000, 600, 1000], abs=5)


_UNITS = opus(tone(440), 0.2)


@given(st.binary(min_size=1, max_size=200))
def test_opus_that_is_rubbish_is_refused_or_decoded_and_what_follows_is_taken(data: bytes) -> None:
    transcoder = AacTranscoder(AudioEncoding())
    opus_packets(transcoder, _UNITS[:3])

    with contextlib.suppress(PeerError):
        transcoder.feed(Codec.OPUS, b"", data, 60_000)

    assert opus_packets(transcoder, _UNITS[4:])


def test_pictures_are_no_sound() -> None:
    with pytest.raises(PeerError, match="no sound"):
        AacTranscoder(AudioEncoding()).feed(Codec.VP8, b"", b"x", 0)
