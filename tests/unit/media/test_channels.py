"""Channels: the level stays, and nothing is held back."""

import av
import numpy as np
import pytest

from tailrace.media.channels import Channels


def frame(left: float, right: float | None, layout: str, *, samples: int = 1024, rate: int = 48000) -> av.AudioFrame:
    both = [left] if right is None else [left, right]
    made = av.AudioFrame.from_ndarray(np.repeat(np.array(both, np.float32)[:, None], samples, axis=1), "fltp", layout)
    made.sample_rate = rate
    return made


def test_two_channels_that_are_the_same_are_one_of_the_same_level() -> None:
    one = Channels("mono").fit(frame(1.0, 1.0, "stereo"))

    assert one.layout.name == "mono"
    assert one.to_ndarray() == pytest.approx(np.ones((1, 1024)))


def test_one_channel_is_two_of_the_same_level() -> None:
    two = Channels("stereo").fit(frame(0.5, None, "mono"))

    assert two.layout.name == "stereo"
    assert two.to_ndarray() == pytest.approx(np.full((2, 1024), 0.5))


def test_what_is_on_one_side_only_is_half_as_loud_in_the_middle() -> None:
    assert Channels("mono").fit(frame(0.8, 0.0, "stereo")).to_ndarray()[0, 0] == pytest.approx(0.4)


@pytest.mark.parametrize("layout", ["stereo", "5.1"])
def test_what_has_the_channels_already_or_many_of_them_is_let_through(layout: str) -> None:
    count = av.AudioLayout(layout).nb_channels
    given = av.AudioFrame.from_ndarray(np.zeros((count, 64), np.float32), "fltp", layout)
    given.sample_rate = 48000

    assert Channels("stereo").fit(given) is given


def test_a_stream_that_becomes_another_goes_on() -> None:
    channels = Channels("mono")
    sizes = [(1024, 48000), (960, 48000), (1024, 44100)]

    fitted = [channels.fit(frame(0.25, 0.25, "stereo", samples=samples, rate=rate)) for samples, rate in sizes]

    assert [(one.samples, one.sample_rate) for one in fitted] == sizes
    assert all(one.to_ndarray() == pytest.approx(0.25) for one in fitted)
