"""Checked: connections of an HTTP client to checked addresses; Host and TLS keep to the name."""

from collections.abc import Iterable
from typing import Final

import httpcore

from tailrace.net.guard import Guard

# When the caller sets no time limit of his own.
CONNECT_TIMEOUT: Final = 5.0


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, has `guard` check its addresses, and dials them in turn, each for its share of the time.

    Raises AddressForbidden and DestinationUnreachable besides httpcore's own errors.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._dial = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to the first address that takes one."""
        limit = CONNECT_TIMEOUT if timeout is None else timeout
        addresses = await self._guard.resolve(host, port, limit)
        share = limit / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._dial.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._dial.connect_tcp(addresses[-1], port, share, local_address, socket_options)
