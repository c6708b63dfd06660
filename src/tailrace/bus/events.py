"""Events: everything that happened to tasks and rooms, kept for days."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tailrace.bus import subjects
from tailrace.bus.connection import Bus
from tailrace.errors import BusError


class Events:
    """The writing side."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def append(self, parts: Sequence[str], body: Mapping[str, Any]) -> int:
        """Store an event under `events.<parts>`, wait until it is stored, and return its number."""
        answer = await self._bus.request(subjects.event(parts), json.dumps(body).encode())
        if answer is None:
            raise BusError("the stream of events does not answer")
        stored = json.loads(answer.data)
        if "error" in stored:
            raise BusError(f"events: {stored['error'].get('description')}")
        return int(stored["seq"])
