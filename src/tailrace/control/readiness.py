"""Readiness: whether calls and media will be served, as far as that is to be seen from here."""

import asyncio
from collections.abc import Mapping

from tailrace.bus import health
from tailrace.bus.connection import Bus
from tailrace.clock import Clock

# Without them no stream comes in, and no task runs.
ROLES = ("ingest", "worker")
# A role answers within a millisecond; one that needs half a second serves nobody.
ANSWER_TIMEOUT = 0.5
# Load balancers ask each second or less often; whoever asks more gets the last answer again.
KEEP = 1.0


class Readiness:
    """Asks the bus and the other roles, once a second at most however many want to know."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._lock = asyncio.Lock()
        self._seen: Mapping[str, bool] = {}
        self._until = 0.0

    async def look(self) -> Mapping[str, bool]:
        """Return who answers: `bus`, `ingest`, `worker`. All must, one process of each is enough."""
        async with self._lock:
            if not self._seen or self._clock.monotonic() >= self._until:
                answers = await asyncio.gather(
                    self._bus.alive(ANSWER_TIMEOUT), *(health.ask(self._bus, role, ANSWER_TIMEOUT) for role in ROLES)
                )
                self._seen = dict(zip(("bus", *ROLES), answers, strict=True))
                self._until = self._clock.monotonic() + KEEP
            return self._seen
