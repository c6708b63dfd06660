"""The chunk stream: every header, every cut, every bound."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire.rtmp.chunk import MAX_CHUNK_STREAMS, ChunkReader, ChunkWriter, Message
from tests.unit.wire.rtmp.cuts import cut

BODY = bytes(range(200))


def reader(chunk_size: int = 128, max_message: int = 1 << 20, max_partial: int = 1 << 20) -> ChunkReader:
    made = ChunkReader(max_message, max_partial)
    made.chunk_size = chunk_size
    return made


def read(data: bytes, by: ChunkReader | None = None, size: int = 1 << 20) -> list[Message]:
    by = by or reader()
    found = []
    for piece in cut(data, size):
        by.feed(piece)
        while (message := by.next()) is not None:
            found.append(message)
    return found


# Bytes and what they mean, with a chunk size of 4; what others write in ways that we do not.
FORMS: dict[str, tuple[str, list[Message]]] = {
    "form 0": ("03 00000a 000002 08 01000000 aabb", [Message(8, 1, 10, b"\xaa\xbb")]),
    "forms 0 to 3": (
        "04 00000a 000001 08 01000000 aa  44 000005 000002 09 bbcc  84 000003 ddee  c4 ff00",
        [
            Message(8, 1, 10, b"\xaa"),
            Message(9, 1, 15, b"\xbb\xcc"),
            Message(9, 1, 18, b"\xdd\xee"),
            Message(9, 1, 21, b"\xff\x00"),
        ],
    ),
    "form 3 after form 0 repeats its time as a difference": (
        "04 00000a 000001 08 01000000 aa c4 bb",
        [Message(8, 1, 10, b"\xaa"), Message(8, 1, 20, b"\xbb")],
    ),
    "a stream that begins with form 1": ("44 00000a 000001 08 aa", [Message(8, 0, 10, b"\xaa")]),
    "chunk stream id of two bytes": ("00 ff 00000a 000001 08 01000000 aa", [Message(8, 1, 10, b"\xaa")]),
    "chunk stream id of three bytes": (
        "01 ffff 00000a 000001 08 01000000 aa c1 ffff bb",
        [Message(8, 1, 10, b"\xaa"), Message(8, 1, 20, b"\xbb")],
    ),
    "an empty message": ("04 00000a 000000 08 01000000", [Message(8, 1, 10, b"")]),
    "two messages in turns": (
        "04 000001 000005 08 01000000 00010203  06 000002 000006 09 01000000 10111213  c4 04  c6 1415",
        [Message(8, 1, 1, bytes(range(5))), Message(9, 1, 2, bytes(range(16, 22)))],
    ),
    "extended time, repeated on every chunk, as by ffmpeg": (
        "04 ffffff 000006 08 01000000 01000000 00010203 c4 01000000 0405",
        [Message(8, 1, 1 << 24, bytes(range(6)))],
    ),
    "extended time, on the first chunk only, as by old librtmp": (
        "04 ffffff 000008 08 01000000 01000000 00010203 c4 04050607",
        [Message(8, 1, 1 << 24, bytes(range(8)))],
    ),
    "extended difference, repeated on every chunk": (
        "04 000001 000006 08 01000000 00010203 c4 0405  44 ffffff 000006 08 01000000 10111213 c4 01000000 1415",
        [Message(8, 1, 1, bytes(range(6))), Message(8, 1, (1 << 24) + 1, bytes(range(16, 22)))],
    ),
    "extended difference, with the whole time on the next chunk, as by Flash": (
        "04 000001 000006 08 01000000 00010203 c4 0405  44 ffffff 000006 08 01000000 10111213 c4 01000001 1415",
        [Message(8, 1, 1, bytes(range(6))), Message(8, 1, (1 << 24) + 1, bytes(range(16, 22)))],
    ),
    "extended difference of a new message of form 3": (
        "04 ffffff 000001 08 01000000 01000000 aa c4 01000000 bb",
        [Message(8, 1, 1 << 24, b"\xaa"), Message(8, 1, 2 << 24, b"\xbb")],
    ),
    "a difference beyond 32 bits": (
        "04 ffffff 000001 08 01000000 ffffffff aa 44 000002 000001 08 bb",
        [Message(8, 1, 0xFFFFFFFF, b"\xaa"), Message(8, 1, 1, b"\xbb")],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_however_tcp_cuts_it(name: str) -> None:
    data, messages = FORMS[name]
    whole = bytes.fromhex(data)

    for size in range(1, len(whole) + 1):
        assert read(whole, reader(chunk_size=4), size) == messages


@given(
    st.lists(
        st.tuples(
            st.integers(3, 63),
            st.builds(
                Message, st.integers(0, 255), st.integers(0, 3), st.integers(0, 0xFFFFFFFF), st.binary(max_size=600)
            ),
        ),
        max_size=12,
    ),
    st.sampled_from([1, 7, 128, 4096]),
    st.integers(1, 700),
)
def test_what_is_written_is_read_back(messages: list[tuple[int, Message]], chunk_size: int, size: int) -> None:
    writer = ChunkWriter()
    writer.chunk_size = chunk_size
    data = b"".join(writer.write(*message) for message in messages)
    by = reader(chunk_size)

    assert read(data, by, size) == [message for _, message in messages]


def test_a_time_that_rises_is_written_as_a_difference_so_that_it_needs_no_extension() -> None:
    writer = ChunkWriter()

    first = writer.write(4, Message(8, 1, 0xFFFFFFF0, b"a"))
    second = writer.write(4, Message(8, 1, 0x00000010, b"b"))

    assert first == bytes.fromhex("04 ffffff 000001 08 01000000 fffffff0 61")
    assert second == bytes.fromhex("44 000020 000001 08 62")


def test_a_time_that_falls_is_written_whole() -> None:
    writer = ChunkWriter()
    writer.write(4, Message(8, 1, 100, b"a"))

    assert writer.write(4, Message(8, 1, 90, b"b")) == bytes.fromhex("04 00005a 000001 08 01000000 62")


def test_an_aborted_message_is_forgotten() -> None:
    by = reader(chunk_size=4)
    assert read(bytes.fromhex("04 000001 000008 08 01000000 00010203"), by) == []

    by.abort(4)
    by.abort(5)

    assert read(bytes.fromhex("04 000002 000001 08 01000000 aa"), by) == [Message(8, 1, 2, b"\xaa")]


def test_a_long_message_is_refused_with_its_header_and_takes_no_memory() -> None:
    by = reader(chunk_size=0xFFFFFF, max_message=1000)
    tracemalloc.start()
    try:
        with pytest.raises(PeerError, match="16777215 bytes, the limit is 1000"):
            read(bytes.fromhex("04 000001 ffffff 09 01000000"), by)
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


def test_unfinished_messages_are_bounded_together() -> None:
    by = reader(max_message=1000, max_partial=1500)
    header = "{:02x} 000001 0003e8 09 01000000"

    with pytest.raises(PeerError, match="unfinished"):
        read(b"".join(bytes.fromhex(header.format(4 + number)) + bytes(128) for number in range(20)), by)


def test_finished_and_aborted_messages_do_not_count_as_unfinished() -> None:
    by = reader(max_message=300, max_partial=300)
    whole = ChunkWriter().write(4, Message(9, 1, 0, bytes(300)))

    for _ in range(5):
        assert len(read(whole, by, 10)) == 1
        assert read(whole[: 12 + 128], by) == []
        by.abort(4)


def test_the_number_of_chunk_streams_is_bounded() -> None:
    header = "{:02x} 000001 000000 09 01000000"

    with pytest.raises(PeerError, match="chunk streams"):
        read(b"".join(bytes.fromhex(header.format(2 + number)) for number in range(MAX_CHUNK_STREAMS + 1)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("84 000001", "begins with a header of form 2"),
        ("c4", "begins with a header of form 3"),
        ("04 000001 0000ff 08 01000000" + "00" * 128 + "04 000001 0000ff 08 01000000", "inside of an unfinished one"),
    ],
)
def test_headers_that_refer_to_nothing_are_refused(data: str, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        read(bytes.fromhex(data))


def test_a_message_of_many_megabytes_that_comes_in_small_pieces_is_put_together_in_linear_time() -> None:
    by = reader(chunk_size=60_000, max_message=7 << 20, max_partial=8 << 20)
    writer = ChunkWriter()
    writer.chunk_size = 60_000
    body = bytes(7 << 20)

    (message,) = read(writer.write(6, Message(9, 1, 0, body)), by, 1400)

    assert message.body == body


def test_a_reader_that_waits_for_more_does_not_keep_what_it_has_used_up() -> None:
    by = reader()
    message = ChunkWriter().write(4, Message(9, 1, 0, bytes(100)))
    whole = ChunkWriter().write(5, Message(9, 1, 0, bytes(100)))

    tracemalloc.start()
    try:
        for unfinished in (message[:-1], message[:5]):
            read(whole * 5000 + unfinished, by, 1 << 20)
            assert tracemalloc.get_traced_memory()[0] < 50_000
            by = reader()
    finally:
        tracemalloc.stop()
