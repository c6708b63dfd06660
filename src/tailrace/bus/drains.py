"""Drains: asking a worker to hand its tasks to the others, and to take no new ones."""

from collections.abc import Callable

from nats.aio.msg import Msg

from tailrace.bus import subjects
from tailrace.bus.connection import Bus, asking
from tailrace.bus.services import Service

# People ask, one at a time.
MAX_PENDING = 100


async def serve(bus: Bus, worker: str, drain: Callable[[], None]) -> Service:
    """Call `drain` when this worker is asked to; more than once when it is asked again."""

    async def take(message: Msg) -> None:
        drain()
        await bus.publish(message.reply, b"")

    subscription = await bus.subscribe(subjects.drain(worker), take, on_drop=_dropped, max_messages=MAX_PENDING)
    with asking("serve drains"):
        await bus.flush()
    return Service(bus, subscription)


async def ask(bus: Bus, worker: str) -> bool:
    """Ask a worker; false when there is none of this name. Raises BusError when it does not answer."""
    return await bus.request(subjects.drain(worker), b"") is not None


def _dropped() -> None:
    """Do nothing: it was asked often enough."""
