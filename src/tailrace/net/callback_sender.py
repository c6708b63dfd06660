"""Callback sender: posts to one receiver over connections that are kept for the next callback (spec/04 section 1).

An answer is a complete status line within 5 s; what comes after it is read only so that the connection can be used
again. httpcore gives out a status once all headers are there: `_Tap` reads along for a receiver that stops before.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import httpcore
import httpx

from tailrace.errors import DestinationError, DestinationUnreachable
from tailrace.model.retry import ANSWER_TIMEOUT
from tailrace.net.checked import CheckedBackend
from tailrace.net.guard import Guard
from tailrace.secret import CallbackUrl

# What httpcore loads with its first connection, in 90 ms, is loaded with this module.
import_module("anyio._backends._asyncio")

# One receiver: enough for thousands of callbacks per second where it answers in milliseconds, and no flood elsewhere.
MAX_CONNECTIONS: Final = 32
# Shorter than the 5 s after which many servers close an idle connection: a callback shall not meet that.
IDLE_TIMEOUT: Final = 4.0
# The rest of an answer, which nobody looks at: more or later than this costs its connection.
MAX_BODY_BYTES: Final = 64 * 1024
BODY_TIMEOUT: Final = 0.5
_MAX_HEAD_BYTES: Final = 16 * 1024
_PORTS: Final = {b"http": 80, b"https": 443}
# Interim answers, of status 1xx, come before the one that counts.
_STATUS_LINE: Final = re.compile(
    rb"(?:HTTP/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)*HTTP/1\.[01] ([2-9]\d\d)(?: [^\r\n]*)?\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one post: a status, or 0 and why in words, without the address."""

    status: int
    error: str = ""


class _Head:
    """The first bytes of an answer."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data[: _MAX_HEAD_BYTES - len(self._bytes)]

    @property
    def status(self) -> int:
        """The status once its line is complete, else 0."""
        found = _STATUS_LINE.match(self._bytes)
        return int(found[1]) if found else 0


# httpcore reads in the task that asks, so each post meets its own.
_reading: ContextVar[_Head] = ContextVar("_reading")


def tls_context(*, verify: bool) -> ssl.SSLContext:
    """Return what https:// receivers are connected to with. Reads the system's certificates, for 20 ms."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class CallbackSender:
    """Posts to `url`; `close` it. `tls` is for https:// addresses."""

    def __init__(self, url: CallbackUrl, guard: Guard, tls: ssl.SSLContext | None, timeout: float = ANSWER_TIMEOUT):
        target = httpx.URL(url.reveal())
        self._url = httpcore.URL(
            scheme=target.raw_scheme,
            host=target.raw_host,
            port=target.port or _PORTS[target.raw_scheme],
            target=target.raw_path,
        )
        self._host = target.netloc
        self._timeout = timeout
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=IDLE_TIMEOUT,
            network_backend=_TappedBackend(guard),
        )

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post once; nothing that a receiver or a network does raises an error."""
        head = _Head()
        _reading.set(head)
        lines = [(b"Host", self._host), *((name.encode(), value.encode()) for name, value in headers.items())]
        lines.append((b"Content-Length", str(len(body)).encode()))
        request = httpcore.Request(b"POST", self._url, headers=lines, content=body)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._pool.handle_async_request(request)
        except (TimeoutError, httpcore.TimeoutException):
            return _known(head, f"no answer within {self._timeout:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, DestinationError) as error:
            return _known(head, _why(error))
        await _finish(answer)
        return Answer(answer.status)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def _known(head: _Head, error: str) -> Answer:
    return Answer(head.status) if head.status else Answer(0, error)


def _why(error: Exception) -> str:
    match error:
        case DestinationError():
            return str(error)
        case httpcore.ConnectError():
            return "cannot be reached"
        case _:
            return "the connection broke off without an answer"


async def _finish(answer: httpcore.Response) -> None:
    """Read the rest, so that the connection can be used again; without that it is closed."""
    size = 0
    with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        async with asyncio.timeout(BODY_TIMEOUT):
            async for piece in answer.aiter_stream():
                size += len(piece)
                if size > MAX_BODY_BYTES:
                    break
    with contextlib.suppress(httpcore.NetworkError):
        await answer.aclose()


class _TappedBackend(CheckedBackend):
    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _Tap(await super().connect_tcp(*args, **options))


class _Tap(httpcore.AsyncNetworkStream):
    """A connection that shows what it reads to whom it is read for."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        _reading.get().feed(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Tap(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except httpcore.ConnectError as error:
            raise DestinationUnreachable(f"TLS failed: {error}") from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
