"""Media over HTTP: `GET /live` lists the built-in CDN's streams, `GET /live/<name>.flv` plays one."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tailrace import supervise
from tailrace.ingest.allowed import Allowed
from tailrace.ingest.backlog import Backlog, Hopeless
from tailrace.ingest.cdn import Cdn, Channel, script_body
from tailrace.net.http_server import METRICS_TYPE
from tailrace.wire import flv
from tailrace.wire.rtmp import amf0

_log = logging.getLogger(__name__)

# A player that takes not one piece in this time is gone or stuck; the backlog behind it would be full long before.
_STALL = 20.0


class _FlvPlayer:
    """A channel's player that writes FLV tags into a backlog."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog

    def describe(self, values: amf0.EcmaArray) -> None:
        self._backlog.put(flv.TagType.SCRIPT, 0, script_body(values), must=True)

    def media(self, kind: flv.TagType, timestamp_ms: int, body: bytes, key: bool, must: bool) -> None:
        self._backlog.put(kind, timestamp_ms, body, key=key, must=must)

    def end(self) -> None:
        self._backlog.end()


class _FlvResponse(Response):
    """Streams a channel until it ends, the player goes away, or it proves too slow."""

    media_type = "video/x-flv"

    def __init__(self, channel: Channel) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._channel = channel

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the response (ASGI)."""
        async with asyncio.TaskGroup() as group:
            sending = supervise.start(group, self._send(send), "HTTP-FLV player")
            watching = supervise.start(group, _until_gone(receive), "HTTP-FLV watch")
            await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            watching.cancel()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        backlog = Backlog()
        player = _FlvPlayer(backlog)
        try:
            data = flv.file_header(audio=True, video=True)
            self._channel.join(player)
            while data:
                async with asyncio.timeout(_STALL):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                data = await backlog.take()
            await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, Hopeless):
            _log.info("player over HTTP is too slow, closed", extra={"dropped": backlog.dropped})
        finally:
            self._channel.leave(player)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def make_app(cdn: Cdn, allowed: Allowed, metrics: Callable[[], bytes], rooms: Sequence[Route] = ()) -> Starlette:
    """Return the ASGI application: the built-in CDN, which `allowed` says who may use, and the routes of `rooms`.

    `metrics` returns the text for Prometheus.
    """

    def refusal(request: Request) -> Response | None:
        if allowed(request.client.host if request.client else ""):
            return None
        return _error(403, "the built-in CDN is not open to this address (config: ingest.cdn_from)")

    async def streams(request: Request) -> Response:
        if refused := refusal(request):
            return refused
        body = json.dumps([record.as_json() for record in cdn.records()])
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def play(request: Request) -> Response:
        if refused := refusal(request):
            return refused
        name: str = request.path_params["name"]
        if (channel := cdn.find(name)) is None:
            return _error(404, f"no live stream is named {name!r}")
        if request.method == "HEAD":
            return Response(media_type=_FlvResponse.media_type)
        return _FlvResponse(channel)

    async def figures(_request: Request) -> Response:
        return Response(metrics(), media_type=METRICS_TYPE)

    return Starlette(
        routes=[
            Route("/live", streams),
            Route("/live/{name:path}.flv", play),
            Route("/metrics", figures),
            *rooms,
        ]
    )


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
