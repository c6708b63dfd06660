"""What judges flashes, beeps and steady pictures, on an output that shows one person, made late, holed or repeated."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.fakes.cdn import FakeCdn
from tests.harness.skewed import SkewedPublisher
from tests.media import sync
from tests.media.people import Person, Sound, film
from tests.media.received import Received
from tests.media.windows import Said

PERSON = Person(6, fps=25)
WHERE = {6: (0, 0, 640, 360)}


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Received:
    return Received.of_flv(film(PERSON, tmp_path_factory.mktemp("people")))


def test_flashes_and_beeps_of_a_film_fall_together(received: Received) -> None:
    apart = sync.offsets(received, WHERE)

    assert len(apart[6]) == 7
    assert apart[6] == pytest.approx([0] * 7, abs=0.003)


@pytest.mark.parametrize("late_ms", [-120, -7, 15, 200])
def test_sound_that_is_late_is_told_to_the_milliseconds(received: Received, late_ms: int) -> None:
    shifted = Received(received.video, [(at + late_ms, body) for at, body in received.audio])

    apart = sync.offsets(shifted, WHERE)

    assert len(apart[6]) == 7
    assert apart[6] == pytest.approx([-late_ms / 1000] * 7, abs=0.003)


def test_a_flash_counts_from_the_second_picture_of_a_person_on() -> None:
    absent, dark, bright = Said(None, flash=False), Said(24, flash=False), Said(25, flash=True)

    assert sync.flashes([(0.0, dark), (0.04, bright), (0.08, bright)]) == [0.04]
    assert sync.flashes([(0.0, bright), (0.04, bright), (0.08, dark)]) == []
    assert sync.flashes([(0.0, absent), (0.04, bright), (0.08, dark), (0.12, bright)]) == [0.12]


def test_nobody_is_in_step_who_is_not_seen(received: Received) -> None:
    assert sync.offsets(received, {5: (0, 0, 640, 360)}) == {5: []}


def test_pictures_that_are_repeated_skipped_or_no_picture_are_counted(received: Received) -> None:
    seen = sync.said(sync.pictures(received), WHERE)[6]
    torn = (0.0, Said(None, flash=False))

    assert sync.moves(seen, 200) == sync.Moves(0, 0, 0)
    assert sync.moves(seen + seen, 200) == sync.Moves(0, 0, 0), "it goes round"
    assert sync.moves([*seen[:10], seen[9], *seen[10:20], torn, *seen[23:]], 200) == sync.Moves(1, 3, 1)


def test_a_skewed_publisher_runs_by_its_own_clock(tmp_path: Path) -> None:
    async def test() -> float:
        file = film(Person(0, width=160, height=90, seconds=1, sound=Sound.NONE), tmp_path)
        async with FakeCdn() as cdn:
            with SkewedPublisher(file, cdn.url("skewed"), 200_000):
                await cdn.wait_for(lambda: cdn.streams and cdn.streams[0].video[-1:] > [(500, b"")], 20)
                began = time.monotonic()
                await cdn.wait_for(lambda: cdn.streams[0].video[-1][0] >= 2900)
                took = time.monotonic() - began
            times = [at for at, _ in cdn.streams[0].video]
            assert times[1:] == list(range(0, 40 * len(times) - 40, 40)), "one set-up, then pictures without a hole"
            return took

    assert asyncio.run(test()) == pytest.approx((2900 - 520) / 1200, abs=0.15)
