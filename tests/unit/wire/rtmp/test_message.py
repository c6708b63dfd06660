"""Typed messages and their bytes: one table is the read test, the write test and the seed of the fuzz test."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtmp.chunk import MAX_CHUNK_SIZE, Message
from tailrace.wire.rtmp.message import (
    Abort,
    Acknowledgement,
    Command,
    Data,
    PeerBandwidth,
    SetChunkSize,
    Typed,
    UserControl,
    WindowSize,
    decode,
    encode,
    parts,
)

TABLE: list[tuple[Typed, int, str]] = [
    (SetChunkSize(4096), 1, "00001000"),
    (Abort(5), 2, "00000005"),
    (Acknowledgement(0xFFFFFFFF), 3, "ffffffff"),
    (UserControl(0, 1), 4, "0000 00000001"),
    (UserControl(1, 1), 4, "0001 00000001"),
    (UserControl(2, 1), 4, "0002 00000001"),
    (UserControl(3, 1, 3000), 4, "0003 00000001 00000bb8"),
    (UserControl(4, 1), 4, "0004 00000001"),
    (UserControl(6, 77), 4, "0006 0000004d"),
    (UserControl(7, 77), 4, "0007 0000004d"),
    (WindowSize(2_500_000), 5, "002625a0"),
    (PeerBandwidth(2_500_000, 2), 6, "002625a0 02"),
    (Data(("onMetaData", None)), 18, "02 000a 6f6e4d65746144617461 05"),
    (Command("play", 5.0, (None, "k")), 20, "02 0004 706c6179 00 4014000000000000 05 02 0001 6b"),
]


@pytest.mark.parametrize(("typed", "type_id", "body"), TABLE)
def test_a_message_is_written(typed: Typed, type_id: int, body: str) -> None:
    assert encode(typed) == (type_id, bytes.fromhex(body))


@pytest.mark.parametrize(("typed", "type_id", "body"), TABLE)
def test_a_message_is_read(typed: Typed, type_id: int, body: str) -> None:
    assert decode(type_id, bytes.fromhex(body)) == typed


@pytest.mark.parametrize(
    ("type_id", "body", "typed"),
    [
        (17, "00 02 0001 61 00 0000000000000000", Command("a", 0.0, ())),
        (17, "02 0001 61 00 0000000000000000", Command("a", 0.0, ())),
        (15, "00 02 0001 61", Data(("a",))),
        (1, "80001000", SetChunkSize(4096)),  # the first bit must be 0 and is ignored
        (1, "7fffffff", SetChunkSize(MAX_CHUNK_SIZE)),
        (6, "00000001", PeerBandwidth(1)),
        (4, "001f", UserControl(31, 0)),  # Flash's buffer events are shorter than the rest
    ],
)
def test_what_only_others_write_is_read(type_id: int, body: str, typed: Typed) -> None:
    assert decode(type_id, bytes.fromhex(body)) == typed


@pytest.mark.parametrize("type_id", [0, 7, 8, 9, 16, 19, 21, 22, 255])
def test_types_without_a_class_are_nothing(type_id: int) -> None:
    assert decode(type_id, b"whatever") is None


@pytest.mark.parametrize(
    ("type_id", "body"),
    [
        (1, "00000000"),
        (1, "000010"),
        (2, ""),
        (3, "00"),
        (4, ""),
        (4, "0006 0000"),
        (5, "0000"),
        (6, ""),
        (18, "02 00ff"),
        (20, ""),
        (20, "02 0001 61"),
        (20, "05 05"),
        (20, "02 0001 61 02 0001 61"),
        (17, "00 11 0a0b0100"),  # true AMF3
    ],
)
def test_broken_messages_are_refused(type_id: int, body: str) -> None:
    with pytest.raises(PeerError):
        decode(type_id, bytes.fromhex(body))


def test_an_aggregate_is_taken_apart_and_its_times_are_moved_to_its_own() -> None:
    body = bytes.fromhex("08 000001 000064 00 000000 aa 0000000c  09 000002 000078 00 000000 bbcc 0000000d")

    assert list(parts(Message(22, 1, 5000, body))) == [Message(8, 1, 5000, b"\xaa"), Message(9, 1, 5020, b"\xbb\xcc")]


def test_the_times_in_an_aggregate_have_their_high_byte_last_and_wrap() -> None:
    body = bytes.fromhex("08 000000 ffffff ff 000000 0000000b  08 000000 000004 00 000000 0000000b")

    assert [part.timestamp for part in parts(Message(22, 1, 7, body))] == [7, 12]


@pytest.mark.parametrize("body", ["08", "08 000002 000064 00 000000 aa", "08 ffffff 000064 00 000000 aa 0000000c"])
def test_a_broken_aggregate_is_refused(body: str) -> None:
    with pytest.raises(PeerError, match="cut short"):
        list(parts(Message(22, 1, 0, bytes.fromhex(body))))


def test_arguments_of_a_command_are_checked() -> None:
    command = Command("publish", 1.0, (None, "key", 2.0, {"a": None}, float("nan")))

    assert command.text(1) == "key"
    assert command.number(2) == 2.0
    assert command.mapping(3) == {"a": None}
    for read, index in ((command.text, 2), (command.text, 9), (command.mapping, 1), (command.number, 0)):
        with pytest.raises(PeerError, match=f"argument {index} of publish"):
            read(index)
    with pytest.raises(PeerError):
        command.number(4)
