"""VideoSource: pictures when they are due, in a thread of their own, whatever the publisher does."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tailrace.media.scaler import Shape
from tailrace.media.video_source import MAX_WAITING, VideoSource
from tailrace.model.mix import Fit
from tailrace.model.playout import Playout
from tailrace.unit import Codec, Unit
from tailrace.wire import sei
from tests.harness.waiting import eventually
from tests.media.browser import plain, video
from tests.media.encoded import FPS, pictures

RED, BLUE = (220, 20, 20), (20, 20, 220)  # luma 85 and 53 in BT.601, by which these pictures are made
SHAPE = Shape(160, 90, Fit.CROP)
PERIOD_US = 1_000_000 / FPS
Open = Callable[..., VideoSource]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Sources that are closed at the end."""
    sources: list[VideoSource] = []

    def make(on_picture: Callable[[], None] = lambda: None, keep_sei: bool = True) -> VideoSource:
        sources.append(VideoSource("anna", SHAPE, keep_sei, on_picture))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


def punctual() -> Playout:
    """A playout whose clock is the output's own."""
    playout = Playout()
    playout.arrived(0, 0)
    return playout


PUNCTUAL = punctual()


def luma(source: VideoSource, at_us: int) -> float | None:
    found = source.look(at_us, PERIOD_US)
    return float(np.mean(found[1].patch.y)) if found else None


def live(source: VideoSource, units: list[Unit], playout: Playout, first: threading.Event) -> None:
    for unit in units:
        source.feed(unit, playout)
    assert first.wait(5)


def is_red(value: float | None) -> bool:
    return value is not None and abs(value - 85) < 8


def is_blue(value: float | None) -> bool:
    return value is not None and abs(value - 53) < 8


def test_nothing_is_shown_before_the_first_picture(opened: Open) -> None:
    assert opened().look(0, PERIOD_US) is None


def test_the_latest_picture_of_a_group_is_what_is_seen_first(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    units = pictures(RED, 1.0) + pictures(BLUE, 0.04, start_us=1_000_000)

    source = opened(first.set)
    live(source, units, playout, first)

    # All of them are of the past: they came at once.
    eventually(lambda: is_blue(luma(source, 5_000_000)), "the newest picture is shown")
    assert source.live


def test_who_looks_already_sees_the_first_picture_while_the_others_are_made_up_for(opened: Open) -> None:
    source, playout = opened(), punctual()
    source.look(500_000, PERIOD_US)

    for unit in pictures(RED, 1.0) + pictures(BLUE, 9.0, start_us=1_000_000, gop=1000):
        source.feed(unit, playout)
    seen = eventually(lambda: luma(source, 60_000_000), "a first picture")

    assert is_red(seen)
    eventually(lambda: is_blue(luma(source, 60_000_000)), "the newest picture")


def test_a_picture_is_not_shown_before_it_is_due(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)
    live(source, pictures(RED, 0.04), playout, first)
    source.look(playout.at(0), PERIOD_US)

    for unit in pictures(BLUE, 0.04, start_us=1_000_000):
        source.feed(unit, playout)

    assert is_red(luma(source, playout.at(1_000_000) - 1))
    eventually(lambda: is_blue(luma(source, playout.at(1_000_000))), "it is shown when it is due")


def test_the_last_picture_stays_when_the_publisher_stalls(opened: Open) -> None:
    first = threading.Event()
    source = opened(first.set)
    live(source, pictures(RED, 0.2), punctual(), first)

    assert all(is_red(luma(source, at_us)) for at_us in range(0, 10_000_000, 1_000_000))


def test_no_more_than_a_few_pictures_are_decoded_ahead(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)
    live(source, pictures(RED, 0.04), playout, first)
    source.look(0, PERIOD_US)

    for unit in pictures(BLUE, 4.0, start_us=1_000_000, gop=10):
        source.feed(unit, playout)

    # Whoever looks later finds every picture at its time: those ahead waited, encoded, and none was lost.
    for number in range(100):
        at_us = playout.at(1_000_000 + number * 40_000)
        eventually(lambda at_us=at_us: is_blue(luma(source, at_us)), "the next picture is there")  # type: ignore[misc]
    assert source.dropped == 0


def test_after_something_broken_it_goes_on_with_the_next_key_frame(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    units = pictures(RED, 0.4) + pictures(BLUE, 0.4, start_us=400_000)
    units[3].payload = b"\0\0\0\4\x65\xff\xff\xff"

    source = opened(first.set)
    live(source, units, playout, first)

    eventually(lambda: is_blue(luma(source, 5_000_000)), "the picture after the next key frame is shown")
    assert source.broken == 1


def test_who_joins_in_the_middle_waits_for_a_key_frame(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)

    live(source, pictures(RED, 1.0)[1:] + pictures(BLUE, 0.04, start_us=1_000_000), playout, first)

    eventually(lambda: is_blue(luma(source, 5_000_000)), "the first key frame is shown")
    assert source.broken == 0


def test_a_decoder_that_is_seconds_behind_goes_on_with_the_next_key_frame(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)
    live(source, pictures(RED, 0.04), playout, first)
    source.look(10_000_000, PERIOD_US)

    # All are overdue, and nobody looks again, so that they wait: three groups of a second each, and then a blue one.
    for unit in pictures(RED, 3.0, start_us=1_000_000) + pictures(BLUE, 0.04, start_us=4_000_000):
        source.feed(unit, playout)

    assert source.dropped >= 2 * FPS
    eventually(lambda: is_blue(luma(source, 60_000_000)), "the newest key frame is shown")


def test_when_too_much_waits_it_is_left_out_up_to_a_key_frame(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)
    live(source, pictures(RED, 0.04), playout, first)
    source.look(0, PERIOD_US)
    later = pictures(RED, 20.0, start_us=1_000_000, gop=1000)
    assert len(later) > MAX_WAITING + 10

    for unit in later:
        source.feed(unit, playout)
    for unit in pictures(BLUE, 0.2, start_us=30_000_000):
        source.feed(unit, playout)

    eventually(lambda: is_blue(luma(source, 60_000_000)), "the key frame after the gap is shown")
    assert source.dropped >= MAX_WAITING


def test_sei_of_the_publisher_is_handed_on_once_unless_it_is_not_wanted(opened: Open) -> None:
    nal = sei.nal(sei.Message(100, b"hello"))
    for keep, expected in ((True, [nal]), (False, [])):
        first, units = threading.Event(), pictures(RED, 0.2)
        units[2].payload = sei.with_sei(units[2].payload, [nal])
        source = opened(first.set, keep)
        live(source, units, punctual(), first)
        eventually(lambda source=source: is_red(luma(source, 5_000_000)), "all is decoded")  # type: ignore[misc]

        assert source.take_sei() == expected
        assert source.take_sei() == []


def seen(source: VideoSource, units: list[Unit], looks: Callable[[float | None], bool]) -> None:
    """Feed units, and wait until a picture that is due long after them looks so."""
    for unit in units:
        source.feed(unit, PUNCTUAL)
    eventually(lambda: looks(luma(source, units[-1].pts_us + 10_000_000)), "the picture")


def test_vp8_is_shown_at_any_size_while_sei_is_wanted(opened: Open) -> None:
    source = opened(keep_sei=True)

    seen(source, video(Codec.VP8, plain(RED, 0.2)), is_red)
    seen(source, video(Codec.VP8, plain(BLUE, 0.2, (160, 90)), start_us=200_000), is_blue)

    assert source.broken == 0


def test_h264_of_another_size_is_shown(opened: Open) -> None:
    source = opened()

    seen(source, video(Codec.H264, plain(RED, 0.2)), is_red)
    seen(source, video(Codec.H264, plain(BLUE, 0.2, (160, 90)), start_us=200_000), is_blue)

    assert source.broken == 0


def test_a_publisher_who_goes_from_h264_to_vp8_and_back_is_shown(opened: Open) -> None:
    source = opened()

    seen(source, video(Codec.H264, plain(RED, 0.2)), is_red)
    seen(source, video(Codec.VP8, plain(BLUE, 0.2), start_us=200_000), is_blue)
    seen(source, video(Codec.H264, plain(RED, 0.2), start_us=400_000), is_red)

    assert source.broken == 0


def test_an_empty_unit_is_not_the_end(opened: Open) -> None:
    source = opened()
    units = video(Codec.VP8, plain(RED, 0.2))
    units[3].payload = b""

    seen(source, units, is_red)
    seen(source, video(Codec.VP8, plain(BLUE, 0.2), start_us=200_000), is_blue)


def test_sei_that_cannot_be_read_costs_nothing_else(opened: Open) -> None:
    source = opened(keep_sei=True)
    units = video(Codec.H264, plain(RED, 0.2))
    units[-1].payload = b"\xff\xff\xff\xff"

    seen(source, units, is_red)
    seen(source, video(Codec.H264, plain(BLUE, 0.2), start_us=200_000), is_blue)

    assert source.broken >= 1


def test_a_shape_that_changes_counts_for_the_next_picture(opened: Open) -> None:
    first, playout = threading.Event(), punctual()
    source = opened(first.set)
    live(source, pictures(RED, 0.2), playout, first)
    source.look(0, PERIOD_US)
    source.shape = Shape(80, 46, Fit.CROP)

    for unit in pictures(BLUE, 0.04, start_us=1_000_000):
        source.feed(unit, playout)
    eventually(lambda: is_blue(luma(source, 5_000_000)), "the next picture is shown")

    found = source.look(5_000_000, PERIOD_US)
    assert found is not None
    assert found[1].shape == Shape(80, 46, Fit.CROP)
