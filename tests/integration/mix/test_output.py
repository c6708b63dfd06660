"""The output itself: steady times, key frames, set-up data, and what onMetaData says."""

import pytest

from tailrace.wire import h264
from tailrace.wire.flv import AvcPacket
from tests.harness.stage import Stage
from tests.integration.mix.places import grid, guest
from tests.integration.mix.steady import assert_steady
from tests.media.people import Person, Sound
from tests.media.sync import moves, pictures, said

SECONDS = 3
# A little more than the longest group of pictures below.
RATE_SECONDS = 2.2
# When a source appears, its delay follows how evenly its pictures come; what is judged begins later.
SETTLED_SECONDS = 2


@pytest.mark.parametrize(("fps", "gop"), [(15, 2), (25, 1), (30, 2), (60, 1)])
def test_every_rate_is_kept_to_the_millisecond_with_key_frames_as_asked(stage: Stage, fps: int, gop: int) -> None:
    stage.enter(guest(0))
    viewer = stage.mix(encode={"Width": 320, "Height": 180, "Fps": fps, "BitRate": 400, "Gop": gop})
    viewer.until(lambda shot: shot.at_ms > RATE_SECONDS * 1000, f"{RATE_SECONDS} s")

    assert_steady(stage, viewer, fps)
    frames = viewer.received.frames
    assert [n for n, (_, body) in enumerate(frames) if body.key] == list(range(0, len(frames), fps * gop))


def test_each_picture_of_a_source_of_the_same_rate_is_shown_once(stage: Stage) -> None:
    people = [Person(n, 320, 180, sound=Sound.BEEPS, kbps=300) for n in range(2)]
    for person in people:
        stage.enter(person)
    viewer = stage.mix({"MixLayoutMode": 3, "RenderMode": 1}, encode={"Fps": 25})
    # Each is 16 : 9 in half of the canvas.
    places = {0: (0, 90, 320, 180), 1: (320, 90, 320, 180)}
    began_ms = viewer.until_there(places).at_ms + SETTLED_SECONDS * 1000
    viewer.until(lambda shot: shot.at_ms > began_ms + SECONDS * 1000, f"{SECONDS} s")

    shown = [(at, picture) for at, picture in pictures(viewer.received) if at * 1000 >= began_ms]
    for seen in said(shown, places).values():
        moved = moves(seen, people[0].seconds * people[0].fps)
        assert moved.unread == 0
        # None on a quiet machine; one that stands still for 200 ms repeats five. Judder would be in every second.
        assert moved.repeated + moved.skipped <= 0.1 * len(shown)


def test_set_up_data_and_metadata_say_what_is_sent(stage: Stage) -> None:
    stage.enter(guest(0))
    viewer = stage.mix(
        {"MixLayoutMode": 3}, encode={"Width": 426, "Height": 241, "Fps": 15}, sound={"SampleRate": 44100}
    )
    viewer.until_there({0: grid(1, 1, 0, 426, 240)})

    bodies = [body for _, body in viewer.received.video_bodies]
    assert [n for n, body in enumerate(bodies) if body.packet is AvcPacket.CONFIG] == [0]
    assert bodies[1].key
    config = h264.parse_config(bodies[0].data)
    sps = h264.parse_sps(config.sps[0])
    # An odd size is made even; and no picture has to wait for a later one.
    assert (sps.width, sps.height) == (426, 240)
    assert {body.composition_ms for body in bodies} == {0}
    stream = stage.cdn.stream(viewer.name)
    metadata = stream.metadata
    # Said once, and all of it before the first picture: some CDNs look at nothing later.
    assert stream.events.count("onMetaData") == 1
    assert (metadata["width"], metadata["height"]) == (426, 240)
    assert (metadata["audiosamplerate"], metadata["stereo"]) == (44100, True)
