"""AAC to Opus: the same sound at the same time, in packets of 20 ms."""

from itertools import pairwise

import av
import numpy as np
import pytest

from tailrace.errors import PeerError
from tailrace.media.aac_encoder import AacEncoder
from tailrace.media.opus import COUNTED_US, RATE_HZ, OpusEncoder, OpusPacket, OpusTranscoder
from tailrace.model.plan import AudioEncoding

SECONDS = 2.0
HERTZ = 440
BEEP_FROM = 1.0


def aac_units(rate_hz: int = 48000, channels: int = 2) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Silence for a second, then a tone: set-up data, and each frame with its time in microseconds."""
    encoder = AacEncoder(AudioEncoding(rate_hz, channels, 96))
    at = np.arange(int(SECONDS * rate_hz)) / rate_hz
    wave = (0.5 * np.sin(2 * np.pi * HERTZ * at) * (at >= BEEP_FROM)).astype(np.float32)
    units = []
    for start in range(0, len(wave) - encoder.frame_samples, encoder.frame_samples):
        frame = av.AudioFrame.from_ndarray(
            np.tile(wave[start : start + encoder.frame_samples], (channels, 1)), "fltp", encoder.layout
        )
        frame.sample_rate = rate_hz
        units += encoder.encode(frame)
    return encoder.config, [(sample * 1_000_000 // rate_hz, payload) for sample, payload in units]


def decoded(packets: list[OpusPacket]) -> np.ndarray:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE_HZ, "stereo"
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.payload))]
    return np.concatenate([frame.to_ndarray().reshape(-1, 2)[:, 0] for frame in frames]).astype(float)


@pytest.mark.parametrize(("rate_hz", "channels"), [(48000, 2), (44100, 2), (44100, 1), (16000, 1)])
def test_the_sound_is_heard_at_the_same_time_whatever_its_rate(rate_hz: int, channels: int) -> None:
    config, units = aac_units(rate_hz, channels)
    transcoder = OpusTranscoder()

    packets = [packet for pts_us, payload in units for packet in transcoder.feed(config, payload, pts_us)]

    wave = decoded(packets)
    loud = np.abs(wave) > np.abs(wave).max() / 4
    begins = packets[0].pts_us / 1_000_000 + int(loud.argmax()) / RATE_HZ
    assert abs(begins - BEEP_FROM) < 0.005
    tone = wave[loud.argmax() + RATE_HZ // 10 :][: RATE_HZ // 2]
    assert abs(int(np.abs(np.fft.rfft(tone)).argmax()) * RATE_HZ / len(tone) - HERTZ) < 3
    assert {late.pts_us - early.pts_us for early, late in pairwise(packets)} == {20_000}


def test_a_unit_makes_a_packet_at_once() -> None:
    config, units = aac_units()
    transcoder = OpusTranscoder()

    made = [len(transcoder.feed(config, payload, pts_us)) for pts_us, payload in units]

    assert min(made[1:]) == 1


def test_a_gap_stays_a_gap() -> None:
    config, units = aac_units()
    transcoder = OpusTranscoder()
    packets = [p for at, payload in units[:20] for p in transcoder.feed(config, payload, at)]
    later = [p for at, payload in units[20:] for p in transcoder.feed(config, payload, at + 3_000_000)]

    assert abs(later[0].pts_us - (units[20][0] + 3_000_000)) < 5_000
    assert later[0].pts_us - packets[-1].pts_us > 2_900_000


def test_times_that_jitter_do_not_tear_the_sound() -> None:
    config, units = aac_units()
    transcoder = OpusTranscoder()

    packets = [
        packet
        for number, (at, payload) in enumerate(units)
        for packet in transcoder.feed(config, payload, at + (20_000 if number % 3 else 0))
    ]

    assert {late.pts_us - early.pts_us for early, late in pairwise(packets)} == {20_000}


def test_a_broken_frame_costs_only_itself() -> None:
    config, units = aac_units()
    transcoder = OpusTranscoder()

    for broken in (b"", b"\xff" * 40):
        with pytest.raises(PeerError):
            transcoder.feed(config, broken, 0)

    assert [packet for at, payload in units[:5] for packet in transcoder.feed(config, payload, at)]


@pytest.mark.parametrize(("drift_us", "begins_us"), [(COUNTED_US, 1_030_000), (60_000, 1_000_000)])
def test_sound_that_goes_on_a_little_later_begins_at_its_own_time_where_times_are_exact(
    drift_us: int, begins_us: int
) -> None:
    encoder = OpusEncoder(drift_us)
    times: list[int] = []

    for number in range(100):
        late_us = 30_000 if number >= 50 else 0
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 960), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        times += [packet.pts_us for packet in encoder.encode(frame, number * 20_000 + late_us)]

    # The encoder looks 2.5 ms ahead.
    assert begins_us - 2_500 in times
    assert begins_us + 20_000 - 2_500 in times


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2)])
def test_one_channel_is_as_loud_as_two(layout: str, channels: int) -> None:
    encoder, decoder = OpusEncoder(), av.CodecContext.create("opus", "r")
    wave = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(1024 * 40) / 48000)).astype(np.float32)
    heard: list[np.ndarray] = []

    for begin in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(np.tile(wave[begin : begin + 1024], (channels, 1)), "fltp", layout)
        frame.sample_rate = 48000
        for packet in encoder.encode(frame, begin * 1_000_000 // 48000):
            heard += [part.to_ndarray() for part in decoder.decode(av.Packet(packet.payload))]

    both = np.concatenate(heard, axis=1)[:, 9600:]
    assert [float(np.abs(one).max()) for one in both] == pytest.approx([0.5, 0.5], abs=0.03)


def test_a_publisher_who_comes_back_with_other_channels_is_followed() -> None:
    encoder, packets = OpusEncoder(), list[OpusPacket]()

    for number, (layout, channels) in enumerate([("5.1", 6), ("stereo", 2), ("5.1", 6), ("mono", 1)]):
        for piece in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((channels, 960), np.float32), "fltp", layout)
            frame.sample_rate = 48000
            packets += encoder.encode(frame, (number * 10 + piece) * 20_000)

    assert len(packets) >= 36
