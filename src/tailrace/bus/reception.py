"""Reception: one publisher's units as they come over the bus, and its start: the current group of pictures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from tailrace.bus.connection import Bus
from tailrace.bus.media import subscribe
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
    bounded queue of the subscription, while a start is used. `kind`: this track only.
    """

    def __init__(self, bus: Bus, stream: Source, join: Join, take: Take, kind: Kind | None = None) -> None:
        self._bus = bus
        self._stream = stream
        self._join = join
        self._take = take
        self._kind = kind
        self._start_wanted = asyncio.Event()
        self._order = asyncio.Lock()

    async def run(self) -> None:
        """Receive until cancelled."""
        subscription = await subscribe(self._bus, self._stream, self._on_unit, self._kind)
        try:
            await self._request_start()
            while True:
                await self._start_wanted.wait()
                await self._request_start()
                await asyncio.sleep(START_AGAIN)
                self._start_wanted.clear()
        finally:
            await subscription.close()

    async def _on_unit(self, unit: Unit) -> None:
        async with self._order:
            if await self._take(unit):
                self._start_wanted.set()

    async def _request_start(self) -> None:
        try:
            units = await request_start(self._bus, self._stream, START_TIMEOUT)
        except BusError as error:
            _log.warning("no start from the publisher", extra={"error": str(error)})
            units = []
        async with self._order:
            await self._join(units)
