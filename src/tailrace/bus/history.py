"""History: the stream of events, read in pages.

Pages are read by direct gets in batches (NATS ADR-31), which leave no consumer behind. With 100,000 events there, a
hundred of an app took 8 ms and all fifty of one task 60 ms; an ordered consumer 100 and 35 ms (measured).
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg

from tailrace.bus.connection import STORE_TIMEOUT, Bus, asking
from tailrace.bus.plain import load
from tailrace.bus.subjects import EVENTS, events_of, task_event
from tailrace.errors import BusError
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.room_event import RoomEvent
from tailrace.model.task_event import TaskEvent

_log = logging.getLogger(__name__)

# Events of one request to nats-server; half a kilobyte each. A few among many are not looked for one by one.
BATCH = 200
SMALLEST_BATCH = 50
# Events that are looked at for one page: a tenth of a second. Who asks for few among many gets them in several pages.
MOST_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event and its number in the stream, from 1, in the order of storing."""

    sequence: int
    event: TaskEvent | RoomEvent


@dataclass(frozen=True, slots=True)
class Page:
    """Some events; `next_sequence` is where the next page begins, `more` whether there is anything yet to be seen."""

    events: Sequence[StoredEvent]
    next_sequence: int
    more: bool


class History:
    """The reading side of the stream of events."""

    def __init__(self, bus: Bus, most_looked_at: int = MOST_LOOKED_AT) -> None:
        self._bus = bus
        self._most_looked_at = most_looked_at

    async def page(
        self,
        app: SdkAppId,
        task_id: TaskId | None = None,
        *,
        start: int = 0,
        since: float = 0.0,
        limit: int = BATCH,
        fits: Callable[[TaskEvent | RoomEvent], bool] = lambda _: True,
    ) -> Page:
        """Return up to `limit` events of an app, or of one task, that fit, in the order of storing.

        The page begins with the number `start`, or without one with what was stored at `since` (Unix seconds). Raises
        BusError.
        """
        pattern = events_of(app) if task_id is None else task_event(app, task_id)
        if not start and since:
            # Asked first: what is stored meanwhile belongs to the next page.
            behind = await self.end()
            place: dict[str, Any] = {"start_time": datetime.fromtimestamp(since, UTC).isoformat()}
        else:
            start = behind = max(1, start)
            place = {"seq": start}
        found: list[StoredEvent] = []
        batch = min(BATCH, max(limit, SMALLEST_BATCH))
        for _ in range(self._most_looked_at // batch):
            answers, left = await self._batch(pattern, place, batch)
            for message in answers:
                sequence = _sequence(message)
                behind = sequence + 1
                event = read(message.headers["Nats-Subject"] if message.headers else "", message.data)
                if event is not None and fits(event):
                    found.append(StoredEvent(sequence, event))
                    if len(found) == limit:
                        return Page(found, behind, more=left or message is not answers[-1])
            if not left:
                return Page(found, behind, more=False)
            place = {"seq": behind}
        return Page(found, behind, more=True)

    async def end(self) -> int:
        """Return the number that the next event will have. Raises BusError."""
        with asking("look at the events"):
            return int((await self._bus.js.stream_info(EVENTS)).state.last_seq) + 1

    async def _batch(self, pattern: str, place: dict[str, Any], batch: int) -> tuple[list[Msg], bool]:
        """Return some events, and whether there are more of them behind."""
        request = {**place, "batch": batch, "next_by_subj": pattern}
        subject = f"$JS.API.DIRECT.GET.{EVENTS}"
        *messages, end = await self._bus.request_many(subject, json.dumps(request).encode(), STORE_TIMEOUT)
        match end.headers or {}:
            case {"Status": "204", "Nats-Num-Pending": left}:
                return messages, int(left) > 0
            case {"Status": "404"}:  # nothing there at all
                return [], False
            case headers:
                raise BusError(f"events cannot be read: status {headers.get('Status')}")


def read(subject: str, data: bytes) -> TaskEvent | RoomEvent | None:
    """Return the event of a message of the stream; None for what is none, or of a later version of Tailrace."""
    try:
        match subject.split(".", 2)[1]:
            case "task":
                return load(TaskEvent, data)
            case "room":
                return load(RoomEvent, data)
    except BusError as error:
        _log.warning("event skipped", extra={"subject": subject, "error": str(error)})
    return None


def _sequence(message: Msg) -> int:
    return int((message.headers or {})["Nats-Sequence"])
