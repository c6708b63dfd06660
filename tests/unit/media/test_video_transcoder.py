"""VideoTranscoder: VP8 comes out as H.264 that looks alike, at its times, in its size, and never far behind."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.media.video_transcoder import LATE_SECONDS, MAX_WAITING, Transcoded, VideoTranscoder
from tailrace.unit import Codec, Unit
from tailrace.wire import h264
from tests.fakes.clock import ManualClock
from tests.harness.waiting import DEADLINE, eventually
from tests.media.browser import FPS, plain, video
from tests.media.encoded import mean_colour

RED, BLUE = (220, 20, 20), (20, 20, 220)
BT601 = 6


class Running:
    """A transcoder, and what it made."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._made: queue.Queue[Transcoded] = queue.Queue()
        self._may_go_on = threading.Event()
        self.go_on = self._may_go_on.set
        """Let it work again."""
        self.stall = self._may_go_on.clear
        """Let it stand still once it has made a picture."""
        self.go_on()
        self.transcoder = VideoTranscoder("auto", 1, self.clock, self._ready)

    def _ready(self, made: Transcoded) -> None:
        self._made.put(made)
        self._may_go_on.wait(DEADLINE)

    def feed(self, units: list[Unit], **how: Any) -> "Running":
        for unit in units:
            self.transcoder.feed(unit, unit.pts_us, **how)
        return self

    def take(self, count: int) -> list[Transcoded]:
        return [self._made.get(timeout=DEADLINE) for _ in range(count)]

    @property
    def idle(self) -> bool:
        return self._made.empty()


@contextmanager
def running() -> Iterator[Running]:
    one = Running()
    try:
        yield one
    finally:
        one.transcoder.close()


def decode(made: list[Transcoded]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    frames: list[av.VideoFrame] = []
    config = b""
    for picture in made:
        if picture.key and picture.config != config:
            decoder = av.CodecContext.create("h264", "r")
            config = decoder.extradata = picture.config
            decoder.thread_count = 1
        frames += decoder.decode(av.Packet(picture.payload))
    return frames


def test_who_has_work_gets_on_or_stands_still_and_who_has_none_is_idle() -> None:
    units = video(Codec.VP8, plain(RED, 0.5))

    with running() as one:
        assert (one.transcoder.busy, one.transcoder.done) == (False, 0)
        one.stall()
        one.feed(units).take(1)
        assert (one.transcoder.busy, one.transcoder.done) == (True, 0)
        one.go_on()
        eventually(lambda: not one.transcoder.busy, "the end of the work")
        assert one.transcoder.done == len(units)


def test_each_picture_comes_out_once_at_its_time_in_its_colours() -> None:
    units = video(Codec.VP8, plain(RED, 1.0), start_us=5_000_000)

    with running() as one:
        made = one.feed(units).take(len(units))

    assert [picture.at_us for picture in made] == [unit.pts_us for unit in units]
    assert [picture.key for picture in made] == [True] + [False] * (len(units) - 1)
    frames = decode(made)
    assert len(frames) == len(units)
    assert {int(frame.colorspace) for frame in frames} == {BT601}
    assert all(mean_colour(frame) == pytest.approx(RED, abs=4) for frame in frames)


def test_groups_of_pictures_are_closed_and_last_two_seconds_whatever_the_frame_rate() -> None:
    units = video(Codec.VP8, plain(RED, 6.0), fps=12)

    with running() as one:
        made = one.feed(units).take(len(units))

    keys = [picture.at_us for picture in made if picture.key]
    assert np.diff(keys) == pytest.approx([2_000_000] * (len(keys) - 1), abs=90_000)
    # From any key frame on, all pictures can be decoded.
    begin = next(at for at, picture in enumerate(made) if picture.key and picture.at_us > 0)
    assert len(decode(made[begin:])) == len(made) - begin


def test_x264_is_told_the_frame_rate_once_it_has_been_another_one_for_a_while() -> None:
    units = video(Codec.VP8, plain(RED, 5.0), fps=15)

    with running() as one:
        made = one.feed(units).take(len(units))

    rates = [h264.parse_sps(h264.parse_config(picture.config).sps[0]).frame_rate for picture in made if picture.key]
    assert rates[0] == FPS
    assert rates[-1] == 15


@pytest.mark.parametrize(("size", "made_as"), [((240, 136), (240, 136)), ((241, 135), (240, 134))])
def test_a_change_of_size_is_followed_with_a_key_frame(size: tuple[int, int], made_as: tuple[int, int]) -> None:
    units = video(Codec.VP8, [*plain(RED, 0.5), *plain(BLUE, 0.5, size)])

    with running() as one:
        made = one.feed(units).take(len(units))

    keys = [picture for picture in made if picture.key]
    assert [h264.picture_size(picture.config) for picture in keys] == [(320, 180), made_as]
    assert keys[1].at_us == units[15].pts_us
    assert mean_colour(decode(made)[-1]) == pytest.approx(BLUE, abs=4)


def test_of_the_past_nothing_is_seen_but_it_is_decoded() -> None:
    units = video(Codec.VP8, [*plain(RED, 1.0), *plain(BLUE, 0.2)])

    with running() as one:
        made = one.feed(units[:-1], past=True).feed(units[-1:]).take(1)

        assert made[0].key
        assert made[0].at_us == units[-1].pts_us
        assert mean_colour(decode(made)[0]) == pytest.approx(BLUE, abs=4)
        assert one.idle
        assert one.transcoder.left_out == 0


def test_after_a_break_the_next_picture_is_a_key_frame() -> None:
    units = video(Codec.VP8, plain(RED, 1.0))

    with running() as one:
        one.feed(units[:10]).take(10)
        one.transcoder.break_off()
        made = one.feed(units[10:]).take(len(units) - 10)

    assert [picture.key for picture in made] == [True] + [False] * (len(made) - 1)
    assert len(decode(made)) == len(made)


def test_what_has_waited_for_too_long_is_left_out_counted_and_later_pictures_are_whole() -> None:
    units = video(Codec.VP8, [*plain(RED, 1.0), *plain(BLUE, 0.1)])

    with running() as one:
        one.stall()
        made = one.feed(units[:1]).take(1)
        one.feed(units[1:])
        one.clock.pass_time(LATE_SECONDS + 0.01)
        one.go_on()
        eventually(lambda: one.transcoder.left_out == len(units) - 1, "all but the first picture left out")
        made += one.feed(video(Codec.VP8, plain(BLUE, 0.1), start_us=2_000_000)).take(3)

    assert len(decode(made)) == len(made)
    assert mean_colour(decode(made)[-1]) == pytest.approx(BLUE, abs=4)


def test_a_transcoder_that_stands_still_holds_no_more_than_so_much() -> None:
    units = video(Codec.VP8, plain(RED, 1.0, (32, 32)))

    with running() as one:
        one.stall()
        one.feed(units[:1]).take(1)
        for _ in range(MAX_WAITING // len(units) + 1):
            one.feed(units)

        assert one.transcoder.left_out == MAX_WAITING
        one.go_on()


def test_a_broken_picture_costs_no_more_than_the_pictures_up_to_the_next_key_frame() -> None:
    units = video(Codec.VP8, plain(RED, 1.0), group=15)
    units[15].payload = b"\0" * 3

    with running() as one:
        made = one.feed(units).feed(video(Codec.VP8, plain(BLUE, 0.1), start_us=1_000_000)).take(18)

    assert [picture.at_us for picture in made][-3:] == [1_000_000, 1_033_333, 1_066_666]
    assert one.transcoder.broken >= 1
    assert mean_colour(decode(made)[-1]) == pytest.approx(BLUE, abs=4)


@settings(max_examples=30)
@given(st.binary(max_size=300), st.booleans())
def test_rubbish_does_not_end_it(data: bytes, key: bool) -> None:
    with running() as one:
        one.transcoder.feed(Unit(Codec.VP8, 1, 0, 0, 0, key, b"", data), 0)
        units = video(Codec.VP8, plain(RED, 0.1), start_us=1_000_000)

        made = one.feed(units)

        eventually(lambda: any(picture.at_us >= 1_000_000 for picture in made.take(1)), "what follows")
