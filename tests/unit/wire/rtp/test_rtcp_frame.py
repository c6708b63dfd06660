"""The header of RTCP packets, and cutting a compound at it."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp_frame import Frame, Type, cut, pack


def test_a_compound_is_cut_at_its_headers() -> None:
    data = pack(Type.BYE, 1, b"abcd") + pack(Type.SDES, 0, b"")

    assert list(cut(data)) == [Frame(203, 1, b"abcd"), Frame(202, 0, b"")]


def test_padding_is_taken_off() -> None:
    data = b"\xa1\xcb\x00\x02abcd\x00\x00\x00\x04"

    assert list(cut(data)) == [Frame(203, 1, b"abcd")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\xcb\x00", "shorter"),
        (b"\x40\xcb\x00\x00", "version 1"),
        (b"\x80\xcb\x00\x01abc", "longer"),
        (b"\xa0\xcb\x00\x00", "padding"),
        (b"\xa0\xcb\x00\x01abc\x00", "padding"),
        (b"\xa0\xcb\x00\x01abc\x05", "padding"),
    ],
)
def test_a_broken_header_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        list(cut(data))
