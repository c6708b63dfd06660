"""Outbox: what one process publishes in quick succession leaves together.

What a message costs is mostly that somebody is woken for it: here, in nats-server, and at each subscriber. So the first
one leaves at once, and what comes within `SPAN` after it waits for the end of that time. One publisher does not notice,
his units are further apart than that; thirty cost everybody far less (measured: `bench.micro`, `bench.mix`).
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from tailrace.bus.connection import Bus
from tailrace.errors import BusError
from tailrace.supervise import start, stop

_log = logging.getLogger(__name__)

# A third of the time between two pictures at 30 per second: small beside the 50 ms promised for the added delay.
SPAN = 0.010
# What waits while the bus takes nothing: 16 s of one 2 Mbit/s stream, 0.4 s of forty.
MAX_WAITING_BYTES = 4 * 1024 * 1024


class Outbox:
    """Takes messages while `run` runs, and sends them in their order."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._more = asyncio.Event()

    def put(self, subject: str, data: bytes) -> bool:
        """Send a message soon; return False if it is dropped, because the bus is away or does not take them."""
        if not self._bus.connected or (self._waiting and self._bytes + len(data) > MAX_WAITING_BYTES):
            return False
        self._waiting.append((subject, data))
        self._bytes += len(data)
        self._more.set()
        return True

    async def run(self) -> NoReturn:
        """Send until cancelled."""
        while True:
            await self._more.wait()
            self._more.clear()
            await self._send()
            await asyncio.sleep(SPAN)

    async def _send(self) -> None:
        while self._waiting:
            subject, data = self._waiting.popleft()
            self._bytes -= len(data)
            try:
                await self._bus.publish(subject, data)
            except BusError as error:
                _log.warning("media not sent", extra={"error": str(error)})


@asynccontextmanager
async def sending(bus: Bus) -> AsyncIterator[Outbox]:
    """Have an outbox that sends; what is in it at the end is sent as well."""
    outbox = Outbox(bus)
    async with asyncio.TaskGroup() as group:
        running = start(group, outbox.run(), "outbox")
        try:
            yield outbox
        finally:
            await stop(running)
            await outbox._send()
