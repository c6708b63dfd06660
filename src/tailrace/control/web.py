"""Web: the paths of the control process."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tailrace.control.metrics import Metrics
from tailrace.net.http_server import METRICS_TYPE


def paths(
    api: ASGIApp,
    ready: Callable[[], Awaitable[Mapping[str, bool]]],
    metrics: Metrics,
    console: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Return the application: the API at `/`, what operators look at, and `console`, if there is one.

    `ready` says which of all parts answer.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        parts = await ready()
        return JSONResponse(dict(parts), 200 if all(parts.values()) else 503)

    async def figures(_request: Request) -> Response:
        return Response(metrics.text(), media_type=METRICS_TYPE)

    others = Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", figures), *console],
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/":
            await api(scope, receive, send)
        else:
            await others(scope, receive, send)

    return application
