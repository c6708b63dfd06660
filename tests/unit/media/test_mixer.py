"""Mixer: a steady output, whatever is changed while it runs."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tailrace.media.compositor import Showing
from tailrace.media.mixer import Mixer
from tailrace.media.output_tracks import MixedPicture, MixedSound, PictureTrack, Tuning
from tailrace.model.lateness import MOST_US
from tailrace.model.mix import PassThrough, Sei, VideoEncoding
from tailrace.model.plan import AudioEncoding
from tailrace.wire import h264, sei
from tests.harness.waiting import eventually

SMALL = VideoEncoding(160, 90, 25, 200, 1)
LARGE = VideoEncoding(320, 180, 50, 400, 2)
TUNING = Tuning("ultrafast", 1)
Run = Callable[..., tuple[Mixer, list[MixedPicture], list[MixedSound]]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Mixers that are closed at the end, with what they make."""
    mixers: list[Mixer] = []

    def start(showing: Showing, start_us: int = 0) -> tuple[Mixer, list[MixedPicture], list[MixedSound]]:
        pictures: list[MixedPicture] = []
        sounds: list[MixedSound] = []

        def take(made: MixedPicture | MixedSound) -> None:
            if isinstance(made, MixedPicture):
                pictures.append(made)
            else:
                sounds.append(made)

        mixer = Mixer(AudioEncoding(), TUNING, take)
        mixers.append(mixer)
        mixer.show(showing)
        mixer.start(start_us)
        return mixer, pictures, sounds

    yield start
    for mixer in mixers:
        mixer.close()


def test_pictures_stand_on_the_grid_of_the_asked_rate_from_the_asked_time_on(run: Run) -> None:
    mixer, pictures, _ = run(Showing(0, SMALL), start_us=5_000_000)

    eventually(lambda: len(pictures) >= 30, "more than a second of pictures")
    mixer.close()

    # A machine that is too slow may leave some out, but none stands beside the grid.
    assert pictures[0].at_us == 5_000_000
    assert all((picture.at_us - 5_000_000) % 40_000 == 0 for picture in pictures)
    assert all(later.at_us > earlier.at_us for earlier, later in pairwise(pictures))


def test_a_picture_comes_first_and_each_kind_in_the_order_of_its_times(run: Run) -> None:
    made: list[MixedPicture | MixedSound] = []
    mixer = Mixer(AudioEncoding(), TUNING, made.append)
    mixer.show(Showing(0, SMALL))
    mixer.start(0)
    eventually(lambda: len(made) >= 60, "a second of both")
    mixer.close()

    for kind in (MixedPicture, MixedSound):
        times = [one.at_us for one in made if isinstance(one, kind)]
        assert times == sorted(times)
    # Destinations begin with a picture, and would never get sound that came before it.
    assert isinstance(made[0], MixedPicture)
    assert made[0].at_us == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_picture_is_lost_when_the_encoding_changes(run: Run, threads: int) -> None:
    pictures: list[MixedPicture] = []
    tuning = Tuning("ultrafast", threads)
    mixer = Mixer(AudioEncoding(), tuning, lambda one: pictures.append(one) if isinstance(one, MixedPicture) else None)
    mixer.show(Showing(0, SMALL))
    mixer.start(0)
    eventually(lambda: len(pictures) >= 10, "pictures of the first size")
    mixer.show(Showing(1, LARGE))
    eventually(lambda: sum(picture.revision == 1 for picture in pictures) >= 10, "pictures of the second size")
    mixer.close()

    before = [picture.at_us for picture in pictures if picture.revision == 0]
    after = [picture.at_us for picture in pictures if picture.revision == 1]
    assert after[0] - before[-1] == 40_000
    assert mixer.skipped or before == [number * 40_000 for number in range(len(before))]


def test_sound_goes_on_without_a_pause_though_nobody_speaks(run: Run) -> None:
    _, _, sounds = run(Showing(0, SMALL), start_us=1_000_000)

    eventually(lambda: len(sounds) >= 40, "most of a second of sound")

    steps = {later.at_us - earlier.at_us for earlier, later in pairwise(sounds[:40])}
    assert sounds[0].at_us >= 1_000_000
    assert steps <= {21333, 21334}


def test_sound_waits_for_half_a_period_as_pictures_do_on_average(run: Run) -> None:
    # Pictures were up to a period behind their sound: 67 ms at 15 frames a second.
    _, _, alone = run(Showing(0))
    _, _, beside = run(Showing(0, SMALL))

    eventually(lambda: alone and beside, "sound")

    assert beside[0].at_us - alone[0].at_us == 20_000


def test_an_output_of_sound_alone_has_no_pictures(run: Run) -> None:
    _, pictures, sounds = run(Showing(0))

    eventually(lambda: len(sounds) >= 20, "sound")

    assert pictures == []


def test_another_encoding_goes_on_where_the_old_one_ends_with_a_key_frame(run: Run) -> None:
    mixer, pictures, _ = run(Showing(0, SMALL))
    eventually(lambda: len(pictures) >= 5, "pictures of the first size")

    mixer.show(Showing(1, LARGE))
    eventually(lambda: sum(picture.revision == 1 for picture in pictures) >= 10, "pictures of the second size")
    mixer.close()

    first = next(picture for picture in pictures if picture.revision == 1)
    last = next(picture for picture in reversed(pictures) if picture.revision == 0)
    assert first.key
    assert h264.picture_size(last.config) == (160, 90)
    assert h264.picture_size(first.config) == (320, 180)
    assert first.at_us - last.at_us == 40_000
    assert not any(picture.key for picture in pictures if picture.revision == 1 and picture is not first)


def test_what_is_shown_next_begins_with_one_picture_and_stays(run: Run) -> None:
    mixer, pictures, _ = run(Showing(0, SMALL))
    for revision in (1, 2, 3):
        eventually(lambda: len(pictures) >= 3, "pictures")
        mixer.show(Showing(revision, SMALL, colour=0xFF0000))
        eventually(lambda revision=revision: pictures[-1].revision == revision, "the change is there")  # type: ignore[misc]
    mixer.close()

    revisions = [picture.revision for picture in pictures]
    assert revisions == sorted(revisions)


def test_sei_goes_with_the_pictures_it_is_due_with(run: Run) -> None:
    asked = Sei(pass_through=PassThrough("hello", 200, interval=0.2))
    mixer, pictures, _ = run(Showing(0, SMALL, sei=asked))
    eventually(lambda: len(pictures) >= 16, "pictures")
    mixer.close()

    carrying = [picture.at_us for picture in pictures if _notes(picture)]
    assert carrying[0] == 0
    assert len(carrying) >= 3
    assert mixer.skipped or all(at_us % 200_000 == 0 for at_us in carrying)


def test_pictures_that_are_much_too_late_are_left_out_as_few_as_possible() -> None:
    track = PictureTrack(SMALL, TUNING, 0, 0, None)
    assert track.skip(MOST_US) == 0

    assert track.skip(MOST_US + 100_000) == 3

    assert track.due_us == 120_000
    assert track.skip(MOST_US + 100_000) == 0


def _notes(picture: MixedPicture) -> list[sei.Message]:
    units = (unit for unit in h264.nal_units(picture.payload) if unit[0] & 31 == h264.NalType.SEI)
    return [note for unit in units for note in sei.messages(unit)]
