"""Janitor: what control does unasked: live tasks are in the queue again, old records are forgotten."""

import asyncio
import logging

from tailrace.control.tasks import Tasks
from tailrace.errors import BusError

_log = logging.getLogger(__name__)

# A start or stop that was cut in two is brought to its end within two of these; a round costs one refused message for
# each live task, and one look at each record that this process knows.
EVERY = 60.0


async def look_after(tasks: Tasks) -> None:
    """See to the tasks now and again and again, until cancelled."""
    while True:
        try:
            await tasks.requeue()
            if count := await tasks.forget_old():
                _log.info("old task records forgotten", extra={"count": count})
        except BusError as error:
            _log.warning("tasks not looked after", extra={"error": str(error)})
        await asyncio.sleep(EVERY)
