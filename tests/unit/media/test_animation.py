"""What of a picture is shown when, at one size."""

import pytest

from tailrace.errors import ImageError
from tailrace.media.animation import animate
from tailrace.media.canvas import Patch, colour_of
from tailrace.media.picture import CANVAS, PLACEHOLDER, open_picture
from tailrace.model.mix import Fit, Rounded
from tests.unit.media.images import BLUE, GREEN, RED, Colour, gif, plain, saved, webm

COLOURS = [RED, GREEN, BLUE, (255, 255, 0)]


def colour(patch: Patch) -> Colour:
    """Return which of COLOURS it has in its middle."""
    x, y = patch.width // 2, patch.height // 2
    found = int(patch.y[y, x]), int(patch.u[y // 2, x // 2]), int(patch.v[y // 2, x // 2])
    matching = [one for one in COLOURS if found == pytest.approx(colour_of(one[0] << 16 | one[1] << 8 | one[2]), abs=6)]
    assert len(matching) == 1
    return matching[0]


def test_a_still_picture_is_the_same_patch_for_ever() -> None:
    shown = animate(open_picture(saved(plain(RED), "PNG"), CANVAS), 32, 24)

    assert shown.still
    assert shown.at(0) is shown.at(10**12)
    assert (shown.at(0).width, shown.at(0).height) == (32, 24)


@pytest.mark.parametrize("data", [gif(COLOURS, [100] * 4), webm([plain(one) for one in COLOURS])], ids=["gif", "webm"])
def test_a_moving_picture_shows_each_frame_at_its_time_in_a_loop(data: bytes) -> None:
    shown = animate(open_picture(data, PLACEHOLDER), 32, 24)

    assert not shown.still
    assert [colour(shown.at(1000 * ms)) for ms in (0, 99, 100, 250, 399, 400, 510)] == [
        RED, RED, GREEN, BLUE, COLOURS[3], RED, GREEN,
    ]  # fmt: skip
    assert shown.at(0) is shown.at(99_999) is shown.at(400_000)


def test_frames_stand_as_long_as_they_say() -> None:
    shown = animate(open_picture(gif([RED, GREEN, BLUE], [100, 250, 50]), PLACEHOLDER), 32, 24)

    times_ms = (0, 99, 100, 349, 350, 399, 400, 499, 500)
    assert [colour(shown.at(1000 * ms)) for ms in times_ms] == [RED, RED, GREEN, GREEN, BLUE, BLUE, RED, RED, GREEN]


def test_frames_beyond_the_budget_are_left_out_evenly() -> None:
    picture = open_picture(gif([*COLOURS, RED], [100] * 5), PLACEHOLDER)
    one = animate(picture, 32, 24, budget_bytes=0).nbytes

    shown = animate(picture, 32, 24, budget_bytes=4 * one)
    fewer = animate(picture, 32, 24, budget_bytes=2 * one)

    assert [colour(shown.at(100_000 * n)) for n in range(6)] == [RED, RED, BLUE, BLUE, RED, RED]
    assert [colour(fewer.at(100_000 * n)) for n in range(6)] == [RED, RED, RED, RED, RED, RED]
    assert (shown.nbytes, fewer.nbytes) == (3 * one, 2 * one)
    assert shown.within(2 * one).ends_us == fewer.ends_us == (400_000, 500_000)
    assert shown.within(3 * one) is shown
    assert shown.within(0).still


def test_one_frame_is_kept_whatever_the_budget() -> None:
    shown = animate(open_picture(gif(COLOURS, [100] * 4), PLACEHOLDER), 32, 24, budget_bytes=0)

    assert shown.still
    assert colour(shown.at(350_000)) == RED


def test_every_frame_stands_as_asked() -> None:
    shown = animate(open_picture(gif([RED, GREEN], [100, 100]), PLACEHOLDER), 64, 64, Fit.INSIDE, 0x0000FF)
    round_one = animate(open_picture(gif([RED, GREEN], [100, 100]), PLACEHOLDER), 64, 64, rounded=Rounded(32, 32, 16))

    for patch in (shown.at(0), shown.at(100_000)):
        assert (patch.y[0, 0], patch.u[0, 0], patch.v[0, 0]) == colour_of(0x0000FF)
    for patch in (round_one.at(0), round_one.at(100_000)):
        assert patch.alpha is not None
        assert (patch.alpha.plane[0, 0], patch.alpha.plane[32, 32]) == (0, 255)


def test_a_size_larger_than_2k_is_refused() -> None:
    with pytest.raises(ImageError, match="larger than 2K"):
        animate(open_picture(saved(plain(RED), "PNG"), CANVAS), 5000, 5000)
