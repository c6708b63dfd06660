"""Callback sender: posts to one receiver, over connections that are kept for the next callback (spec/04 section 1)."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tailrace.errors import DestinationError
from tailrace.model.retry import ANSWER_TIMEOUT
from tailrace.net.dial import dial
from tailrace.net.guard import Guard
from tailrace.net.http_connection import HttpConnection
from tailrace.secret import CallbackUrl

# Shorter than the 5 s after which many servers close an idle connection: a callback shall not meet that.
IDLE_TIMEOUT: Final = 4.0
# For the rest of an answer, which nobody looks at: one that takes longer costs its connection.
BODY_TIMEOUT: Final = 0.5
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one post: a status, or 0 and why in words, without the address."""

    status: int
    error: str = ""


def tls_context(*, verify: bool) -> ssl.SSLContext:
    """Return what https:// receivers are connected to with. Reads the system's certificates, for 20 ms."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class CallbackSender:
    """Posts to `url`, which the configuration has checked; `close` it.

    `tls` is for https:// addresses; unless given, certificates are checked. There are as many connections as posts at
    the same time.
    """

    def __init__(self, url: CallbackUrl, guard: Guard, tls: ssl.SSLContext | None, timeout: float = ANSWER_TIMEOUT):
        target = urlsplit(url.reveal())
        self._name = target.hostname or ""
        self._port = target.port or _PORTS[target.scheme]
        self._tls = (tls or tls_context(verify=True)) if target.scheme == "https" else None
        self._guard = guard
        self._timeout = timeout
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        self._begin = f"POST {path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        self._idle: list[HttpConnection] = []

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post once; nothing that a receiver or a network does raises an error."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{self._begin}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
        connection: HttpConnection | None = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._connection()
                answer = Answer(await connection.post(request))
            if await connection.rested(BODY_TIMEOUT, IDLE_TIMEOUT):
                self._idle.append(connection)
            return answer
        except TimeoutError:
            return Answer(0, f"no answer within {self._timeout:g} s")
        except DestinationError as error:
            return Answer(0, str(error))
        finally:
            if connection is not None and connection not in self._idle:
                connection.close()

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _connection(self) -> HttpConnection:
        # The last one first: those that are not needed any more close.
        while self._idle:
            if (connection := self._idle.pop()).open:
                return connection
        return await dial(HttpConnection, self._name, self._port, self._guard, timeout=self._timeout, tls=self._tls)
