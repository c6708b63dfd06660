"""The ingest process: RTMP in, the built-in CDN out, rooms on the bus."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from tailrace import supervise
from tailrace.bus import connection as bus_connection
from tailrace.clock import SystemClock
from tailrace.config import Config
from tailrace.ids import SdkAppId
from tailrace.ingest.allowed import Allowed
from tailrace.ingest.cdn import Cdn
from tailrace.ingest.http import make_app
from tailrace.ingest.reception import Reception
from tailrace.ingest.room import Lobby
from tailrace.ingest.stay import Stays
from tailrace.net import rtmp_server
from tailrace.net.rtmp_server import Connection
from tailrace.secret import Secret
from tailrace.supervise import Ready

_log = logging.getLogger(__name__)

# How long players may take to read what waits for them when the process stops; the supervisor allows 5 s.
_HTTP_DEADLINE = 1
_BACKLOG = 128  # connections that wait to be accepted; nginx and asyncio use 511 and 100


def main(config: Config, bus_url: Secret, ready: Ready, lifeline: int | None = None) -> None:
    """Run until stopped; calls `ready` with `rtmp` and `media_http` once both are served."""
    supervise.run_until_stopped(lambda stop: _run(config, bus_url, ready, stop), lifeline)


async def _run(config: Config, bus_url: Secret, ready: Ready, stop: asyncio.Event) -> None:
    clock = SystemClock()
    cdn = Cdn()
    allowed = Allowed(config.ingest.cdn_from)
    limits = rtmp_server.Limits(
        max_connections=config.ingest.max_connections, handshake_timeout=config.ingest.handshake_timeout
    )
    bus = await bus_connection.connect(bus_url, "ingest")
    try:
        await bus.prepare(config.rooms.lost_after, config.worker.ack_wait)
        async with asyncio.TaskGroup() as group:
            stays = Stays(bus, config.rooms.lost_after, clock, group)
            lobby = Lobby(bus, {SdkAppId(app.sdk_app_id): app for app in config.app}, stays, clock)

            def receive(connection: Connection) -> Reception:
                return Reception(connection, lobby, cdn, allowed, clock)

            async with (
                _serve_http(make_app(cdn, allowed), config) as http_port,
                rtmp_server.serve(config.listen.host, config.listen.rtmp, receive, limits) as rtmp,
            ):
                host = _reachable(config.listen.host)
                ready({"rtmp": f"rtmp://{host}:{rtmp.port}", "media_http": f"http://{host}:{http_port}"})
                await stop.wait()
                _log.info("stopping", extra={"connections": rtmp.connections})
                await rtmp.stop()
                await stays.close()
    finally:
        await bus.close()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: who stops this process is `supervise`."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals as they are."""
        yield


@asynccontextmanager
async def _serve_http(app: Starlette, config: Config) -> AsyncGenerator[int, None]:
    """Serve `app` while this is open; gives the real port."""
    listener = _listen(config.listen.host, config.listen.media_http)
    # Access logs would hold the names of streams, which are keys on a CDN.
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        limit_concurrency=config.ingest.max_connections,
        timeout_graceful_shutdown=_HTTP_DEADLINE,
    )
    server = _Server(settings)
    async with asyncio.TaskGroup() as group:
        serving = supervise.start(group, server.serve(sockets=[listener]), "media over HTTP")
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.wait([serving])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def _reachable(host: str) -> str:
    """Return an address under which this machine reaches a server that listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
