"""RTMP server: listens, keeps the connections and their number, and ends them in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from tailrace import supervise
from tailrace.net.rtmp_connection import Connection
from tailrace.net.rtmp_handler import Handler, Limits

__all__ = ["Connection", "Handler", "Limits", "RtmpServer", "serve"]

# Clients beyond the limit that are told so in RTMP; the ones after that are cut off at once.
_TOLD: Final = 32
# Seconds that connections get to end by themselves when the server stops.
_STOP_DEADLINE: Final = 3.0
_DEFAULTS: Final = Limits()


class RtmpServer:
    """Made by `serve`."""

    def __init__(
        self, group: asyncio.TaskGroup, handler_factory: Callable[[Connection], Handler], limits: Limits
    ) -> None:
        self.host = ""
        self.port = 0
        self._group = group
        self._handler_factory = handler_factory
        self._limits = limits
        self._tasks: dict[asyncio.Task[None], Connection] = {}
        self._server: asyncio.Server | None = None
        self._stopping = False

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return len(self._tasks)

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError if the address is not ours or in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, host, port)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Accept no more, tell the clients, wait for them and their handlers up to a deadline, cut off the rest."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for connection in self._tasks.values():
            connection.close("The server is shutting down.")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_DEADLINE)
        for task in list(self._tasks):
            await supervise.stop(task)

    def _connection(self) -> Connection:
        return Connection(self._limits, self._handler_factory, self._joined)

    def _joined(self, connection: Connection) -> None:
        beyond = len(self._tasks) - self._limits.max_connections
        if beyond >= _TOLD or self._stopping:
            connection.abort()
        connection.core.full = beyond >= 0
        name = f"rtmp client {connection.peer_address}"
        task = supervise.start(self._group, supervise.contain(connection.run(), name), name)
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)


@contextlib.asynccontextmanager
async def serve(
    host: str, port: int, handler_factory: Callable[[Connection], Handler], limits: Limits = _DEFAULTS
) -> AsyncIterator[RtmpServer]:
    """Serve RTMP while the context is open. Port 0 picks a free one.

    `handler_factory` is called for each publish and play. What a handler raises beyond Rejected and PeerError is our
    own fault; it is reported and ends that one connection.
    """
    async with asyncio.TaskGroup() as group:
        server = RtmpServer(group, handler_factory, limits)
        await server.start(host, port)
        try:
            yield server
        finally:
            await server.stop()
