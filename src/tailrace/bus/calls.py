"""Calls: request and reply to the child that runs a task, wherever it runs."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from nats.aio.msg import Msg

from tailrace.bus import subjects
from tailrace.bus.connection import Bus, asking
from tailrace.bus.services import Service
from tailrace.errors import BusError, TailraceError
from tailrace.ids import TaskId

_log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

# Calls to one task come from callers of the API, who are limited to some per second.
MAX_PENDING_CALLS = 100
_ERROR = "error"


async def serve(bus: Bus, task_id: TaskId, handler: Handler) -> Service:
    """Answer calls to a task, one after the other. A TailraceError of `handler` is raised as BusError at the caller."""

    async def take(message: Msg) -> None:
        try:
            answer = await handler(json.loads(message.data))
        except (TailraceError, ValueError) as error:
            answer = {_ERROR: str(error)}
        await bus.publish(message.reply, json.dumps(answer).encode())

    def dropped() -> None:
        _log.warning("call dropped: too many at once", extra={"task_id": task_id})

    subscription = await bus.subscribe(subjects.task(task_id), take, on_drop=dropped, max_messages=MAX_PENDING_CALLS)
    # Nobody may learn that the task runs before it can be asked.
    with asking("serve calls"):
        await bus.flush()
    return Service(bus, subscription)


async def call(bus: Bus, task_id: TaskId, request: dict[str, Any], timeout: float) -> dict[str, Any] | None:
    """Ask the child that runs a task; None at once when none does. Raises BusError when it refuses, or time is up."""
    answer = await bus.request(subjects.task(task_id), json.dumps(request).encode(), timeout)
    if answer is None:
        return None
    with asking("read the answer of a task"):
        body: dict[str, Any] = json.loads(answer.data)
    if _ERROR in body:
        raise BusError(f"task {task_id}: {body[_ERROR]}")
    return body
