"""Web: the paths of the control process, and the HTTP server that serves them."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tailrace import supervise
from tailrace.control.http_protocol import BoundedProtocol
from tailrace.control.metrics import Metrics

# Connections beyond this are answered with 503 by uvicorn: a thousand callers at once are a flood, not a fleet.
MAX_CONNECTIONS = 1000
# Idle SDK connections are kept for a while: they are used for one call after the other.
KEEP_ALIVE = 30
BACKLOG = 1024


def paths(api: ASGIApp, alive: Callable[[], Awaitable[bool]], metrics: Metrics) -> ASGIApp:
    """Return the application: the API at `/`, and what operators look at. `alive` says whether the bus answers."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        if await alive():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("the bus does not answer\n", status_code=503)

    async def figures(_request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=1.0.0; charset=utf-8")

    others = Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", figures)],
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/":
            await api(scope, receive, send)
        else:
            await others(scope, receive, send)

    return application


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


@asynccontextmanager
async def serving(
    application: ASGIApp, bound: socket.socket, deadline: float, protocol: type[BoundedProtocol] = BoundedProtocol
) -> AsyncIterator[None]:
    """Serve on `bound`. At the end: accept no more, let running calls finish for `deadline` seconds, close."""
    server = _Server(
        uvicorn.Config(
            application,
            http=protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=MAX_CONNECTIONS,
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
