"""Told: the events of rooms as they are stored, and a registrar that tells them."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tailrace import supervise
from tailrace.bus.connection import REQUEST_TIMEOUT, Bus, connect
from tailrace.bus.plain import load
from tailrace.bus.subjects import EVENTS, room_event
from tailrace.clock import SystemClock
from tailrace.control.registrar import Registrar
from tailrace.ids import Room
from tailrace.model.room_event import RoomEvent
from tailrace.secret import Secret
from tests.harness.ingest import LOST_AFTER

# A type, a user, a reason.
Line = tuple[int, str, int]


async def events(bus: Bus, room: Room) -> list[RoomEvent]:
    """Return what was told of a room, in the order in which it was stored."""
    ask = {"seq": 1, "next_by_subj": room_event(room), "batch": 1000}
    *found, _end = await bus.request_many(f"$JS.API.DIRECT.GET.{EVENTS}", json.dumps(ask).encode(), REQUEST_TIMEOUT)
    return [load(RoomEvent, message.data) for message in found]


async def told(bus: Bus, room: Room) -> list[Line]:
    """Return the same in short."""
    return [(int(event.type), event.user, event.reason) for event in await events(bus, room)]


async def until_told(bus: Bus, room: Room, *expected: Line, timeout: float = 15) -> None:
    """Wait until that many events were told, and see that it is these in this order."""
    lines: list[Line] = []
    try:
        async with asyncio.timeout(timeout):
            while len(lines) < len(expected):
                lines = await told(bus, room)
    except TimeoutError:
        pass
    assert lines == list(expected), f"{lines} instead of {list(expected)}"


@asynccontextmanager
async def registrar(bus_url: Secret, lost_after: float = LOST_AFTER) -> AsyncGenerator[Bus, None]:
    """Run a registrar with a connection of its own, as a control process does; what is yielded is that connection.

    It takes that long to believe that somebody whose entry is missing is gone; entries live as long as ever.
    """
    bus = await connect(bus_url, "registrar")
    try:
        await bus.prepare(LOST_AFTER, 3.0)
        async with asyncio.TaskGroup() as group:
            task = supervise.start(group, Registrar(bus, lost_after, SystemClock()).run(), "registrar")
            yield bus
            await supervise.stop(task)
    finally:
        await bus.close()
