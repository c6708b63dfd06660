"""Media: encoded units from a publisher to all who relay or watch its stream."""

import logging
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from tailrace.bus.connection import Bus
from tailrace.bus.outbox import Outbox
from tailrace.bus.subjects import media, media_of
from tailrace.errors import PeerError
from tailrace.ids import Kind, Source
from tailrace.unit import MAX_UNIT_BYTES, Unit

_log = logging.getLogger(__name__)

# Units that wait for their subscriber: about 7 s of one stream (30 pictures and 47 pieces of sound each second) ...
MAX_PENDING_UNITS = 512
# ... and 16 MiB, which is 64 s at 2 Mbit/s or two pictures of the largest size.
MAX_PENDING_BYTES = 16 * 1024 * 1024


class Publisher:
    """Publishes one stream. Units that cannot be sent now are dropped and counted: late ones are worth nothing."""

    def __init__(self, outbox: Outbox, stream: Source) -> None:
        self._outbox = outbox
        self._audio = media(stream, Kind.AUDIO)
        self._video = media(stream, Kind.VIDEO)
        self.dropped = 0
        """Units not sent because the bus was away, or did not take them."""

    def publish(self, unit: Unit) -> None:
        """Send one unit on the track of its codec. Raises ValueError when it is over MAX_UNIT_BYTES."""
        data = unit.encode()
        if len(data) > MAX_UNIT_BYTES:
            raise ValueError(f"unit of {len(data)} bytes is over the limit of {MAX_UNIT_BYTES}")
        self.dropped += not self._outbox.put(self._video if unit.codec.is_video else self._audio, data)


class Subscription:
    """Both tracks of one stream, or one of them, in the order in which they were sent."""

    def __init__(
        self, bus: Bus, stream: Source, on_unit: Callable[[Unit], Awaitable[None]], kind: Kind | None = None
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._subject = media(stream, kind) if kind else media_of(stream)
        self._on_unit = on_unit
        self._subscription: NatsSubscription | None = None
        self.dropped = 0
        """Units lost here because `on_unit` was not fast enough; gaps of their `sequence` show where."""

    async def close(self) -> None:
        """End it. Twice is harmless."""
        if self._subscription is not None:
            await self._bus.unsubscribe(self._subscription)
            self._subscription = None
        if self.dropped:
            _log.warning("media was dropped", extra={"stream": self._stream.token, "units": self.dropped})

    async def _open(self) -> None:
        self._subscription = await self._bus.subscribe(
            self._subject,
            self._take,
            on_drop=self._drop,
            max_messages=MAX_PENDING_UNITS,
            max_bytes=MAX_PENDING_BYTES,
        )

    async def _take(self, message: Msg) -> None:
        try:
            unit = Unit.decode(message.data)
        except PeerError as error:
            _log.warning("media not understood", extra={"stream": self._stream.token, "error": str(error)})
            return
        await self._on_unit(unit)

    def _drop(self) -> None:
        if not self.dropped:
            _log.warning("media is dropped: slow consumer", extra={"stream": self._stream.token})
        self.dropped += 1


class Listening:
    """As `Subscription`, for a handler that never waits: it gets units as they are read, and none is lost here."""

    def __init__(self, bus: Bus, stream: Source, on_unit: Callable[[Unit], None], kind: Kind) -> None:
        self._bus = bus
        self._stream = stream
        self._on_unit = on_unit
        self._kind = kind
        self._subscription: NatsSubscription | None = None

    async def close(self) -> None:
        """End it; what was read already may still come. Twice is harmless."""
        if self._subscription is not None:
            await self._bus.unsubscribe(self._subscription)
            self._subscription = None

    async def _open(self) -> None:
        self._subscription = await self._bus.subscribe_prompt(media(self._stream, self._kind), self._take)

    def _take(self, data: bytes) -> None:
        try:
            unit = Unit.decode(data)
        except PeerError as error:
            _log.warning("media not understood", extra={"stream": self._stream.token, "error": str(error)})
            return
        self._on_unit(unit)


async def subscribe(
    bus: Bus, stream: Source, on_unit: Callable[[Unit], Awaitable[None]], kind: Kind | None = None
) -> Subscription:
    """Await `on_unit` for each unit of both tracks, or of one `kind`, from now on, also after a reconnection.

    Other units wait meanwhile.
    """
    subscription = Subscription(bus, stream, on_unit, kind)
    await subscription._open()
    return subscription


async def listen(bus: Bus, stream: Source, on_unit: Callable[[Unit], None], kind: Kind) -> Listening:
    """Call `on_unit` for each unit of one track from now on, also after a reconnection."""
    listening = Listening(bus, stream, on_unit, kind)
    await listening._open()
    return listening
