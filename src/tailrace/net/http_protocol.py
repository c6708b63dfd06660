"""HTTP/1.1 as uvicorn speaks it, with an end to how long a request may take, and how much may come beside its body."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Twice the query that a GET of the Cloud API may have, so that one which is too long still gets the API's own answer.
MAX_HEAD_BYTES = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose next request does not arrive in time and measure.

    `request_timeout` is in seconds; between requests, uvicorn's own keep-alive time counts. How long a body may be is
    the application's business.
    """

    def __init__(self, *args: Any, request_timeout: float, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._request_timeout = request_timeout
        # Bytes since a head or a piece of a body was whole: a head, chunk extensions, trailers, blank lines.
        self._loose_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Count what does not become a request or a part of one."""
        self._loose_bytes += len(data)
        super().data_received(data)
        if self._loose_bytes > MAX_HEAD_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Expect the rest of a request."""
        super().on_message_begin()
        if self._timer is None:
            self._expect()

    def on_headers_complete(self) -> None:
        """The head is in."""
        self._loose_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is in."""
        self._loose_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is in."""
        self._loose_bytes = 0
        self._expect_nothing()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._timer = self.loop.call_later(self._request_timeout, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
