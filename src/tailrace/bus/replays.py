"""Replays: wishes to have callbacks sent again, queued where the events are, and for the same consumer."""

import json

from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.history import StoredEvent
from tailrace.bus.subjects import replay, room_event, task_event
from tailrace.errors import BusError
from tailrace.model.task_event import TaskEvent


class Replays:
    """The wishing side; `bus/outgoing.py` hands them out."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def wish(self, stored: StoredEvent) -> None:
        """Have the callback of an event sent again; return once that is stored. Raises BusError."""
        event = stored.event
        lane = task_event(event.room.app, event.task_id) if isinstance(event, TaskEvent) else room_event(event.room)
        answer = await self._bus.request(replay(event.room.app, stored.sequence), lane.encode(), STORE_TIMEOUT)
        if answer is None:
            raise BusError("the stream of events does not answer")
        if error := json.loads(answer.data).get("error"):
            raise BusError(f"events: {error.get('description')}")
