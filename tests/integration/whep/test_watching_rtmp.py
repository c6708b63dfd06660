"""An RTMP publisher (H.264 and AAC) watched over WHEP by aiortc."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.harness.ingest import IngestProcess
from tests.harness.publisher import Publisher, ffmpeg_missing
from tests.harness.waiting import eventually
from tests.harness.whep import WhepViewer, request
from tests.integration.whep.asking import play, published, sub
from tests.media.film import BLUE, FPS, GREEN, SECONDS, see

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())

HERTZ = 500


@pytest.fixture(scope="module")
def room(ingest: IngestProcess, green_film: Path) -> Iterator[str]:
    """A room in which a film is published."""
    with published(ingest, green_film, "rtmp", "alice"):
        yield "rtmp"


def numbers(viewer: WhepViewer) -> list[int]:
    """The numbers of the pictures that were seen."""
    return [int(see(picture).number) for _, picture in list(viewer.seen.pictures)]


def steps(viewer: WhepViewer) -> set[int]:
    """How the numbers went on."""
    return {(late - early) % (SECONDS * FPS) for early, late in pairwise(numbers(viewer))}


def beeps(viewer: WhepViewer) -> list[float]:
    """When beeps began to come, in monotonic seconds."""
    loud = [(at, np.abs(frame.to_ndarray()).max() > 4000) for at, frame in viewer.seen.sounds]
    return [at for (_, before), (at, now) in pairwise(loud) if now and not before]


def flashes(viewer: WhepViewer) -> list[float]:
    """When flashes began to come."""
    seen = [(at, see(picture).flash) for at, picture in viewer.seen.pictures]
    return [at for (_, before), (at, now) in pairwise(seen) if now and not before]


def test_every_picture_comes_in_its_colour_and_the_tone_has_its_pitch(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(*sub(ingest, room)) as viewer:
        eventually(lambda: viewer.seen.pictures and viewer.since_first_picture() > 3.5, "3.5 s of film")

    assert all(see(picture).looks(GREEN) for _, picture in viewer.seen.pictures)
    assert len(viewer.seen.pictures) > 3 * FPS
    assert steps(viewer) == {1}
    wave = np.concatenate([frame.to_ndarray()[0, ::2] for _, frame in viewer.seen.sounds]).astype(float)
    spectrum = np.abs(np.fft.rfft(wave))
    assert abs(int(spectrum.argmax()) * 48000 / len(wave) - HERTZ) < 10


def test_flashes_and_beeps_come_together(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(*sub(ingest, room)) as viewer:
        eventually(lambda: viewer.seen.pictures and viewer.since_first_picture() > 4.5, "4.5 s of film")

    heard = np.array(beeps(viewer))
    apart = [flash - heard[np.abs(heard - flash).argmin()] for flash in flashes(viewer)[1:]]
    assert len(apart) >= 3
    # Nothing is waited for on either track. What remains is the jitter buffer of aiortc, and how busy the machine is.
    assert abs(float(np.median(apart))) < 0.12


def test_who_comes_late_sees_the_current_group_of_pictures_at_once(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(*sub(ingest, room)) as viewer:
        eventually(lambda: len(viewer.seen.pictures) > 30, "more than a group of pictures")

    first = numbers(viewer)[0]
    assert first % FPS == 0  # a key frame, and nothing is missing after it
    assert steps(viewer) == {1}


def test_the_older_addresses_show_the_same(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(play(ingest, room)) as viewer:
        eventually(lambda: len(viewer.seen.pictures) > 5 and len(viewer.seen.sounds) > 5, "sound and pictures")


def test_many_watch_and_each_sees_everything(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(*sub(ingest, room, "one")) as one, WhepViewer(*sub(ingest, room, "two")) as two:
        eventually(lambda: two.seen.pictures and two.since_first_picture() > 1.5, "1.5 s of film")
        with WhepViewer(*sub(ingest, room, "three")) as three:
            eventually(lambda: three.seen.pictures and three.since_first_picture() > 1.5, "1.5 s of film")

    assert steps(one) == steps(two) == steps(three) == {1}


def test_the_viewer_goes_on_when_the_publisher_comes_back_with_another_film(
    ingest: IngestProcess, green_film: Path, blue_film: Path
) -> None:
    with published(ingest, green_film, "again", "alice") as first, WhepViewer(*sub(ingest, "again")) as viewer:
        eventually(lambda: len(viewer.seen.pictures) > 10, "the first film")
        first.leave()
        with Publisher(blue_film, ingest.push("again", "alice")):
            eventually(lambda: see(viewer.seen.pictures[-1][1]).looks(BLUE), "the second film")
            sounds = len(viewer.seen.sounds)
            eventually(lambda: len(viewer.seen.sounds) > sounds + 25, "its sound")

    ours = [picture.pts or 0 for _, picture in viewer.seen.pictures]
    assert ours == sorted(ours)


def test_a_session_that_is_deleted_gets_nothing_more(ingest: IngestProcess, room: str) -> None:
    with WhepViewer(*sub(ingest, room)) as viewer:
        eventually(lambda: viewer.seen.pictures, "a picture")
        assert request("DELETE", viewer.session).status == 200
        eventually(lambda: viewer.state == "closed", "the end of the connection")

    assert request("DELETE", viewer.session).status == 404
