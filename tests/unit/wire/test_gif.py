"""What is in a GIF, without decoding it."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.gif import Gif, scan

HEAD = b"GIF89a" + bytes([4, 0, 2, 0, 0x80, 0, 0]) + bytes(6)  # 4 x 2 pixels, a table of two colours
TRAILER = b"\x3b"
COMMENT = b"\x21\xfe\x03abc\x02de\x00"


def control(delay: int) -> bytes:
    return b"\x21\xf9\x04\x00" + delay.to_bytes(2, "little") + b"\x00\x00"


def frame(left: int = 0, top: int = 0, width: int = 4, height: int = 2, flags: int = 0, table: bytes = b"") -> bytes:
    place = b"".join(number.to_bytes(2, "little") for number in (left, top, width, height))
    return b"\x2c" + place + bytes([flags]) + table + b"\x02\x03\x84\x8f\x59\x00"


BLOCKS = [HEAD, COMMENT, control(7), frame(), control(0), frame(2, 0, 2, 2, 0x81, bytes(12)), frame(), TRAILER]
WHOLE = b"".join(BLOCKS)


def test_size_and_durations_are_found_past_tables_and_comments() -> None:
    assert scan(WHOLE, 10) == Gif(4, 2, (70, 100, 100))


@pytest.mark.parametrize(("delay", "shown_ms"), [(0, 100), (1, 100), (2, 20), (3, 30), (65535, 655350)])
def test_a_frame_without_a_real_delay_is_shown_as_long_as_in_browsers(delay: int, shown_ms: int) -> None:
    assert scan(HEAD + control(delay) + frame() + TRAILER, 1).durations_ms == (shown_ms,)


def test_a_missing_trailer_is_forgiven() -> None:
    assert scan(WHOLE[:-1], 10) == scan(WHOLE, 10)


def test_what_follows_the_trailer_is_ignored() -> None:
    assert scan(WHOLE + b"more", 10) == scan(WHOLE, 10)


def test_a_gif_that_ends_within_a_block_or_before_its_first_frame_is_cut_short() -> None:
    taken = []
    for length in range(len(WHOLE) + 1):
        try:
            scan(WHOLE[:length], 10)
        except PeerError:
            continue
        taken.append(length)

    ends = list(accumulate(len(block) for block in BLOCKS))
    assert taken == ends[BLOCKS.index(frame()) :]


@pytest.mark.parametrize("place", [(1, 0, 4, 2), (0, 1, 4, 2), (0, 0, 65535, 65535), (65535, 0, 1, 1)])
def test_a_frame_beyond_the_picture_is_refused(place: tuple[int, int, int, int]) -> None:
    with pytest.raises(PeerError, match="larger than its picture"):
        scan(HEAD + frame(*place) + TRAILER, 10)


def test_as_many_frames_as_allowed_pass_and_one_more_does_not() -> None:
    assert len(scan(HEAD + 5 * frame() + TRAILER, 5).durations_ms) == 5
    with pytest.raises(PeerError, match="more than 5 frames"):
        scan(HEAD + 6 * frame() + TRAILER, 5)


@pytest.mark.parametrize("data", [b"", b"GIF88a", HEAD + TRAILER, HEAD + COMMENT + TRAILER, HEAD + b"\x00"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PeerError):
        scan(data, 10)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_gif_or_a_peer_error(data: bytes) -> None:
    try:
        found = scan(HEAD + data, 10)
    except PeerError:
        return
    assert 1 <= len(found.durations_ms) <= 10
