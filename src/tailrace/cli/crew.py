"""Crew: the workers of a server and what room they have left, for `tailrace doctor` and `tailrace worker list`."""

import asyncio

from tailrace.bus.connection import connect
from tailrace.bus.crew import Hand, listen
from tailrace.cli.target import Target
from tailrace.clock import SystemClock
from tailrace.model.room_left import RoomLeft


def workers(target: Target) -> list[Hand]:
    """Listen on the server's bus for a second and a half, and return who is there. Raises BusError, CommandError."""

    async def hear() -> list[Hand]:
        bus = await connect(target.bus_url(), "tailrace worker")
        try:
            return await listen(bus, SystemClock())
        finally:
            await bus.close()

    return asyncio.run(hear())


def words(room: RoomLeft) -> str:
    """Return what is left, as in "97 tasks, 1.4 cores, 20.1 GiB"; what is not looked at is not named."""
    parts = [f"{room.tasks} tasks"]
    if room.cpu is not None:
        parts.append(f"{max(0.0, room.cpu):.1f} cores")
    if room.memory_bytes is not None:
        parts.append(f"{max(0, room.memory_bytes) / 2**30:.1f} GiB")
    return ", ".join(parts)
