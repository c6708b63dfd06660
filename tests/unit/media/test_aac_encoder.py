"""AacEncoder: frames have their place in the sound, and it says when a profile cannot be had."""

import av
import numpy as np
import pytest

from tailrace.media.aac_encoder import HE_ENCODER, AacEncoder, profile_note
from tailrace.model.plan import AacProfile, AudioEncoding
from tailrace.wire import aac


def silence(encoder: AacEncoder) -> av.AudioFrame:
    channels = 1 if encoder.layout == "mono" else 2
    frame = av.AudioFrame.from_ndarray(np.zeros((channels, encoder.frame_samples), np.float32), "fltp", encoder.layout)
    frame.sample_rate = encoder.rate_hz
    return frame


@pytest.mark.parametrize("rate", [48000, 44100, 32000, 24000, 16000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_set_up_data_say_what_is_encoded(rate: int, channels: int) -> None:
    encoder = AacEncoder(AudioEncoding(rate, channels))

    config = aac.parse_config(encoder.config)

    assert (config.rate_hz, config.channels) == (rate, channels)


def test_frames_follow_each_other_from_one_frame_before_the_first_sample() -> None:
    encoder = AacEncoder(AudioEncoding())

    positions = [position for _ in range(10) for position, _ in encoder.encode(silence(encoder))]

    assert positions == [1024 * number for number in range(-1, 8)]
    assert encoder.fed == 10 * 1024


@pytest.mark.parametrize("kbps", [8, 63, 64, 500])
def test_every_bit_rate_of_the_api_is_taken(kbps: int) -> None:
    encoder = AacEncoder(AudioEncoding(bitrate_kbps=kbps))

    assert [payload for _ in range(5) for _, payload in encoder.encode(silence(encoder))]


def test_lc_needs_no_note() -> None:
    assert profile_note(AudioEncoding()) is None


@pytest.mark.skipif(HE_ENCODER in av.codecs_available, reason="this FFmpeg can encode HE-AAC")
@pytest.mark.parametrize(("profile", "name"), [(AacProfile.HE, "HE-AAC"), (AacProfile.HE_V2, "HE-AACv2")])
def test_he_aac_becomes_lc_and_that_is_said(profile: AacProfile, name: str) -> None:
    encoding = AudioEncoding(profile=profile)

    assert profile_note(encoding) == f"{name} is not available here, the sound is LC-AAC"
    assert aac.parse_config(AacEncoder(encoding).config).object_type == 2
