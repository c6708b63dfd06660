"""Transport-wide feedback, against bytes laid out by hand from the draft."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp import TransportFeedback, parse_compound


def _layout(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def test_a_run_of_arrivals_has_the_layout_of_the_draft() -> None:
    # From packet 5 on 3 packets, reference 2 x 64 ms, feedback 9; a run of three small deltas; a byte to fill up.
    data = b"\x8f\xcd\x00\x06" + _layout("00000001 00000002 00050003 00000209 2003 0408ff 000000")
    feedback = TransportFeedback(1, 2, 9, 5, (516, 524, 779))

    assert feedback.encode() == data
    assert parse_compound(data) == [feedback]


def test_losses_and_late_packets_are_told_in_vectors() -> None:
    feedback = TransportFeedback(1, 2, 0, 65534, (0, None, 300, 290, None, 5000))

    encoded = feedback.encode()

    # small, missing, large, large (back), missing, large: 01 00 10 10 00 10 and one symbol that fills up
    assert encoded[20:22] == (0xC000 | 0b01_00_10_10_00_10_00).to_bytes(2, "big")
    assert parse_compound(encoded) == [feedback]


def test_a_one_bit_vector_is_read() -> None:
    head = _layout("00000001 00000002 00050003 00000009")
    chunk = (0x8000 | 0b10_1000_0000_0000).to_bytes(2, "big")
    data = b"\x8f\xcd\x00\x05" + head + chunk + b"\x01\x02"

    assert parse_compound(data) == [TransportFeedback(1, 2, 9, 5, (1, None, 3))]


def test_many_losses_cost_four_bytes() -> None:
    arrivals = (0, *[None] * 3000, 8)

    feedback = TransportFeedback(1, 2, 0, 0, arrivals)

    assert len(feedback.encode()) <= 32
    assert parse_compound(feedback.encode()) == [feedback]


def test_the_reference_time_wraps() -> None:
    wrapped = 256 * (1 << 24)

    (feedback,) = parse_compound(TransportFeedback(1, 2, 0, 0, (wrapped + 7, wrapped + 9)).encode())

    assert isinstance(feedback, TransportFeedback)
    assert feedback.arrivals == (7, 9)


def test_fewer_times_than_packets_are_refused() -> None:
    data = b"\x8f\xcd\x00\x05" + _layout("00000001 00000002 00050008 00000009 2008 0102")

    with pytest.raises(PeerError, match="fewer times"):
        parse_compound(data)
