"""What browsers publish over WHIP arrives at a CDN: H.264 and AAC, in the right colours and tones."""

import numpy as np
import pytest

from tailrace.wire.flv import AvcPacket
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.whip_publisher import HostedWhip, Pictures, Tone
from tests.media.received import Received, largest_step, rises
from tests.media.sync import heard, pictures


def loudest(received: Received) -> float:
    """Return the frequency that is heard most, of the second half."""
    _, wave, rate = heard(received)
    half = np.asarray(wave[len(wave) // 2 :], dtype=np.float64)
    spectrum = np.abs(np.fft.rfft(half * np.hanning(len(half))))
    return float(np.argmax(spectrum) * rate / len(half))


def test_h264_is_passed_through_and_opus_becomes_aac(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    with HostedWhip(
        served.whip_url("whip", "anna"),
        served.token("anna"),
        picture=lambda: Pictures(color=(30, 60, 200)),
        tone=lambda: Tone(880),
    ):
        task = cloud.start("whip", "anna", [cdn.url("whip")])
        cdn.until_more("whip", 120)
        notes = cloud.describe(task)["Notes"]
        cloud.stop(task)
        cdn.until_ended("whip")

    got = cdn.received("whip")
    assert notes == []
    assert got.frames[0][0] < 200
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)
    assert largest_step(got.sound_times) <= 64
    assert [body for _, body in got.video_bodies if body.packet is AvcPacket.CONFIG]
    seen = pictures(got)[-1][1].to_ndarray(format="rgb24")
    assert seen.shape == (240, 320, 3)
    assert np.abs(seen[100:].mean(axis=(0, 1)) - (30, 60, 200)).max() < 12
    assert loudest(got) == pytest.approx(880, abs=5)
