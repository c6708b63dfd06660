"""Reports, names and farewells of RTCP, against bytes laid out by hand from RFC 3550."""

from tailrace.wire.rtp.rtcp import Bye, ReceiverReport, ReportBlock, Sdes, SenderReport, parse_compound


def test_a_sender_report_has_the_layout_of_the_rfc() -> None:
    data = bytes.fromhex("80c80006 00000001 e8a1b2c3 80000000 00015f90 0000000a 000003e8".replace(" ", ""))

    assert SenderReport(1, 0xE8A1B2C3_80000000, 90_000, 10, 1000).encode() == data
    assert parse_compound(data) == [SenderReport(1, 0xE8A1B2C3_80000000, 90_000, 10, 1000)]


def test_a_report_block_has_the_layout_of_the_rfc() -> None:
    data = bytes.fromhex("81c90007 00000001 00000002 40fffffe 0001000a 00000005 b2c38000 00010000".replace(" ", ""))
    report = ReceiverReport(1, (ReportBlock(2, 64, -2, 0x1000A, 5, 0xB2C38000, 65536),))

    assert report.encode() == data
    assert parse_compound(data) == [report]


def test_more_loss_than_24_bits_hold_is_told_as_the_most_there_is() -> None:
    (report,) = parse_compound(ReceiverReport(1, (ReportBlock(2, 0, 1 << 30, 0, 0, 0, 0),)).encode())

    assert isinstance(report, ReceiverReport)
    assert report.blocks[0].lost == (1 << 23) - 1


def test_a_name_is_ended_by_a_zero_and_padded_to_a_word() -> None:
    assert Sdes(1, "ab").encode() == b"\x81\xca\x00\x03\x00\x00\x00\x01\x01\x02ab\x00\x00\x00\x00"


def test_a_packet_that_names_two_sources_is_read_as_two_and_other_items_are_left_out() -> None:
    chunks = b"\x00\x00\x00\x01\x01\x01a\x06\x01t\x00\x00" + b"\x00\x00\x00\x02\x01\x02bc\x00\x00\x00\x00"
    data = b"\x82\xca\x00\x06" + chunks

    assert parse_compound(data) == [Sdes(1, "a"), Sdes(2, "bc")]


def test_the_reason_of_a_farewell_is_not_kept() -> None:
    assert parse_compound(b"\x81\xcb\x00\x02\x00\x00\x00\x07\x03bye") == [Bye((7,))]
