"""RtmpPlayer: watches a stream as a foreign player would. The server itself plays nothing."""

import asyncio
import ssl
from collections import deque
from typing import Final

from tailrace.errors import DestinationError
from tailrace.net.guard import Guard
from tailrace.net.rtmp_session import Session
from tailrace.secret import PushUrl
from tailrace.wire.rtmp.client import Purpose
from tailrace.wire.rtmp.event import Audio, Event, Finished, Metadata, Video
from tailrace.wire.rtmp.url import RtmpUrl, parse

# Events that wait for the reader; beyond that the socket is not read. 3 s of a stream at 75 messages a second.
_MAX_WAITING: Final = 225


class RtmpPlayer:
    """One stream, as an asynchronous iterator of Audio, Video and Metadata. Made by `dial`, ended by `close`."""

    def __init__(self, url: RtmpUrl) -> None:
        self._session = Session(url, Purpose.PLAY, self._take)
        self._session.lost.add_done_callback(self._lost)
        self._waiting: deque[Audio | Video | Metadata] = deque()
        self._changed = asyncio.Event()
        self._finished = False
        self._error: DestinationError | None = None

    @classmethod
    async def dial(
        cls, target: RtmpUrl | PushUrl, *, guard: Guard, timeout: float = 10.0, tls: ssl.SSLContext | None = None
    ) -> "RtmpPlayer":
        """Connect, and return once the server says that the stream will come. Raises like `RtmpPublisher.dial`."""
        player = cls(target if isinstance(target, RtmpUrl) else parse(target))
        await player._session.open(guard, timeout, tls)
        return player

    def __aiter__(self) -> "RtmpPlayer":
        return self

    async def __anext__(self) -> Audio | Video | Metadata:
        """Return the next event; the iteration ends with the stream. Raises DestinationError if it broke."""
        while not self._waiting:
            if self._finished:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        event = self._waiting.popleft()
        if len(self._waiting) == _MAX_WAITING // 2:
            self._session.pause(False)
        return event

    async def close(self, timeout: float = 2.0) -> None:
        """Tell the server and hang up; idempotent."""
        self._finished = True
        self._changed.set()
        await self._session.close(timeout)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self._finished = True
        elif isinstance(event, (Audio, Video, Metadata)):
            self._waiting.append(event)
            if len(self._waiting) == _MAX_WAITING:
                self._session.pause(True)
        self._changed.set()

    def _lost(self, lost: asyncio.Future[DestinationError]) -> None:
        if not lost.cancelled():
            self._error = lost.result()
            self._changed.set()
