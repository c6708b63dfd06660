"""Reception: one publisher's units as they come over the bus, and its start: the current group of pictures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from tailrace.bus.connection import Bus
from tailrace.bus.media import listen, subscribe
from tailrace.bus.starts import request_start
from tailrace.errors import BusError
from tailrace.ids import Kind, Source
from tailrace.unit import Unit

_log = logging.getLogger(__name__)

# The publisher's process answers within a millisecond; it is asked again while pictures are missing, but not in a loop.
START_TIMEOUT = 1.0
START_AGAIN = 0.25

Join = Callable[[Sequence[Unit]], Awaitable[None]]
Take = Callable[[Unit], Awaitable[bool]]


class Reception:
    """Gives `join` each answer to a key-frame request, [] when there is no publisher, and `take` each live unit.

    `take` says whether another start would help. One of the two is awaited at a time, so that live units wait, in the
    bounded queue of the subscription, while a start is used.
    """

    def __init__(self, bus: Bus, stream: Source, join: Join, take: Take) -> None:
        self._bus = bus
        self._stream = stream
        self._join = join
        self._take = take
        self._starts = _Starts(bus, stream, self._on_start)
        self._order = asyncio.Lock()

    async def run(self) -> None:
        """Receive until cancelled."""
        subscription = await subscribe(self._bus, self._stream, self._on_unit)
        try:
            await self._starts.run()
        finally:
            await subscription.close()

    async def _on_unit(self, unit: Unit) -> None:
        async with self._order:
            if await self._take(unit):
                self._starts.want()

    async def _on_start(self, units: Sequence[Unit]) -> None:
        async with self._order:
            await self._join(units)


class PictureReception:
    """The same for the pictures alone, with a `join` and a `take` that never wait: see `bus/prompt.py`."""

    def __init__(
        self, bus: Bus, stream: Source, join: Callable[[Sequence[Unit]], None], take: Callable[[Unit], bool]
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._join = join
        self._take = take
        self._starts = _Starts(bus, stream, self._on_start)

    async def run(self) -> None:
        """Receive until cancelled."""
        listening = await listen(self._bus, self._stream, self._on_unit, Kind.VIDEO)
        try:
            await self._starts.run()
        finally:
            await listening.close()

    def _on_unit(self, unit: Unit) -> None:
        if self._take(unit):
            self._starts.want()

    async def _on_start(self, units: Sequence[Unit]) -> None:
        self._join(units)


class _Starts:
    """Asks for a start at first, and whenever one is wanted."""

    def __init__(self, bus: Bus, stream: Source, join: Join) -> None:
        self._bus = bus
        self._stream = stream
        self._join = join
        self._wanted = asyncio.Event()

    def want(self) -> None:
        self._wanted.set()

    async def run(self) -> NoReturn:
        await self._request()
        while True:
            await self._wanted.wait()
            await self._request()
            await asyncio.sleep(START_AGAIN)
            self._wanted.clear()

    async def _request(self) -> None:
        try:
            units = await request_start(self._bus, self._stream, START_TIMEOUT)
        except BusError as error:
            _log.warning("no start from the publisher", extra={"error": str(error)})
            units = []
        await self._join(units)
