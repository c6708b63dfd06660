"""Starts: a subscriber gets codec set-up and the current group of pictures at once instead of waiting for a key frame.

The answer is one message per unit, since a group of pictures may be larger than a message, and an empty one as its end.
"""

import logging
from collections.abc import Callable, Sequence

from nats.aio.msg import Msg

from tailrace.bus.connection import Bus, asking
from tailrace.bus.services import Service
from tailrace.bus.subjects import keyframe
from tailrace.errors import PeerError
from tailrace.ids import Source
from tailrace.unit import Unit

_log = logging.getLogger(__name__)

# Each answer is up to a group of pictures long, so requests are answered one after the other.
MAX_PENDING_REQUESTS = 256


async def serve_starts(bus: Bus, stream: Source, give: Callable[[], Sequence[Unit]]) -> Service:
    """Answer requests for a start with what `give` returns: units in the order in which they were published.

    Raises BusError when the bus is not there; nothing is answered then.
    """

    async def take(message: Msg) -> None:
        for unit in give():
            await bus.publish(message.reply, unit.encode())
        await bus.publish(message.reply, b"")

    def dropped() -> None:
        _log.warning("request for a start dropped: too many at once", extra={"stream": stream.token})

    subscription = await bus.subscribe(keyframe(stream), take, on_drop=dropped, max_messages=MAX_PENDING_REQUESTS)
    service = Service(bus, subscription)
    try:
        with asking("serve starts"):
            await bus.flush()
    except BaseException:
        # Else it would answer for ever, with nothing, and be the first to.
        await service.close()
        raise
    return service


async def request_start(bus: Bus, stream: Source, timeout: float) -> list[Unit]:
    """Return the units from the last key frame on; [] at once when nobody publishes the stream.

    Raises BusError when the answer is not complete within `timeout` seconds. Subscribe first, then ask: the units of
    the answer and the live ones overlap, and `session` and `sequence` join them.
    """
    *answers, _ = await bus.request_many(keyframe(stream), b"", timeout)
    try:
        return [Unit.decode(answer.data) for answer in answers]
    except PeerError as error:
        _log.warning("start not understood", extra={"stream": stream.token, "error": str(error)})
        return []
