"""Whose sound is in a mix, how loud, and in which form."""

import pytest

from tests.harness.cloud import who
from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.mix.places import custom, guest, window
from tests.media.received import rises


def test_the_lists_say_who_is_heard_and_how_loud(stage: Stage) -> None:
    for n in range(4):
        stage.enter(guest(n, video=False))
    everybody = stage.mix(video=False)
    levels = stage.mix(
        video=False,
        only=[who("person0"), who("person1", SoundLevel=50), who("person2", SoundLevel=0)],
    )
    without = stage.mix(video=False, never=[who("person1"), who("person3")])
    both = stage.mix(video=False, only=[who("person0"), who("person1")], never=[who("person1")])

    everybody.until_heard(dict.fromkeys(range(4), 0.05))
    levels.until_heard({0: 0.05, 1: 0.025})
    without.until_heard({0: 0.05, 2: 0.05})
    both.until_heard({0: 0.05})


def test_who_finds_no_window_is_heard_only_when_he_is_on_the_list(stage: Stage) -> None:
    canvas = (0, 0, 640, 360)
    for n in range(3):
        stage.enter(guest(n))

    full = stage.mix(custom(window(canvas)))
    full.until_there({0: canvas})
    full.until_heard({0: 0.05})
    stage.end()

    listed = stage.mix(custom(window(canvas)), only=[who("person0"), who("person2")])
    listed.until_there({0: canvas})
    listed.until_heard({0: 0.05, 2: 0.05})


@pytest.mark.parametrize(("rate_hz", "channels"), [(48000, 2), (44100, 2), (16000, 1), (8000, 1)])
def test_sound_alone_is_mixed_in_every_form(stage: Stage, rate_hz: int, channels: int) -> None:
    for n in range(2):
        stage.enter(guest(n))
    viewer = stage.mix(video=False, sound={"SampleRate": rate_hz, "Channel": channels, "BitRate": 32 * channels})
    viewer.until_heard({0: 0.05, 1: 0.05})
    eventually(lambda: viewer.received.sound_times[-1] > 2000, "two seconds")
    stage.end()

    got, stream = viewer.received, stage.cdn.stream(viewer.name)
    sound = got.sound()
    assert (sound.rate_hz, sound.channels) == (rate_hz, channels)
    assert got.video == []
    assert "width" not in stream.metadata
    assert (stream.metadata["audiosamplerate"], stream.metadata["stereo"]) == (rate_hz, channels == 2)
    times = got.sound_times
    assert rises(times)
    # No piece is missing: each is where the number of samples before it puts it, to a millisecond.
    assert all(abs(at - times[0] - n * 1024_000 / rate_hz) < 2 for n, at in enumerate(times))
