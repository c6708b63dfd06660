"""Stream: changes for a browser as Server-Sent Events, as fast as it reads them and not faster than people see."""

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tailrace import supervise
from tailrace.control.console.follower import Follower, Name
from tailrace.ids import SdkAppId

# A browser asks again so many milliseconds after a connection was lost.
RETRY_MS = 1000
# Proxies end what is silent, nginx after a minute; and a browser that is gone shows when it is written to.
COMMENT_EACH = 15.0
# At most one change of each thing in this time.
PACE = 0.25
# A browser that takes nothing for so long is asleep, or gone; it asks again when it wakes.
STALL = 20.0


class Source(Protocol):
    """Where what a follower is told comes from."""

    def snapshot(self, apps: Collection[SdkAppId]) -> Mapping[str, Any]: ...
    def leave(self, follower: Follower) -> None: ...


class EventStream(Response):
    """Streams until the browser goes, takes nothing, its session ends in `seconds`, or the server ends."""

    media_type = "text/event-stream"

    def __init__(self, source: Source, follower: Follower, seconds: float, stall: float = STALL) -> None:
        # nginx hands on what comes at once when it is told so.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._source = source
        self._follower = follower
        self._seconds = seconds
        self._stall = stall

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the response (ASGI)."""
        try:
            async with asyncio.TaskGroup() as group:
                sending = supervise.start(group, self._send(send), "console: stream")
                watching = supervise.start(group, _until_gone(receive), "console: browser")
                await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
                for task in (sending, watching):
                    await supervise.stop(task)
        finally:
            self._source.leave(self._follower)

    async def _send(self, send: Send) -> None:
        # Its time is over, or it takes nothing: then there is no use in telling it the end.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._write(send, f"retry: {RETRY_MS}\n\n")
                while (text := await self._next()) is not None:
                    await self._write(send, text)
                    await asyncio.sleep(PACE)
                await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send, text: str) -> None:
        async with asyncio.timeout(self._stall):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _next(self) -> str | None:
        """Return what to send next, None at the end."""
        try:
            async with asyncio.timeout(COMMENT_EACH):
                told = await self._follower.next()
        except TimeoutError:
            return ":\n\n"
        if told is None:
            return None
        if told is Name.SNAPSHOT:
            return _event(told, self._source.snapshot(self._follower.apps))
        if isinstance(told, Name):
            return _event(told, {})
        return "".join(_event(one.name, one.content()) for one in told)


def _event(name: Name, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
