"""Intake: reads one HTTP request of the API, no further than it may be long (spec/01 section 1)."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tailrace.errors import CallTooLarge, MethodUnsupported, TailraceError
from tailrace.wire.cloud.request import HttpRequest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MAX_GET = 32 * 1024
MAX_V1_POST = 1024 * 1024
MAX_TC3_POST = 10 * 1024 * 1024
# Bodies beyond SMALL wait for one of so many places: strangers can make this process hold 80 MB, not more.
SMALL = 64 * 1024
LARGE_AT_ONCE = 8


class Disconnected(TailraceError):
    """The caller went away before the request was complete: nobody is left to be told anything."""


class Intake:
    """Reads requests; one for the whole process, since it counts the large ones."""

    def __init__(self) -> None:
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def read(self, scope: Scope, receive: Receive) -> HttpRequest:
        """Return the request. Raises MethodUnsupported, CallTooLarge and Disconnected."""
        method: str = scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        query: bytes = scope["query_string"]
        if method == "GET":
            limit = MAX_GET - len(query) - len(scope["raw_path"]) - len("GET ? HTTP/1.1\r\n")
        elif method == "POST":
            limit = MAX_TC3_POST if b"authorization" in headers else MAX_V1_POST
        else:
            raise MethodUnsupported("only GET and POST are supported")
        # httptools has refused a Content-Length that is not a number.
        announced = int(headers.get(b"content-length", b"0"))
        if limit < 0 or announced > limit:
            raise CallTooLarge("the request is larger than 32 KB (GET), 1 MB (signature v1) or 10 MB (TC3)")
        return HttpRequest(method, headers, query, await self._body(receive, limit))

    async def _body(self, receive: Receive, limit: int) -> bytes:
        body, more = await _next(receive)
        if not more:
            return body if len(body) <= limit else _too_large()
        parts = bytearray(body)
        while more and len(parts) <= min(SMALL, limit):
            piece, more = await _next(receive)
            parts += piece
        if more and len(parts) <= limit:
            async with self._large:
                while more and len(parts) <= limit:
                    piece, more = await _next(receive)
                    parts += piece
        return bytes(parts) if len(parts) <= limit else _too_large()


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)


def _too_large() -> bytes:
    raise CallTooLarge("the request is larger than 32 KB (GET), 1 MB (signature v1) or 10 MB (TC3)")
