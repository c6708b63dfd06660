"""The demo's people and what finds them: portraits laid out as a mix would, encoded, and judged."""

import io
from fractions import Fraction
from itertools import combinations, islice, pairwise
from math import dist
from pathlib import Path

import av
import pytest
from PIL import Image

from tailrace.media import portrait
from tailrace.media.canvas import Canvas, Patch, colour_of, planes_of
from tailrace.media.comparison import Box, Comparison, Question
from tailrace.media.films import PICTURES, film
from tailrace.media.guest import CANVAS, GUESTS, LEVEL, MARK, ROUND_MS
from tailrace.wire import flv

MARK_BOX = Box(1000, 24, 240, 48)
GRID = (Box(0, 0, 640, 360, 0, 1), Box(640, 0, 640, 360, 0, 2))
FLOATING = (Box(0, 0, 1280, 720, 0, 1), Box(16, 536, 300, 168, 1, 2))
QUESTION = Question(0.0, MARK_BOX, MARK, (GRID, FLOATING), (1, 2), ("Before", "After"), "Two people")


def picture(windows: tuple[Box, ...], at: float, *, mark: bool) -> av.VideoFrame:
    """Compose a mix of portraits."""
    canvas = Canvas(1280, 720).fill(colour_of(CANVAS), 0, 0, 1280, 720)
    for window in windows:
        person = next(portrait.pictures(GUESTS[window.guest - 1]))
        canvas.lay(Patch(*planes_of(person.reformat(window.width, window.height))), window.x, window.y)
    if mark:
        canvas.fill(colour_of(MARK), MARK_BOX.x, MARK_BOX.y, MARK_BOX.width, MARK_BOX.height)
    canvas.frame.pts, canvas.frame.time_base = round(at * 1000), Fraction(1, 1000)
    return canvas.frame


def test_people_are_found_in_their_windows_before_and_after(tmp_path: Path) -> None:
    comparison = Comparison(QUESTION)

    for number in range(4):
        comparison.take(picture(GRID, number / 10, mark=False))
    for number in range(4, 10):
        comparison.take(picture(FLOATING, number / 10, mark=True))
    comparison.finish(tmp_path / "sheet.png")

    before, after = comparison.halves
    assert (before.pictures, before.seen) == (4, {1: 4, 2: 4})
    assert (after.pictures, after.seen) == (6, {1: 6, 2: 6})
    assert comparison.switch_at == 0.4
    assert comparison.longest_gap == pytest.approx(0.1)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 2 * sheet.height


def test_who_is_in_a_wrong_window_is_not_found() -> None:
    swapped = tuple(Box(box.x, box.y, box.width, box.height, 0, 3 - box.guest) for box in GRID)
    comparison = Comparison(QUESTION)

    comparison.take(picture(swapped, 0.0, mark=False))

    assert comparison.halves[0].seen == {}


def test_a_stream_that_never_changes_has_no_second_half(tmp_path: Path) -> None:
    comparison = Comparison(QUESTION)

    comparison.take(picture(GRID, 0.0, mark=False))
    comparison.finish(tmp_path / "sheet.png")

    assert comparison.switch_at is None
    assert comparison.halves[1].pictures == 0
    assert (tmp_path / "sheet.png").exists()


def test_a_film_is_one_round_of_pictures_and_the_guests_tone(tmp_path: Path) -> None:
    guest = GUESTS[6]
    data = film(guest)
    tags = list(flv.Reader().receive(data))
    body = [tag for tag in tags if not flv.is_setup(tag)]
    repeated = data + b"".join(
        flv.encode_tag(tag.type, tag.timestamp_ms + round_ * ROUND_MS, tag.body) for round_ in (1, 2) for tag in body
    )
    comparison = Comparison(Question(0.0, MARK_BOX, MARK, ((Box(0, 0, 640, 360, 0, 7),), ()), (7, 8), ("", ""), ""))

    with av.open(io.BytesIO(repeated), "r") as container:
        frames = list(container.decode())
    for frame in frames:
        comparison.take(frame)

    pictures = [frame.time for frame in frames if isinstance(frame, av.VideoFrame)]
    assert len(pictures) == 3 * PICTURES
    assert all(0.06 < late - early < 0.07 for early, late in pairwise(pictures) if late and early)
    assert comparison.halves[0].seen == {7: 3 * PICTURES}
    comparison.finish(tmp_path / "sheet.png")
    heard = comparison.halves[0].heard
    assert heard[7] == pytest.approx(LEVEL, rel=0.05)
    assert heard[8] < LEVEL / 20


def test_the_guests_can_be_told_apart() -> None:
    colours = [colour_of(colour) for colour in (*(guest.colour for guest in GUESTS), CANVAS, MARK, 0, 0xFFFFFF)]

    assert min(dist(one, other) for one, other in combinations(colours[:-2], 2)) >= 50
    assert min(dist(one, other) for one in colours[:16] for other in colours[16:]) >= 50
    assert min(abs(one.tone_hz - other.tone_hz) for one, other in combinations(GUESTS, 2)) >= 40
    assert all(guest.tone_hz * ROUND_MS % 1000 == 0 for guest in GUESTS)
    assert len({guest.name for guest in GUESTS}) == len(GUESTS) == 16


def test_a_portrait_moves() -> None:
    first, second = (bytes(frame.planes[0]) for frame in islice(portrait.pictures(GUESTS[0]), 2))

    assert first != second
