"""Health: a role that serves answers on the bus, so that others learn whether one of its kind is there."""

import json
from collections.abc import Mapping

from nats.aio.msg import Msg

from tailrace.bus import subjects
from tailrace.bus.connection import Bus, asking
from tailrace.bus.services import Service
from tailrace.errors import BusError

# Control asks once a second at most; a hundred are a role that stood still.
MAX_PENDING = 100


async def serve(bus: Bus, role: str, addresses: Mapping[str, str] | None = None) -> Service:
    """Answer those who ask for `role`, with its addresses, until the service, or the bus, is closed."""
    said = json.dumps(dict(addresses or {})).encode()

    async def take(message: Msg) -> None:
        await bus.publish(message.reply, said)

    subscription = await bus.subscribe(subjects.alive(role), take, on_drop=_dropped, max_messages=MAX_PENDING)
    with asking("serve health"):
        await bus.flush()
    return Service(bus, subscription)


async def ask(bus: Bus, role: str, timeout: float) -> bool:
    """Whether a process of `role` answers within `timeout` seconds."""
    try:
        return await bus.request(subjects.alive(role), b"", timeout) is not None
    except BusError:
        return False


async def addresses(bus: Bus, role: str, timeout: float) -> Mapping[str, str]:
    """Return the addresses of a process of `role`, none when it does not answer within `timeout` seconds."""
    try:
        answer = await bus.request(subjects.alive(role), b"", timeout)
        said = {} if answer is None else json.loads(answer.data or b"{}")
    except (BusError, ValueError):  # or one of an earlier version
        return {}
    return {name: address for name, address in said.items() if isinstance(address, str)}


def _dropped() -> None:
    """Do nothing: who asked has given up long ago."""
