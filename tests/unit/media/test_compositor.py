"""Compositor: windows, placeholders, masks and watermarks stand one above the other as they should."""

import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.media.canvas import Alpha, Patch, colour_of, planes_of
from tailrace.media.compositor import Compositor, Marked, Showing, Shown, Still, shape_of
from tailrace.media.video_source import VideoSource
from tailrace.model.cast import Member
from tailrace.model.layout import Window
from tailrace.model.mix import Fit, TextMark
from tailrace.model.playout import Playout
from tests.harness.waiting import eventually
from tests.media.encoded import pictures

WIDTH, HEIGHT, FPS = 320, 180, 25
GREEN = colour_of(0x00FF00)
# Luma of the source's picture, which is encoded in BT.601.
RED = 85
ANNA = Member(Stream(Room(SdkAppId(1), "r", numeric=False), UserId("anna")), audio=True, video=True, since=0.0)
WINDOW = Window(0, ANNA, 40, 20, 160, 90, 0, Fit.CROP)


def open_source() -> VideoSource:
    """Return a source whose picture, 320x180 and red, is there."""
    there = threading.Event()
    opened = VideoSource("anna", shape_of(WINDOW), True, there.set)
    playout = Playout()
    playout.arrived(0, 0)
    for unit in pictures((220, 20, 20), 0.04):
        opened.feed(unit, playout)
    assert there.wait(5)
    return opened


@pytest.fixture
def source() -> Iterator[VideoSource]:
    """Such a source."""
    opened = open_source()
    yield opened
    opened.close()


def flat(colour: tuple[int, int, int], width: int, height: int, alpha: int | None = None) -> Still:
    y, u, v = colour
    chroma = (height // 2, width // 2)
    return Still(
        Patch(
            np.full((height, width), y, np.uint8),
            np.full(chroma, u, np.uint8),
            np.full(chroma, v, np.uint8),
            None if alpha is None else Alpha(np.full((height, width), alpha, np.uint8)),
        )
    )


def luma(showing: Showing) -> np.ndarray:
    return planes_of(Compositor(WIDTH, HEIGHT).draw(showing, 1_000_000, 0, FPS))[0].astype(int)


def is_red(values: np.ndarray) -> bool:
    return bool((abs(values - RED) < 8).all())


def test_an_empty_scene_has_the_canvas_colour() -> None:
    assert (luma(Showing(0, colour=0x00FF00)) == GREEN[0]).all()


def test_a_canvas_image_wins_over_the_colour() -> None:
    assert (luma(Showing(0, colour=0x00FF00, backdrop=flat((99, 128, 128), WIDTH, HEIGHT))) == 99).all()


def test_the_colour_shows_through_a_canvas_image_with_holes() -> None:
    compositor = Compositor(WIDTH, HEIGHT)
    half = Showing(0, colour=0x00FF00, backdrop=flat((235, 128, 128), WIDTH, HEIGHT, alpha=128))

    for _ in range(2):
        y = planes_of(compositor.draw(half, 0, 0, FPS))[0]
        assert abs(int(y[90, 160]) - (GREEN[0] + 235) // 2) <= 1


def test_a_picture_fills_its_window_and_nothing_else(source: VideoSource) -> None:
    seen = luma(Showing(0, colour=0x00FF00, layers=(Shown(WINDOW, source),)))

    assert is_red(seen[20:110, 40:200])
    seen[20:110, 40:200] = GREEN[0]
    assert (seen == GREEN[0]).all()


def test_the_placeholder_is_shown_until_there_is_a_picture() -> None:
    nobody = replace(WINDOW, member=None)
    hold = flat((200, 128, 128), 160, 90)

    assert (luma(Showing(0, layers=(Shown(nobody, None, None, hold),)))[20:110, 40:200] == 200).all()


def test_a_picture_hides_the_placeholder(source: VideoSource) -> None:
    hold = flat((200, 128, 128), 160, 90)

    assert is_red(luma(Showing(0, layers=(Shown(WINDOW, source, None, hold),)))[20:110, 40:200])


def test_later_layers_lie_above_earlier_ones(source: VideoSource) -> None:
    mark = TextMark("x", 100, 50, 40, 20, 10)

    above = luma(Showing(0, layers=(Shown(WINDOW, source), Marked(mark, flat((230, 128, 128), 40, 20)))))
    below = luma(Showing(0, layers=(Marked(mark, flat((230, 128, 128), 40, 20)), Shown(WINDOW, source))))

    assert (above[50:70, 100:140] == 230).all()
    assert is_red(above[50:70, 150:190])
    assert is_red(below[50:70, 100:140])


def test_a_mask_lets_what_lies_below_through(source: VideoSource) -> None:
    mask = np.full((90, 160), 255, np.uint8)
    mask[:, :80] = 0
    # It fills its window: nothing is beside it, whatever colour was asked for there.
    window = replace(WINDOW, colour_beside=0xFFFFFF)

    seen = luma(Showing(0, colour=0x00FF00, layers=(Shown(window, source, mask=Alpha(mask)),)))

    assert (seen[20:110, 40:120] == GREEN[0]).all()
    assert is_red(seen[20:110, 120:200])


@pytest.mark.parametrize(
    ("fit", "beside", "bars"),
    [(Fit.INSIDE, None, GREEN[0]), (Fit.INSIDE_ON_BLACK, 0xFFFFFF, 16), (Fit.INSIDE, 0xFFFFFF, 235)],
    ids=["what lies below", "black", "a colour of its own"],
)
def test_beside_a_fitted_picture_is(source: VideoSource, fit: Fit, beside: int | None, bars: int) -> None:
    window = replace(WINDOW, height=160, y=10, fit=fit, colour_beside=beside)

    seen = luma(Showing(0, colour=0x00FF00, layers=(Shown(window, source),)))

    assert (seen[10:44, 40:200] == bars).all()
    assert is_red(seen[48:132, 44:196])
    assert (seen[136:170, 40:200] == bars).all()


def test_a_window_that_changes_shows_the_last_picture_in_its_new_size_at_once(source: VideoSource) -> None:
    compositor = Compositor(WIDTH, HEIGHT)
    for window in (WINDOW, replace(WINDOW, x=0, y=0, width=320, height=180), WINDOW):
        frame = compositor.draw(Showing(0, colour=0x00FF00, layers=(Shown(window, source),)), 1_000_000, 0, FPS)

        seen = planes_of(frame)[0].astype(int)
        inside = seen[window.y : window.y + window.height, window.x : window.x + window.width]
        assert is_red(inside)
        assert np.count_nonzero(abs(seen - RED) < 8) == inside.size


def test_what_is_beyond_the_canvas_is_cut(source: VideoSource) -> None:
    seen = luma(Showing(0, colour=0x00FF00, layers=(Shown(replace(WINDOW, x=260, y=130), source),)))

    assert is_red(seen[130:, 260:])
    assert np.count_nonzero(abs(seen - RED) < 8) == 60 * 50


def test_a_source_that_is_gone_is_not_kept_with_the_picture_that_was_scaled_for_another_layout() -> None:
    compositor = Compositor(WIDTH, HEIGHT)
    left = open_source()
    compositor.draw(Showing(0, layers=(Shown(replace(WINDOW, width=80), left),)), 1_000_000, 0, FPS)

    gone = weakref.ref(left)
    left.close()
    del left

    # Its thread holds it until it has ended.
    eventually(lambda: gone() is None, "the end of the source")
    compositor.draw(Showing(1), 1_040_000, 1, FPS)
