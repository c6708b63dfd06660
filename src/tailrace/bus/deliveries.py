"""Deliveries: what became of the callback of each event, kept as long as the events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tailrace.bus.bucket import Bucket
from tailrace.bus.connection import STORE_TIMEOUT, Bus
from tailrace.bus.plain import dump, load
from tailrace.bus.subjects import DELIVERIES, delivery_key
from tailrace.errors import BusError, Conflict
from tailrace.ids import SdkAppId
from tailrace.model.delivery import Attempt, Delivery

# Two at once are a replay beside the first sending; more are a control process that was taken for dead.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Noted:
    """A delivery, and its revision in the bucket, 0 while it is not stored."""

    delivery: Delivery
    revision: int = 0


class Deliveries:
    """The deliveries of all apps. Every method raises BusError when the bus does not answer."""

    def __init__(self, bus: Bus) -> None:
        self._bucket = Bucket(bus, DELIVERIES, STORE_TIMEOUT)

    async def of(self, app: SdkAppId, sequences: Iterable[int]) -> Mapping[int, Delivery]:
        """Return the deliveries of these events, by their numbers; those never tried are not in it."""
        entries = await self._bucket.get_many([delivery_key(app, sequence) for sequence in sequences])
        found = [load(Delivery, entry.value) for entry in entries if entry.value is not None]
        return {delivery.sequence: delivery for delivery in found}

    async def get(self, app: SdkAppId, sequence: int) -> Noted | None:
        """Return one delivery, None for one that was never tried."""
        entry = await self._bucket.get(delivery_key(app, sequence))
        return None if entry is None or entry.value is None else Noted(load(Delivery, entry.value), entry.revision)

    async def tried(self, app: SdkAppId, noted: Noted, attempt: Attempt) -> Noted:
        """Store one more try, beside those that others made since `noted` was read. Returns what is stored then."""
        sequence = noted.delivery.sequence
        for _ in range(ATTEMPTS):
            delivery = noted.delivery.tried(attempt)
            try:
                return Noted(
                    delivery, await self._bucket.put(delivery_key(app, sequence), dump(delivery), noted.revision)
                )
            except Conflict:
                noted = await self.get(app, sequence) or Noted(noted.delivery)
        raise BusError(f"the delivery of event {sequence} changes faster than it can be written")
