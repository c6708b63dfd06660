"""Health: a role that serves answers on the bus, so that others learn whether one of its kind is there."""

from nats.aio.msg import Msg

from tailrace.bus import subjects
from tailrace.bus.connection import REQUEST_TIMEOUT, Bus, asking
from tailrace.bus.services import Service
from tailrace.errors import BusError

# Control asks once a second at most; a hundred are a role that stood still.
MAX_PENDING = 100


async def serve(bus: Bus, role: str) -> Service:
    """Answer those who ask for `role` until the service, or the bus, is closed."""

    async def take(message: Msg) -> None:
        await bus.publish(message.reply, b"")

    subscription = await bus.subscribe(subjects.alive(role), take, on_drop=_dropped, max_messages=MAX_PENDING)
    with asking("serve health"):
        await bus.nc.flush(timeout=round(REQUEST_TIMEOUT))
    return Service(bus, subscription)


async def ask(bus: Bus, role: str, timeout: float) -> bool:
    """Whether a process of `role` answers within `timeout` seconds."""
    try:
        return await bus.request(subjects.alive(role), b"", timeout) is not None
    except BusError:
        return False


def _dropped() -> None:
    """Do nothing: who asked has given up long ago."""
