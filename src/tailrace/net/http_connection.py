"""HTTP connection: posts over one HTTP/1.1 connection, one after the other, where only the status matters.

An answer is there with its status line (spec/04 section 1). The rest is read, within bounds, so that the connection can
be used again, and not looked at. HTTP clients give a status out once all headers are there, and cost ten times as much.
"""

import asyncio
import re
from typing import Final, cast

import httptools

from tailrace.errors import DestinationLost

# Of a whole answer: what is longer costs its connection.
MAX_ANSWER_BYTES: Final = 64 * 1024
# Interim answers, of status 1xx, come before the one that counts.
_STATUS_LINE: Final = re.compile(
    rb"(?:HTTP/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)*HTTP/1\.[01] ([2-9]\d\d)(?: [^\r\n]*)?\r\n"
)


class HttpConnection(asyncio.Protocol):
    """Use it for one `post` at a time; a further one once `rested` said that it may be used again."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._status: asyncio.Future[int] | None = None
        self._head = bytearray()
        self._size = 0
        self._answered = asyncio.Event()
        self._idle: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    async def post(self, request: bytes) -> int:
        """Send a whole request; return the status of its answer. Raises DestinationLost."""
        if self._idle is not None:
            self._idle.cancel()
        if self._transport is None or not self.open:
            raise DestinationLost("the connection is closed")
        self._status = asyncio.get_running_loop().create_future()
        self._head.clear()
        self._size = 0
        self._answered.clear()
        self._transport.write(request)
        return await self._status

    async def rested(self, patience: float, idle: float) -> bool:
        """Whether it may be used again: the answer ended within `patience` seconds. It is closed else.

        It closes itself when it is not used for `idle` seconds.
        """
        try:
            async with asyncio.timeout(patience):
                await self._answered.wait()
        except TimeoutError:
            self.close()
        if self.open:
            self._idle = asyncio.get_running_loop().call_later(idle, self.close)
        return self.open

    def close(self) -> None:
        """Close at once; twice is harmless."""
        if self._idle is not None:
            self._idle.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._size += len(data)
        if self._status is None or self._answered.is_set() or self._size > MAX_ANSWER_BYTES:
            # Nothing was asked, or the answer is too long; it may count all the same.
            self.close()
            return
        if not self._status.done():
            self._head += data
            if (found := _STATUS_LINE.match(self._head)) is not None:
                self._status.set_result(int(found[1]))
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.close()

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer."""
        if self._parser.get_status_code() >= 200:
            self._answered.set()
            if not self._parser.should_keep_alive():
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Called by asyncio."""
        self._answered.set()
        if self._status is not None and not self._status.done():
            self._status.set_exception(DestinationLost("the connection broke off without an answer"))
