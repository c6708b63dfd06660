"""Feedback of RTCP, against bytes laid out by hand from its RFCs."""

import pytest

from tailrace.wire.rtp.rtcp import Fir, Nack, Pli, Remb, Rtcp, parse_compound

LAYOUTS: list[tuple[Rtcp, str]] = [
    (Pli(1, 2), "81ce0002 00000001 00000002"),
    (Fir(1, ((2, 3),)), "84ce0004 00000001 00000000 00000002 03000000"),
    (Nack(1, 2, (10, 11, 26)), "81cd0003 00000001 00000002 000a8001"),
    (Nack(1, 2, (10, 27)), "81cd0004 00000001 00000002 000a0000 001b0000"),
    (Nack(1, 2, (0xFFFF, 0)), "81cd0003 00000001 00000002 ffff0001"),
    (Remb(1, 2_000_000, (2,)), "8fce0005 00000001 00000000 52454d42 010fd090 00000002"),
]


@pytest.mark.parametrize(("packet", "layout"), LAYOUTS)
def test_feedback_has_the_layout_of_its_rfc(packet: Rtcp, layout: str) -> None:
    data = bytes.fromhex(layout.replace(" ", ""))

    assert packet.encode() == data
    assert parse_compound(data) == [packet]


def test_a_rate_of_many_bits_keeps_its_highest_ones() -> None:
    (remb,) = parse_compound(Remb(1, 12_345_678_901, (2,)).encode())

    assert isinstance(remb, Remb)
    assert remb.bits_per_second == pytest.approx(12_345_678_901, rel=2**-17)
    assert remb.bits_per_second <= 12_345_678_901


def test_application_feedback_that_is_no_remb_is_left_out() -> None:
    assert parse_compound(bytes.fromhex("8fce0003") + bytes(8) + b"AFB!") == []
