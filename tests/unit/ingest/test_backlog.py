"""Backlog: what a slow player over HTTP misses, and when it is given up."""

import asyncio

import pytest

from tailrace.ingest.backlog import Backlog, Hopeless
from tailrace.wire.flv import Reader, TagType, file_header


def read(data: bytes) -> list[tuple[TagType, int]]:
    return [(tag.type, tag.timestamp_ms) for tag in Reader().receive(file_header(audio=True, video=True) + data)]


def taken(backlog: Backlog) -> list[tuple[TagType, int]]:
    return read(asyncio.run(backlog.take()))


def test_tags_come_out_in_order_and_in_one_piece() -> None:
    backlog = Backlog()
    backlog.put(TagType.VIDEO, 1, b"v", key=True)
    backlog.put(TagType.AUDIO, 2, b"a")

    assert taken(backlog) == [(TagType.VIDEO, 1), (TagType.AUDIO, 2)]


def test_a_slow_player_misses_pictures_up_to_a_key_frame_and_no_sound() -> None:
    backlog = Backlog(soft_bytes=100)
    for number in range(10):
        backlog.put(TagType.VIDEO, number, bytes(40), key=number == 0)
        backlog.put(TagType.AUDIO, number, b"a")
    first = taken(backlog)
    for number in range(10, 14):
        backlog.put(TagType.VIDEO, number, b"v", key=number == 12)
        backlog.put(TagType.AUDIO, number, b"a")
    second = taken(backlog)

    assert [time for kind, time in first if kind is TagType.AUDIO] == list(range(10))
    assert [time for kind, time in first if kind is TagType.VIDEO] == [0, 1]
    assert [time for kind, time in second if kind is TagType.AUDIO] == [10, 11, 12, 13]
    assert [time for kind, time in second if kind is TagType.VIDEO] == [12, 13]
    assert backlog.dropped == 10


def test_a_key_frame_that_does_not_fit_is_left_out_with_its_group() -> None:
    backlog = Backlog(soft_bytes=100)
    backlog.put(TagType.VIDEO, 0, bytes(200), key=True)
    backlog.put(TagType.VIDEO, 1, b"v", key=True)
    taken(backlog)

    backlog.put(TagType.VIDEO, 2, b"v")

    assert backlog.dropped == 2


def test_set_up_data_is_never_left_out() -> None:
    backlog = Backlog(soft_bytes=100)
    backlog.put(TagType.VIDEO, 0, bytes(200), key=True)
    backlog.put(TagType.VIDEO, 1, b"setup", must=True)

    assert taken(backlog) == [(TagType.VIDEO, 0), (TagType.VIDEO, 1)]


@pytest.mark.parametrize("bounds", [{"hard_bytes": 300}, {"hard_tags": 20}])
def test_a_player_that_takes_not_even_the_sound_is_hopeless(bounds: dict[str, int]) -> None:
    backlog = Backlog(soft_bytes=100, **bounds)
    for number in range(100):
        backlog.put(TagType.AUDIO, number, b"a")

    with pytest.raises(Hopeless, match="too slow"):
        asyncio.run(backlog.take())


def test_the_end_comes_after_what_waits() -> None:
    backlog = Backlog()
    backlog.put(TagType.AUDIO, 0, b"a")
    backlog.end()

    assert taken(backlog) == [(TagType.AUDIO, 0)]
    assert asyncio.run(backlog.take()) == b""
