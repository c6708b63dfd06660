"""SEI: written as the standard says, read back however it came, and put where decoders find it."""

import json
from collections.abc import Iterable
from typing import cast

import av
import pytest
from av.sidedata.sidedata import SideData
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire import h264, sei
from tailrace.wire.sei import MAX_MESSAGES, MAX_NAL_BYTES, Message, Region
from tests.media.encoded import pictures

UUID = "0123456789abcdef0123456789ABCDEF"
MESSAGES = st.builds(Message, st.integers(0, 1000), st.binary(max_size=600))
# Bytes of which every second run looks like a start code.
TRICKY = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), max_size=600).map(bytes)

KEPT = Message(100, b"kept")
TIMING = Message(1, b"\x01\x02")


def kinds(access_unit: bytes) -> list[int]:
    return [unit[0] & 31 for unit in h264.nal_units(access_unit)]


def test_the_bytes_are_those_of_the_standard() -> None:
    assert sei.nal(Message(100, b"hi")) == b"\x06\x64\x02hi\x80"
    assert sei.nal(Message(256, b"x" * 255)) == b"\x06\xff\x01\xff\x00" + b"x" * 255 + b"\x80"
    assert sei.nal(Message(100, b"\0\0\0\0\1")) == b"\x06\x64\x05\0\0\3\0\0\3\1\x80"


@given(st.lists(MESSAGES, min_size=1, max_size=5))
def test_messages_are_read_as_they_were_written(messages: list[Message]) -> None:
    assert sei.messages(sei.nal(*messages)) == messages


@given(TRICKY)
def test_nothing_inside_looks_like_a_start_code(payload: bytes) -> None:
    unit = sei.nal(Message(100, payload))

    assert sei.messages(unit) == [Message(100, payload)]
    assert all(unit[at : at + 3] > b"\0\0\2" for at in range(len(unit) - 2))


def test_a_reader_forgives_zero_bytes_at_the_end() -> None:
    assert sei.messages(sei.nal(KEPT, TIMING) + b"\0\0\0") == [KEPT, TIMING]


@given(st.binary(max_size=300), st.lists(MESSAGES, max_size=3), st.integers(0, 400))
def test_garbage_raises_peer_error_only(garbage: bytes, messages: list[Message], at: int) -> None:
    whole = sei.nal(*messages)
    for data in (garbage, b"\x06" + garbage, whole[:at], whole[:at] + garbage + whole[at + 1 :]):
        try:
            found = sei.messages(data)
        except PeerError:
            continue
        assert sum(2 + len(message.payload) for message in found) < len(data)


@pytest.mark.parametrize(
    ("unit", "why"),
    [
        (b"", "not an H.264 SEI"),
        (b"\x65\x80", "not an H.264 SEI"),
        (b"\x06\x64\x02hi", "stop bit"),
        (b"\x06\x64\x09hi\x80", "longer than its NAL unit"),
        (b"\x06\x64\x80", "in the middle"),
        (b"\x06\xff\xff\x80", "in the middle"),
        (sei.nal(*[Message(100, b"")] * (MAX_MESSAGES + 1)), f"more than {MAX_MESSAGES}"),
        (sei.nal(Message(100, b"x" * MAX_NAL_BYTES)), "at most"),
    ],
)
def test_what_is_no_sei_is_refused_with_the_reason(unit: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        sei.messages(unit)


def test_the_layout_is_told_in_the_documented_order_without_blanks() -> None:
    regions = [Region("anchor_a", 0, 38, 0, 0, 1280, 720), Region("anchor_b", 1, 0, 14, 542, 300, 168)]

    assert sei.layout_volume_json(1280, 720, regions, "match-17", 1700000123).decode() == (
        '{"app_data":"match-17","canvas":{"w":1280,"h":720},"regions":['
        '{"uid":"anchor_a","zorder":0,"volume":38,"x":0,"y":0,"w":1280,"h":720},'
        '{"uid":"anchor_b","zorder":1,"volume":0,"x":14,"y":542,"w":300,"h":168}],"ver":"1.0","ts":1700000123}'
    )


def test_any_text_is_told_as_utf_8_that_can_be_read() -> None:
    told = sei.layout_volume_json(2, 2, [Region('主播"\\', 0, 0, 0, 0, 2, 2)], "\ud800\n", 0)

    assert json.loads(told)["regions"][0]["uid"] == '主播"\\'
    assert json.loads(told)["app_data"] == "?\n"
    assert "主播".encode() in told


def test_user_data_of_an_upstream_is_kept_byte_by_byte_and_what_describes_the_old_stream_is_not() -> None:
    captions, private = sei.nal(Message(4, b"\xb5\x001GA94")), sei.nal(sei.user_data(UUID, b"\0\0\1"))
    old = [sei.nal(TIMING), sei.nal(Message(0, b"\x80")), sei.nal(Message(6, b"\x80")), sei.nal(Message(255, b""))]

    unit = h264.join([b"\x09\xf0", captions, *old, b"\x67sps", private, sei.nal(KEPT), b"\x65idr"])

    assert sei.upstream(unit) == [captions, private, sei.nal(KEPT)]


def test_only_the_user_data_of_a_mixed_sei_is_kept() -> None:
    assert sei.upstream(h264.join([sei.nal(TIMING, KEPT, TIMING), b"\x65idr"])) == [sei.nal(KEPT)]


def test_the_text_that_x264_writes_about_itself_is_not_kept() -> None:
    first = pictures((200, 30, 30), 0.1)[0].payload

    assert kinds(first)[0] == h264.NalType.SEI
    assert sei.upstream(first) == []


def test_an_upstream_sei_that_cannot_be_read_is_left_out() -> None:
    broken = b"\x06\x64\x09hi\x80"

    assert sei.upstream(h264.join([broken, sei.nal(KEPT), b"\x65idr"])) == [sei.nal(KEPT)]


def test_an_upstream_is_looked_at_up_to_its_first_slice_only() -> None:
    behind = (1 << 31).to_bytes(4, "big")

    assert sei.upstream(h264.join([sei.nal(KEPT), b"\x41slice"]) + behind) == [sei.nal(KEPT)]
    with pytest.raises(PeerError):
        sei.upstream(h264.join([sei.nal(KEPT)]) + behind)


@given(st.binary(max_size=100), st.lists(MESSAGES, max_size=2), st.integers(0, 200))
def test_garbage_from_upstream_raises_peer_error_only(garbage: bytes, messages: list[Message], at: int) -> None:
    whole = h264.join([b"\x09\xf0", sei.nal(*messages), b"\x65idr"])
    for data in (garbage, whole[:at], whole[:at] + garbage + whole[at + 1 :]):
        try:
            sei.upstream(data)
        except PeerError:
            continue


def test_sei_stands_before_the_first_slice_and_behind_everything_else() -> None:
    units = [b"\x09\xf0", b"\x67sps", b"\x68pps", b"\x06own", b"\x65one", b"\x65two"]

    inserted = sei.with_sei(h264.join(units), [sei.nal(KEPT), sei.nal(TIMING)])

    assert list(h264.nal_units(inserted)) == [*units[:4], sei.nal(KEPT), sei.nal(TIMING), *units[4:]]


def test_without_sei_the_access_unit_is_not_copied() -> None:
    unit = h264.join([b"\x65idr"])

    assert sei.with_sei(unit, []) is unit


def test_a_decoder_finds_what_was_inserted() -> None:
    first, *others = pictures((30, 160, 40), 0.2)
    content = b"\0\0\0\1 hello \0\0\3"
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = first.config

    packets = [sei.with_sei(first.payload, [sei.nal(sei.user_data(UUID, content))])]
    packets += [unit.payload for unit in others]
    frames = [frame for payload in packets for frame in decoder.decode(av.Packet(payload))]
    frames += decoder.decode(None)

    told = [bytes(data) for data in cast(Iterable[SideData], frames[0].side_data)]
    assert bytes.fromhex(UUID) + content in told
    assert len(frames) == 1 + len(others)
