"""AudioSpecificConfig: real ones, all that we can write, and every way to cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.aac import RATES_HZ, AudioConfig, parse_config

rates = st.one_of(st.sampled_from(RATES_HZ), st.integers(1, 96000))
channels = st.sampled_from([1, 2, 3, 4, 5, 6, 8])
plain = st.builds(
    AudioConfig, st.sampled_from([1, 2, 3, 4]), rates, channels, frame_samples=st.sampled_from([960, 1024])
)
with_sbr = st.builds(
    AudioConfig, st.just(2), rates, channels, st.just(True), st.booleans(), rates, st.sampled_from([960, 1024])
)


@pytest.mark.parametrize(
    ("data", "rate_hz", "channels"),
    [("118856e500", 48000, 1), ("120856e500", 44100, 1), ("140856e500", 16000, 1), ("1210", 44100, 2)],
)
def test_a_real_encoders_set_up_data_is_understood(data: str, rate_hz: int, channels: int) -> None:
    config = parse_config(bytes.fromhex(data))

    assert config == AudioConfig(object_type=2, rate_hz=rate_hz, channels=channels)
    assert config.codec_string == "mp4a.40.2"


def test_explicit_sbr_tells_both_rates() -> None:
    config = parse_config(bytes.fromhex("2b118800"))

    assert (config.rate_hz, config.playback_rate_hz, config.channels, config.sbr) == (24000, 48000, 2, True)
    assert config.codec_string == "mp4a.40.5"


@given(st.one_of(plain, with_sbr))
def test_what_is_written_is_read_back(config: AudioConfig) -> None:
    assert parse_config(config.encode()) == config


@given(st.one_of(plain, with_sbr))
def test_every_cut_is_refused(config: AudioConfig) -> None:
    data = config.encode()
    # The last byte may hold nothing but padding, which nobody misses.
    for size in range(len(data) - 1):
        with pytest.raises(PeerError):
            parse_config(data[:size])


@given(st.binary(max_size=32))
def test_garbage_raises_peer_error_only_and_is_never_out_of_range(garbage: bytes) -> None:
    try:
        config = parse_config(garbage)
    except PeerError:
        return
    assert 0 < config.rate_hz <= 96000
    assert 1 <= config.channels <= 8


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("1690", "rate"),
        ("1180", "channel configuration 0"),
        ("5190", "object type 10"),
        ("f8e8880000", "object type 3"),
    ],
)
def test_what_no_decoder_here_plays_is_refused_with_the_reason(data: str, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        parse_config(bytes.fromhex(data))


def test_a_channel_count_without_a_code_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="7 channels"):
        AudioConfig(channels=7).encode()
