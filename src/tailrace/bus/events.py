"""Events: everything that happened to tasks and rooms, kept for days."""

import json

from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.plain import dump
from tailrace.bus.subjects import room_event, task_event
from tailrace.errors import BusError
from tailrace.model.room_event import RoomEvent
from tailrace.model.task_event import TaskEvent

NAME_HEADER = "Nats-Msg-Id"
# One try to store a named event. To try again is harmless, and after a restart of nats-server, which may have swallowed
# the answer, it shall not take long; a disk that stalls is waited for by trying again.
TRY_TIMEOUT = 2.0


class Events:
    """The writing side. Both methods wait until the event is stored, and return its number."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def of_task(self, event: TaskEvent, name: str = "") -> int:
        """Raise BusError when it cannot be stored. Of several events of one name the first is stored (EVENTS_ONCE)."""
        return await self._append(task_event(event.room.app, event.task_id), dump(event), name)

    async def of_room(self, event: RoomEvent, name: str = "") -> int:
        """As `of_task`."""
        return await self._append(room_event(event.room), dump(event), name)

    async def _append(self, subject: str, data: bytes, name: str = "") -> int:
        headers = {NAME_HEADER: name} if name else None
        answer = await self._bus.request(subject, data, TRY_TIMEOUT if name else STORE_TIMEOUT, headers)
        if answer is None:
            raise BusError("the stream of events does not answer")
        stored = json.loads(answer.data)
        if "error" in stored:
            raise BusError(f"events: {stored['error'].get('description')}")
        return int(stored["seq"])
