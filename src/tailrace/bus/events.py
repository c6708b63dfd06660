"""Events: everything that happened to tasks and rooms, kept for days."""

import json

from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.plain import dump
from tailrace.bus.subjects import room_event, task_event
from tailrace.errors import BusError
from tailrace.model.room_event import RoomEvent
from tailrace.model.task_event import TaskEvent


class Events:
    """The writing side. Both methods wait until the event is stored, and return its number."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def of_task(self, event: TaskEvent) -> int:
        """Raise BusError when it cannot be stored."""
        return await self._append(task_event(event.room.app, event.task_id), dump(event))

    async def of_room(self, event: RoomEvent) -> int:
        """Raise BusError when it cannot be stored."""
        return await self._append(room_event(event.room), dump(event))

    async def _append(self, subject: str, data: bytes) -> int:
        answer = await self._bus.request(subject, data, STORE_TIMEOUT)
        if answer is None:
            raise BusError("the stream of events does not answer")
        stored = json.loads(answer.data)
        if "error" in stored:
            raise BusError(f"events: {stored['error'].get('description')}")
        return int(stored["seq"])
