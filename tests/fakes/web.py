"""FakeWeb: an HTTP server on a real socket that serves files, or misbehaves in a named way."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Self

from tailrace.secret import ImageUrl

Answer = Callable[["FakeWeb", asyncio.StreamWriter], Awaitable[None]]


class FakeWeb:
    """`async with FakeWeb(...) as web:`; it answers each path as `serve` said, others with `answers` in turn.

    The last of these is for ever; without any, it is 404. `heads`: what was asked. `busy`, `busiest`: how many requests
    are being answered, and were at most.
    """

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.asked: Counter[str] = Counter()
        """How often each path was asked for."""
        self.busy = self.busiest = 0
        self.sent = 0
        self.over, self.released = asyncio.Event(), asyncio.Event()
        self._moved = asyncio.Condition()
        self._answers = answers or (says("404 Not Found"),)
        self._served: dict[str, Answer] = {}
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.over.set()
        self.released.set()
        self._server.close()
        await self._server.wait_closed()

    def url(self, path: str = "/logo.png", host: str = "127.0.0.1") -> ImageUrl:
        """Return the address of a path."""
        return ImageUrl(f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}")

    def serve(self, path: str, answer: Answer | bytes) -> ImageUrl:
        """Answer a path so from now on, with a file or in another way; return its address."""
        self._served[path] = says("200 OK", answer) if isinstance(answer, bytes) else answer
        return self.url(path)

    async def until_busy(self, requests: int) -> None:
        """Wait until so many requests are being answered."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.busy == requests)

    async def until_idle(self) -> None:
        """Wait until no request is being answered."""
        await self.until_busy(0)

    async def _move(self, change: int) -> None:
        async with self._moved:
            self.busy += change
            self.busiest = max(self.busiest, self.busy)
            self._moved.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_turn = self._answers[min(len(self.heads), len(self._answers) - 1)]
        await self._move(1)
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            path = self.heads[-1].split(" ")[1].partition("?")[0]
            self.asked[path] += 1
            await self._served.get(path, in_turn)(self, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            await self._move(-1)


def says(status: str, body: bytes = b"", *headers: str) -> Answer:
    async def answer(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return answer


def late(body: bytes) -> Answer:
    """Return what answers with a file once `released` is set."""

    async def answer(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
        await web.released.wait()
        await says("200 OK", body)(web, writer)

    return answer


async def trickle(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    """Send one byte after the other until the asker has gone."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not web.over.is_set():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def nothing(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    await web.over.wait()


async def half(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    await web.over.wait()


async def cut(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")


async def reset(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def endless(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        web.sent += 0x10000
        await writer.drain()


async def endless_head(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def rubbish(web: FakeWeb, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01\x02 no HTTP at all\r\n\r\n")
