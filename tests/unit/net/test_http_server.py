"""The HTTP server on a real socket: patience, measure, and the address under which it is reached."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tailrace.net.http_protocol import MAX_HEAD_BYTES
from tailrace.net.http_server import address_of, bind, reachable, serving

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
PATIENT = 10.0


async def echo(
    scope: object, receive: Callable[[], Awaitable[dict[str, object]]], send: Callable[..., Awaitable[None]]
) -> None:
    """An application that reads a body and says `api`, or nothing when the caller is gone."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"api"})


def ask(*pieces: bytes, patience: float = 0.2) -> bytes:
    """Send pieces on one connection, and return all that comes until the server closes it."""

    async def main() -> bytes:
        with bind("127.0.0.1", 0) as bound:
            server = serving(echo, bound, deadline=1.0, max_connections=10, request_timeout=patience)  # type: ignore[arg-type]
            async with server, asyncio.timeout(PATIENT / 2):
                reader, writer = await asyncio.open_connection(*bound.getsockname())
                try:
                    for piece in pieces:
                        writer.write(piece)
                        await writer.drain()
                    return await reader.read()
                except (ConnectionResetError, BrokenPipeError):
                    return b""
                finally:
                    writer.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    "unfinished",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
        CHUNKED,
    ],
)
def test_who_does_not_finish_a_request_is_hung_up_on(unfinished: bytes) -> None:
    assert ask(unfinished) == b""


def test_the_next_request_of_a_connection_is_waited_for_no_longer() -> None:
    answer = ask(GET, b"GET / HTTP/1.1\r\n")

    assert answer.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /", b"x" * 1000),
        (b"GET / HTTP/1.1\r\nX: ", b"x" * 1000),
        (b"GET / HTTP/1.1\r\n", b"X: x\r\n" * 200),
        (CHUNKED + b"0\r\nX: ", b"x" * 1000),
        (CHUNKED + b"0\r\n", b"X: x\r\n" * 200),
        (CHUNKED + b"1;", b"x" * 1000),
        (b"", b"\r\n" * 500),
    ],
    ids=["path", "header", "headers", "trailer", "trailers", "chunk extension", "blank lines"],
)
def test_what_is_no_body_has_an_end(begin: bytes, piece: bytes) -> None:
    """Cut by its measure, long before the server's patience ends."""
    assert ask(begin, *[piece] * (MAX_HEAD_BYTES // len(piece) + 3000), patience=PATIENT) == b""


def test_a_body_may_be_longer_than_a_head() -> None:
    body = b"x" * (5 * MAX_HEAD_BYTES)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)

    assert ask(head, body, patience=PATIENT).endswith(b"api")


def test_many_requests_of_one_connection_are_not_counted_together() -> None:
    answer = ask(*[GET] * (2 * MAX_HEAD_BYTES // len(GET)), CLOSE, patience=PATIENT)

    assert answer.count(b"HTTP/1.1 200") == 2 * MAX_HEAD_BYTES // len(GET) + 1


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("fd00::7", "[fd00::7]:80"),
        ("example.com", "example.com:80"),
    ],
)
def test_a_server_is_reached_where_it_listens_and_on_loopback_when_that_is_everywhere(host: str, address: str) -> None:
    assert reachable(host, 80) == address


def test_a_socket_bound_to_all_addresses_has_one_that_can_be_dialled() -> None:
    with bind("0.0.0.0", 0) as bound:
        assert address_of(bound) == f"127.0.0.1:{bound.getsockname()[1]}"


def test_an_ipv6_address_can_be_listened_on() -> None:
    with bind("::1", 0) as bound:
        assert address_of(bound).startswith("[::1]:")
