"""One HTTP connection: what it takes for an answer, however TCP cuts it, and when it can be used again."""

import asyncio
from collections.abc import Callable

import pytest

from tailrace.errors import DestinationLost
from tailrace.net.http_connection import MAX_ANSWER_BYTES, HttpConnection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
PATIENCE, IDLE = 0.01, 60.0


class Wire(asyncio.Transport):
    """The other side's end; `sent` is what came."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def posting(*pieces: bytes, then: Callable[[HttpConnection], None] = lambda _: None) -> tuple[int, bool, Wire]:
    """Return the status, whether the connection can be used again, and the other end, after these bytes came."""

    async def main() -> tuple[int, bool, Wire]:
        wire, connection = Wire(), HttpConnection()
        connection.connection_made(wire)
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(connection.post(b"POST"), name="post")
            await asyncio.sleep(0)
            for piece in pieces:
                connection.data_received(piece)
            then(connection)
        return asked.result(), await connection.rested(PATIENCE, IDLE), wire

    return asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("answer", "status"), [(OK, 200), (CHUNKED, 201), (HINTS + OK, 200), (HINTS + HINTS + CHUNKED, 201), (NOTHING, 204)]
)
def test_an_answer_is_the_same_however_tcp_cuts_it(answer: bytes, status: int, size: int) -> None:
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]

    assert posting(*pieces)[:2] == (status, True)


def test_a_connection_takes_one_post_after_the_other() -> None:
    async def main() -> list[int]:
        wire, connection = Wire(), HttpConnection()
        connection.connection_made(wire)
        statuses = []
        for answer in (OK, CHUNKED, NOTHING, OK):
            asyncio.get_running_loop().call_soon(connection.data_received, answer)
            statuses.append(await connection.post(b"POST"))
            assert await connection.rested(PATIENCE, IDLE)
        return statuses

    assert asyncio.run(asyncio.wait_for(main(), 20)) == [200, 201, 204, 200]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n",  # and nothing more
        b"HTTP/1.1 200\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nno header at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + bytes(MAX_ANSWER_BYTES),
        OK + b"more than was asked for",
    ],
)
def test_what_is_not_whole_and_clean_counts_and_costs_its_connection(answer: bytes) -> None:
    assert posting(answer[:20], answer[20:])[:2] == (200, False)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK", b"HTTP/2 200 OK\r\n", b"200 OK\r\n", HINTS]
)
def test_without_a_complete_status_line_there_is_no_answer(answer: bytes) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        posting(answer, then=lambda connection: connection.connection_lost(None))

    assert caught.group_contains(DestinationLost)


def test_a_closed_connection_takes_no_post() -> None:
    with pytest.raises(DestinationLost):
        asyncio.run(HttpConnection().post(b"POST"))


def test_what_comes_unasked_closes_the_connection() -> None:
    async def main() -> bool:
        wire, connection = Wire(), HttpConnection()
        connection.connection_made(wire)
        connection.data_received(OK)
        return connection.open

    assert not asyncio.run(main())
