"""Media: where browsers find ingest."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tailrace.bus import health
from tailrace.bus.connection import Bus
from tailrace.clock import Clock
from tailrace.control.console.site import name_of

# Ingest answers within a millisecond; a page does not wait longer for an address.
ANSWER_TIMEOUT = 0.5
# Its port changes when it is started anew with port 0, which nobody does who has browsers.
KEEP = 5.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")


class MediaAddress:
    """`fixed` is the configured one; without it ingest is asked, each KEEP seconds at most."""

    def __init__(self, bus: Bus, fixed: str, clock: Clock) -> None:
        self._bus = bus
        self._fixed = fixed
        self._clock = clock
        self._known: Mapping[str, str] = {}
        self._until = 0.0

    async def of(self, host: str) -> str:
        """Return the origin for a browser that reached us under `host:port`; empty while no ingest answers."""
        return self._fixed or seen_from((await self._addresses()).get("media_http", ""), host)

    async def rtmp(self, host: str) -> str:
        """Return where people publish by RTMP, in the same way; a proxy for browsers has no part in it."""
        return seen_from((await self._addresses()).get("rtmp", ""), host)

    async def _addresses(self) -> Mapping[str, str]:
        if self._clock.monotonic() >= self._until:
            # While none answers, what was known before is the best guess.
            self._known = await health.addresses(self._bus, "ingest", ANSWER_TIMEOUT) or self._known
            self._until = self._clock.monotonic() + KEEP
        return self._known


def seen_from(address: str, host: str) -> str:
    """Return an ingest's own address as a browser elsewhere reaches it, which used `host:port` for this machine."""
    try:
        parts = urlsplit(address)
        name, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not name or not port:
        return ""
    shown = name_of(host) if name in _LOOPBACK else f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{shown}:{port}"
