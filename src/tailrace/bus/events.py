"""Events: everything that happened to tasks and rooms, kept for days."""

import asyncio
import json

from nats.aio.msg import Msg

from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.plain import dump
from tailrace.bus.subjects import room_event, task_event
from tailrace.errors import BusError
from tailrace.model.room_event import RoomEvent
from tailrace.model.task_event import TaskEvent

NAME_HEADER = "Nats-Msg-Id"
# One try to store a named event: to try again is harmless, and a disk that stalls is waited for by that.
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
        answer = await (self._try(subject, data, name) if name else self._bus.request(subject, data, STORE_TIMEOUT))
        if answer is None:
            raise BusError("the stream of events does not answer")
        stored = json.loads(answer.data)
        if "error" in stored:
            raise BusError(f"events: {stored['error'].get('description')}")
        return int(stored["seq"])

    async def _try(self, subject: str, data: bytes, name: str) -> Msg | None:
        """Ask; a reconnection ends the waiting, since the answer went to the connection before."""
        try:
            async with asyncio.timeout(TRY_TIMEOUT) as limit:
                with self._bus.reconnection(lambda: None if limit.expired() else limit.reschedule(0.0)):
                    return await self._bus.request(subject, data, STORE_TIMEOUT, {NAME_HEADER: name})
        except TimeoutError:
            raise BusError("no answer from the stream of events") from None
