"""Codecs of an m-line."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.sdp.codecs import codecs_of
from tailrace.wire.sdp.description import Codec
from tailrace.wire.sdp.lines import Section


def section(*attributes: str) -> Section:
    return Section("", [(name, value) for name, _, value in (one.partition(":") for one in attributes)])


def test_codecs_keep_the_order_of_the_line_and_names_the_spelling_of_iana() -> None:
    found, rtx = codecs_of(
        ("97", "96", "0", "97"),
        section("rtpmap:96 OPUS/48000/2", "rtpmap:97 h264/90000", "rtpmap:98 VP8/90000", "fmtp:97 A=1; b = 2 ;c"),
    )

    assert found == (
        Codec(97, "H264", 90000, 1, {"a": "1", "b": "2", "c": ""}),
        Codec(96, "opus", 48000, 2),
    )
    assert rtx == {}


def test_feedback_for_all_payload_types_is_added_to_that_of_each() -> None:
    (codec,), _ = codecs_of(
        ("96",), section("rtpmap:96 VP8/90000", "rtcp-fb:* nack", "rtcp-fb:96 nack  pli", "rtcp-fb:* nack")
    )

    assert codec.feedback == ("nack pli", "nack")


def test_a_retransmission_of_what_is_not_there_is_left_out() -> None:
    _, rtx = codecs_of(
        ("96", "97", "98", "99"),
        section(
            *("rtpmap:96 VP8/90000", "rtpmap:97 rtx/90000", "rtpmap:98 rtx/90000", "rtpmap:99 RTX/90000"),
            *("fmtp:97 apt=96", "fmtp:98 apt=50"),
        ),
    )

    assert rtx == {97: 96}


def test_too_much_feedback_is_refused() -> None:
    with pytest.raises(PeerError, match="rtcp-fb"):
        codecs_of(("96",), section("rtpmap:96 VP8/90000", *(f"rtcp-fb:96 x{number}" for number in range(33))))
