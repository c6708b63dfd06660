"""One track to one viewer: headers, and packets that are sent again."""

from tailrace.wire.rtp.outgoing import Outgoing
from tailrace.wire.rtp.packet import parse
from tests.unit.wire.rtp.sending import AUDIO, VIDEO, WITHOUT_RTX


def test_packets_are_numbered_over_the_end_of_the_numbers() -> None:
    out = Outgoing(VIDEO)

    packets = [parse(out.packet(102, 0, b"x", marker=False)) for _ in range(10)]

    assert [packet.sequence for packet in packets] == [*range(65530, 65536), 0, 1, 2, 3]
    assert {(packet.ssrc, packet.payload_type, packet.extensions[4]) for packet in packets} == {(1111, 102, b"0")}


def test_a_packet_that_is_asked_for_comes_again_as_rtx() -> None:
    out = Outgoing(VIDEO)
    out.packet(102, 7, b"first", marker=True)

    again = parse(out.again(65530, 1.0) or b"")

    assert (again.ssrc, again.payload_type, again.timestamp, again.marker) == (2222, 103, 7, True)
    assert again.payload == (65530).to_bytes(2, "big") + b"first"


def test_without_rtx_it_comes_again_as_it_was() -> None:
    out = Outgoing(WITHOUT_RTX)
    first = out.packet(102, 7, b"first", marker=True)

    assert out.again(65530, 1.0) == first


def test_it_is_not_sent_twice_within_a_round_trip() -> None:
    out = Outgoing(VIDEO)
    out.packet(102, 7, b"first", marker=True)

    assert [out.again(65530, at) is not None for at in (1.0, 1.001, 1.019, 1.021)] == [True, False, False, True]


def test_what_was_never_sent_or_long_ago_is_not_to_be_had() -> None:
    out = Outgoing(VIDEO)
    for _ in range(3000):
        out.packet(102, 7, b"x", marker=True)

    assert out.again(65529, 1.0) is None
    assert out.again(65530, 1.0) is None
    assert out.again((65530 + 2999) % 65536, 1.0) is not None


def test_timestamps_run_at_the_clock_of_the_track() -> None:
    assert Outgoing(VIDEO).timestamp(2_000_000) == 5000 + 180_000
    assert Outgoing(AUDIO).timestamp(2_000_000) == 0xFFFFF000 + 96_000


def test_the_report_says_the_same_moment_on_both_clocks() -> None:
    out = Outgoing(AUDIO)
    out.packet(111, 0, b"opus", marker=False)

    report = out.report(10.0, 42)

    assert (report.ntp, report.rtp) == (42, out.timestamp(10_000_000) & 0xFFFFFFFF)
    assert (report.packets, report.octets) == (1, 4)
