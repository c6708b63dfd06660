"""Courier: brings the callbacks of one app to its receiver, one try after the other, and notes what came of each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from tailrace.bus.deliveries import Noted
from tailrace.bus.history import read
from tailrace.bus.outgoing import Order
from tailrace.clock import Clock
from tailrace.config import App
from tailrace.control.room_callback import room_callback
from tailrace.control.task_callback import task_callback
from tailrace.errors import BusError
from tailrace.ids import SdkAppId
from tailrace.model.delivery import Attempt, Delivery, DeliveryState
from tailrace.model.retry import PAUSE
from tailrace.model.room_event import RoomEvent
from tailrace.net.callback_sender import Answer
from tailrace.wire.callback import envelope, headers

_log = logging.getLogger(__name__)

# Posts to one receiver at the same time: many enough for any that answers in milliseconds, and no flood for others.
AT_ONCE = 32


Sleep = Callable[[float], Awaitable[None]]
# Told of each try, and what the delivery's state is after it.
Count = Callable[[SdkAppId, Attempt, DeliveryState], None]


class Sends(Protocol):
    """Posts a callback once."""

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what came of it."""
        ...


class Notes(Protocol):
    """Keeps what came of callbacks (`bus/deliveries.py`)."""

    async def get(self, app: SdkAppId, sequence: int) -> Noted | None:
        """Return what is known of an event's callback."""
        ...

    async def tried(self, app: SdkAppId, noted: Noted, attempt: Attempt) -> Noted:
        """Store one more try."""
        ...


class Reads(Protocol):
    """Reads events."""

    async def event(self, sequence: int) -> bytes | None:
        """Return an event by its number, None when it is not kept any more."""
        ...


class Courier:
    """Brings orders of `app`; several at the same time."""

    def __init__(
        self,
        app: App,
        sender: Sends,
        notes: Notes,
        events: Reads,
        clock: Clock,
        count: Count,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._app = app
        self._id = SdkAppId(app.sdk_app_id)
        self._sender = sender
        self._notes = notes
        self._events = events
        self._clock = clock
        self._count = count
        self._sleep = sleep
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def bring(self, order: Order) -> None:
        """Return when the order is over: delivered, given up, or nothing that is sent. Raises BusError.

        The body is made of what is stored, so it is the same bytes in each try and in each process.
        """
        found = _callback(order.lane, await self._data(order))
        if found is None:
            return
        body = envelope(*found[:2], order.stored_at, found[2])
        noted = await self._noted(order)
        while (due := noted.delivery.next_try()) is not None:
            # The clocks of two machines may differ, but no pause is longer than this.
            await self._sleep(min(PAUSE, max(0.0, due - self._clock.unix())))
            attempt = await self._try(order, body)
            noted = await self._note(noted, attempt)
            self._count(self._id, attempt, noted.delivery.state)
            if noted.delivery.state is DeliveryState.GIVEN_UP:
                tries = sum(attempt.order == order.sequence for attempt in noted.delivery.attempts)
                _log.warning(
                    "callback given up",
                    extra={
                        "app": self._id,
                        "sequence": order.event,
                        "receiver": str(self._app.callback_url),
                        "tries": tries,
                        "error": attempt.error or f"status {attempt.status}",
                    },
                )

    async def _data(self, order: Order) -> bytes | None:
        return await self._events.event(order.event) if order.replayed else order.data

    async def _noted(self, order: Order) -> Noted:
        """Return what is known of this callback; what nobody can have tried before costs no question."""
        noted = await self._notes.get(self._id, order.event) if order.replayed or order.deliveries > 1 else None
        if noted is None:
            return Noted(Delivery(order.event, order.sequence))
        return Noted(noted.delivery.ordered(order.sequence), noted.revision)

    async def _try(self, order: Order, body: bytes) -> Attempt:
        async with self._gate:
            at, began = self._clock.unix(), self._clock.monotonic()
            answer = await self._sender.post(headers(self._id, self._app.callback_key, body), body)
        return Attempt(order.sequence, at, self._clock.monotonic() - began, answer.status, answer.error)

    async def _note(self, noted: Noted, attempt: Attempt) -> Noted:
        try:
            return await self._notes.tried(self._id, noted, attempt)
        except BusError as error:
            # To send it once more would be worse than not to know that it was sent.
            _log.warning("delivery not noted", extra={"sequence": noted.delivery.sequence, "error": str(error)})
            return Noted(noted.delivery.tried(attempt), noted.revision)


def _callback(subject: str, data: bytes | None) -> tuple[int, int, Mapping[str, Any]] | None:
    """Return EventGroupId, EventType and EventInfo; None for what is not sent, or cannot be read."""
    event = None if data is None else read(subject, data)
    if event is None:
        return None
    return room_callback(event) if isinstance(event, RoomEvent) else task_callback(event)
