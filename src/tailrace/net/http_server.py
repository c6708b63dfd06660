"""HTTP server: uvicorn with bounds, on a socket that is bound before; and the address under which it is reached."""

import asyncio
import functools
import math
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from tailrace import supervise
from tailrace.net.http_protocol import BoundedProtocol

# Idle connections are kept for a while: SDKs and players use them for one request after the other.
KEEP_ALIVE = 30
BACKLOG = 1024
# The media type of Prometheus' text format.
METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"

# What a server listens on that takes every address of its machine, and how that machine reaches it.
_EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port`; port 0 picks a free one. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def reachable(host: str, port: int) -> str:
    """Return `host:port` under which this machine reaches a server that listens there, as URLs write it."""
    host = _EVERY.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address_of(bound: socket.socket) -> str:
    """Return `host:port` under which this machine reaches what listens on `bound`."""
    name: tuple[Any, ...] = bound.getsockname()
    return reachable(name[0], name[1])


@asynccontextmanager
async def serving(
    application: ASGIApp,
    bound: socket.socket,
    *,
    deadline: float,
    max_connections: int,
    request_timeout: float,
) -> AsyncIterator[None]:
    """Serve on `bound`. At the end: accept no more, let running requests finish for `deadline` seconds, close.

    Requests on connections beyond `max_connections` are answered with 503; one that takes more than `request_timeout`
    seconds to come in is hung up on.
    """
    protocol = functools.partial(BoundedProtocol, request_timeout=request_timeout)
    server = _Server(
        uvicorn.Config(
            application,
            http=cast(type[asyncio.Protocol], protocol),  # uvicorn only calls it
            ws="none",
            lifespan="off",
            access_log=False,  # it would hold what is secret: queries, and names of streams
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=max_connections,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=math.ceil(deadline),
        )
    )
    async with asyncio.TaskGroup() as group:
        supervise.start(group, server.serve([bound]), "http server")
        await server.serving.wait()
        try:
            yield
        finally:
            server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn, without its own handling of signals: those belong to `supervise`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
