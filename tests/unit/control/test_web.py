"""The HTTP server on a real socket: paths, patience, and what happens without the bus."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tailrace.control.http_protocol import MAX_HEAD_BYTES, BoundedProtocol
from tailrace.control.metrics import Metrics
from tailrace.control.web import bind, paths, serving

GET = b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n"


class Hasty(BoundedProtocol):
    """A protocol whose patience ends within a test."""

    request_timeout = 0.2


async def echo(
    scope: object, receive: Callable[[], Awaitable[dict[str, object]]], send: Callable[..., Awaitable[None]]
) -> None:
    """An API that reads a body and says `api`, or nothing when the caller is gone."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    if message["type"] == "http.request":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"api"})


def ask(*requests: bytes, bus: bool = True) -> bytes:
    """Send pieces on one connection, and return all that comes until the server closes it."""

    async def alive() -> bool:
        return bus

    async def main() -> bytes:
        application = paths(echo, alive, Metrics(list))  # type: ignore[arg-type]
        with bind("127.0.0.1", 0) as bound:
            async with serving(application, bound, 1.0, Hasty), asyncio.timeout(10):
                reader, writer = await asyncio.open_connection(*bound.getsockname())
                writer.writelines(requests)
                try:
                    return await reader.read()
                except ConnectionResetError:
                    return b"reset"
                finally:
                    writer.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("path", "bus", "status", "body"),
    [
        (b"/", True, b"200", b"api"),
        (b"/?Action=x", True, b"200", b"api"),
        (b"/healthz", False, b"200", b"ok"),
        (b"/readyz", True, b"200", b"ready"),
        (b"/readyz", False, b"503", b"the bus does not answer"),
        (b"/metrics", True, b"200", b'tailrace_tasks{state="queued"} 0'),
        (b"/console/", True, b"404", b"Not Found"),
    ],
)
def test_each_path_has_its_answer(path: bytes, bus: bool, status: bytes, body: bytes) -> None:
    close = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % path
    answer = ask(close, bus=bus)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert body in answer


@pytest.mark.parametrize(
    "unfinished",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
)
def test_who_does_not_finish_a_request_is_hung_up_on(unfinished: bytes) -> None:
    assert ask(unfinished) == b""


def test_the_next_request_of_a_connection_is_waited_for_no_longer() -> None:
    answer = ask(GET % b"/", b"GET / HTTP/1.1\r\n")

    assert answer.count(b"HTTP/1.1 200") == 1


def test_a_head_has_an_end() -> None:
    assert ask(b"GET / HTTP/1.1\r\nX: ", *[b"x" * 1000] * (MAX_HEAD_BYTES // 1000 + 300)) in (b"", b"reset")
