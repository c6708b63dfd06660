"""FakeReceiver: takes callbacks over HTTP on a real socket, or misbehaves in a named way."""

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Received:
    """One callback as it came. `at` is monotonic; header names are in lower case; `connection` is a number."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> dict[str, Any]:
        """The body."""
        told: dict[str, Any] = json.loads(self.body)
        return told


Behaviour = Callable[["FakeReceiver", asyncio.StreamWriter], Awaitable[None]]


class FakeReceiver:
    """`async with FakeReceiver(...) as receiver:`; it answers with `behaviours` in turn, the last of them for ever.

    Without any it says 200. `got` is what came. A second one on the same `port` is the machine that comes back.
    """

    def __init__(self, *behaviours: Behaviour, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self.got: list[Received] = []
        self.connections = 0
        self.busiest = 0
        self.over = asyncio.Event()
        self.choose: Callable[[Received], Behaviour] | None = None
        """How to answer what came; unless set, in turn."""
        self._busy = 0
        self._behaviours = behaviours or (takes,)
        self._moved = asyncio.Condition()
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.over.set()
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await self._server.wait_closed()

    def url(self, path: str = "/callbacks", host: str = "127.0.0.1") -> str:
        """Return where to post."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    async def until(self, count: int) -> list[Received]:
        """Wait until so many callbacks came, and return all."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.got) >= count)
        return self.got

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        self._writers.add(writer)
        try:
            while not writer.is_closing():
                behaviour = await self._receive(reader, connection)
                self._busy += 1
                self.busiest = max(self.busiest, self._busy)
                try:
                    await behaviour(self, writer)
                    await writer.drain()
                finally:
                    self._busy -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader, connection: int) -> Behaviour:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        async with self._moved:
            behaviour = self._behaviours[min(len(self.got), len(self._behaviours) - 1)]
            got = Received(time.monotonic(), first.split(" ")[1], headers, body, connection)
            self.got.append(got)
            self._moved.notify_all()
        return self.choose(got) if self.choose else behaviour


async def takes(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Answer as receivers are told to."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"code":0}')


def says(status: str, *headers: str, body: bytes = b"") -> Behaviour:
    """Return what answers with this status."""

    async def behave(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return behave


def after(seconds: float) -> Behaviour:
    """Return what takes its time."""

    async def behave(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await takes(receiver, writer)

    return behave


async def hangs(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await receiver.over.wait()


async def closes(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""
    writer.close()


async def resets(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Break off without an answer."""
    writer.transport.abort()


async def stops_after_the_status_line(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Say 200, and nothing more."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await receiver.over.wait()


async def stops_within_the_status_line(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Say 200, but not all of the line."""
    writer.write(b"HTTP/1.1 200 OK")
    await receiver.over.wait()


async def early_hints_first(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Say something in between, then 200, and nothing more."""
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n")
    await receiver.over.wait()


async def never_ends_its_body(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Say 200, and go on for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not receiver.over.is_set():
        writer.write(b"400\r\n" + bytes(0x400) + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def never_ends_its_headers(receiver: FakeReceiver, writer: asyncio.StreamWriter) -> None:
    """Begin no status line, and go on for ever."""
    while not receiver.over.is_set():
        writer.write(b"x" * 1000)
        await writer.drain()
        await asyncio.sleep(0.001)
