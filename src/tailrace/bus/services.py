"""Service: something of this process that answers requests on a subject until it is closed."""

from nats.aio.subscription import Subscription

from tailrace.bus.connection import Bus


class Service:
    """A subscription that answers requests."""

    def __init__(self, bus: Bus, subscription: Subscription) -> None:
        self._bus = bus
        self._subscription = subscription

    async def close(self) -> None:
        """Answer no more: callers learn at once that nobody serves. Twice is harmless."""
        await self._bus.unsubscribe(self._subscription)
