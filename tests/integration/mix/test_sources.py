"""Sources that stall, die, come back as others, send only sound, or are real film."""

from pathlib import Path

import av
import numpy as np
import pytest

from tailrace.media.canvas import planes_of
from tests.harness.publisher import Publisher
from tests.harness.stage import Stage
from tests.integration.mix.places import CANVAS, GREY, custom, grid, guest, reserved, whole, window
from tests.integration.mix.steady import assert_steady
from tests.media.people import Person, Sound
from tests.media.sync import pictures, said
from tests.media.windows import said_in, shows_colour

REAL_FILM = Path(__file__).parents[4] / "shared" / "media" / "bigbuckbunny.mp4"
FPS = 15
GRID = {"MixLayoutMode": 3}
LEFT, RIGHT = (0, 0, 320, 180), (320, 0, 320, 180)
STALLED_SECONDS = 1.5
# What was on its way when a source stalled: the longest delay of a source, 1 s, is for networks that are far worse.
ON_ITS_WAY_SECONDS = 0.5
# Measured: 48 dB. Half of the pictures have less than 32 dB to the one before them.
LEAST_PSNR = 40.0


def test_a_source_that_stalls_keeps_its_last_picture_while_all_else_moves_on(stage: Stage) -> None:
    stage.enter(guest(0))
    stalling = stage.enter(guest(1))
    viewer = stage.mix(custom(window(LEFT, **reserved("person0")), window(RIGHT, **reserved("person1"))))
    viewer.until_there({0: LEFT, 1: RIGHT})

    stalling.stall()
    begin_ms = viewer.now().at_ms + ON_ITS_WAY_SECONDS * 1000
    held = viewer.until(lambda shot: shot.at_ms > begin_ms + STALLED_SECONDS * 1000, "more pictures")
    stalling.go_on()
    stuck = said_in(held.picture, RIGHT).number
    viewer.until(lambda shot: said_in(shot.picture, RIGHT).number != stuck, "the other goes on")

    stalled = [(at, shown) for at, shown in pictures(viewer.received) if begin_ms <= at * 1000 <= held.at_ms]
    numbers = {who: [what.number for _, what in seen] for who, seen in said(stalled, {0: LEFT, 1: RIGHT}).items()}
    assert set(numbers[1]) == {stuck}
    assert len(set(numbers[0])) > 0.9 * STALLED_SECONDS * FPS
    assert_steady(stage, viewer, FPS)


def test_the_window_of_a_source_that_died_is_free_once_it_counts_as_lost(stage: Stage) -> None:
    stage.enter(guest(0))
    dying = stage.enter(guest(1))
    viewer = stage.mix(GRID)
    both = {0: grid(2, 1, 0), 1: grid(2, 1, 1)}
    viewer.until_there(both)

    dying.vanish()
    died_ms = viewer.now().at_ms
    # The harness's servers wait for 2 s.
    viewer.until(lambda shot: shot.at_ms > died_ms + 1000, "a second")
    viewer.until_there(both, timeout=0.5)
    freed = viewer.until_there({0: whole()})

    assert 1500 < freed.at_ms - died_ms < 5000


def test_a_publisher_who_comes_back_with_another_size_is_shown_in_the_same_push(stage: Stage) -> None:
    wide = stage.enter(guest(0))
    viewer = stage.mix({"RenderMode": 1, **GRID})
    viewer.until_there({0: whole()})
    before = said_in(viewer.now().picture, whole()).number

    wide.vanish()
    stage.enter(Person(0, 240, 180, fps=15, kbps=200, sound=Sound.TONE))
    narrow = (80, 0, 480, 360)
    shot = viewer.until_there({0: narrow})

    assert before is not None
    number = said_in(shot.picture, narrow).number
    viewer.until(lambda shot: said_in(shot.picture, narrow).number not in (None, number), "moving pictures")
    viewer.until_heard({0: 0.05})
    assert len(stage.cdn.streams(viewer.name)) == 1
    assert_steady(stage, viewer, FPS)


@pytest.mark.parametrize("hold", [0, 1])
def test_one_who_sends_only_sound_is_heard_and_has_a_window_when_it_is_asked_for(stage: Stage, hold: int) -> None:
    stage.enter(guest(0))
    stage.enter(guest(1, video=False))
    viewer = stage.mix({"PureAudioHoldPlaceMode": hold, **GRID}, canvas=CANVAS)

    shot = viewer.until_there({0: grid(2, 1, 0) if hold else whole()})

    assert shows_colour(shot.picture, GREY, 328, 8, 304, 344) == bool(hold)
    viewer.until_heard({0: 0.05, 1: 0.05})


@pytest.mark.skipif(not REAL_FILM.exists(), reason="../shared/media/bigbuckbunny.mp4 is not there")
def test_real_film_looks_in_its_window_as_it_does_at_its_source(stage: Stage) -> None:
    stage.enter(guest(0))
    stage.publish(Publisher(REAL_FILM, stage.served.publish_url(stage.room, "bunny")))
    film = (0, 0, 640, 360)
    viewer = stage.mix(
        custom(window(film, **reserved("bunny")), window((0, 360, 320, 180), **reserved("person0"))),
        encode={"Height": 540, "BitRate": 2000},
    )
    viewer.until_there({0: (0, 360, 320, 180)})

    with av.open(str(REAL_FILM)) as source:
        originals = [
            planes_of(frame.reformat(640, 360, "yuv420p", interpolation="AREA"))[0] for frame in source.decode(video=0)
        ]
    # It has one key frame in five seconds: whoever comes late has to decode all since then first.
    viewer.until(
        lambda shot: max(psnr(original, planes_of(shot.picture)[0][:360]) for original in originals) > LEAST_PSNR,
        "a picture of the film",
    )


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two planes in dB."""
    return float(10 * np.log10(255**2 / max(1e-6, ((one.astype(float) - other) ** 2).mean())))
