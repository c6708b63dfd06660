"""Subscriber: what a relay sees of one stream on the bus."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tailrace.bus import connection, media
from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms
from tailrace.ids import Stream
from tailrace.model.presence import Exit, Presence, Role
from tailrace.secret import Secret
from tailrace.unit import Codec, Unit
from tests.harness.ingest import LOST_AFTER


class Subscriber:
    """What a relay sees of one stream; made by `subscribed`."""

    def __init__(self, bus: Bus, stream: Stream) -> None:
        self.bus = bus
        self.stream = stream
        self.units: list[Unit] = []
        self.rooms = Rooms(bus, LOST_AFTER)

    async def take(self, unit: Unit) -> None:
        """Note one unit."""
        self.units.append(unit)

    @property
    def video(self) -> list[Unit]:
        """The pictures so far."""
        return [unit for unit in self.units if unit.codec is Codec.H264]

    @property
    def audio(self) -> list[Unit]:
        """The sound so far."""
        return [unit for unit in self.units if unit.codec is Codec.AAC]

    async def presence(self) -> Presence | None:
        """The publisher's entry in the room."""
        return await self.rooms.get(self.stream.room, self.stream.user, Role(self.stream.type.value))

    async def left(self) -> Exit | None:
        """Why the publisher's latest entry was withdrawn."""
        return (await self.rooms.of_user(self.stream.room, self.stream.user))[1]

    async def until(self, condition: Callable[[], Any], timeout: float = 15) -> None:
        """Wait until the condition holds, which is asked after each turn of the bus."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self.bus.alive()

    async def until_present(self, timeout: float = 15) -> Presence:
        """Wait until the publisher is in the room."""
        async with asyncio.timeout(timeout):
            while (presence := await self.presence()) is None:
                pass
            return presence

    async def until_absent(self, timeout: float = 15) -> float:
        """Wait until it is not, and return how many seconds that took."""
        begin = time.monotonic()
        async with asyncio.timeout(timeout):
            while await self.presence() is not None:
                pass
        return time.monotonic() - begin


@asynccontextmanager
async def subscribed(bus_url: Secret, stream: Stream) -> AsyncGenerator[Subscriber, None]:
    """Subscribe to a stream, as a relay does."""
    bus = await connection.connect(bus_url, "test")
    try:
        subscriber = Subscriber(bus, stream)
        subscription = await media.subscribe(bus, stream, subscriber.take)
        yield subscriber
        await subscription.close()
    finally:
        await bus.close()
