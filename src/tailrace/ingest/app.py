"""The ingest process: RTMP and WHIP in, rooms on the bus, WHEP and the built-in CDN out."""

import asyncio
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from tailrace import supervise
from tailrace.bus import connection as bus_connection
from tailrace.bus import health
from tailrace.bus.outbox import sending
from tailrace.clock import SystemClock
from tailrace.config import Config
from tailrace.ids import SdkAppId
from tailrace.ingest.allowed import Allowed
from tailrace.ingest.cdn import Cdn
from tailrace.ingest.http import make_app
from tailrace.ingest.reception import Reception
from tailrace.ingest.room import Lobby
from tailrace.ingest.signaling import BURST, PER_SECOND, Sessions, Signaling, ice_links
from tailrace.ingest.stay import Stays
from tailrace.ingest.tally import Tally
from tailrace.ingest.throttle import Throttle
from tailrace.ingest.watching import Watching
from tailrace.ingest.whep import Whep
from tailrace.ingest.whip import Whip
from tailrace.net import http_server, rtmp_server
from tailrace.net.rtmp_server import Connection
from tailrace.net.webrtc import udp
from tailrace.secret import Secret
from tailrace.supervise import Ready

if TYPE_CHECKING:
    from tailrace.ingest.metrics import Metrics

_log = logging.getLogger(__name__)

# How long players may take to read what waits for them when the process stops; the supervisor allows 5 s.
_HTTP_DEADLINE = 1.0


def main(config: Config, bus_url: Secret, ready: Ready, lifeline: int | None = None) -> None:
    """Run until stopped; calls `ready` with `rtmp`, `media_http` and `webrtc` once they are served."""
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
        async with (
            asyncio.TaskGroup() as group,
            sending(bus) as outbox,
            udp.serving(config.listen, config.webrtc, config.rooms.lost_after) as endpoint,
        ):
            stays = Stays(bus, config.rooms.lost_after, group)
            lobby = Lobby(bus, outbox, {SdkAppId(app.sdk_app_id): app for app in config.app}, stays, clock)
            signaling = Signaling(Sessions(), clock, ice_links(config.webrtc), Throttle(BURST, PER_SECOND))
            whip = Whip(lobby, endpoint, signaling, config.webrtc, group)
            whep = Whep(lobby, endpoint, signaling, Watching(bus, clock, group), group)

            def receive(connection: Connection) -> Reception:
                return Reception(connection, lobby, cdn, allowed, clock)

            with http_server.bind(config.listen.host, config.listen.media_http) as bound:
                media_http = http_server.serving(
                    make_app(cdn, allowed, _metrics(lobby.tally, cdn), [*whip.routes(), *whep.routes()]),
                    bound,
                    deadline=_HTTP_DEADLINE,
                    max_connections=limits.max_connections,
                    request_timeout=limits.handshake_timeout,
                )
                async with (
                    media_http,
                    rtmp_server.serve(config.listen.host, config.listen.rtmp, receive, limits) as rtmp,
                ):
                    rtmp_address = http_server.reachable(rtmp.host, rtmp.port)
                    addresses = {
                        "rtmp": f"rtmp://{rtmp_address}",
                        "media_http": f"http://{http_server.address_of(bound)}",
                        "webrtc": f"udp://{http_server.reachable(endpoint.host, endpoint.port)}",
                    }
                    alive = await health.serve(bus, "ingest", addresses)
                    ready(addresses)
                    await stop.wait()
                    await alive.close()
                    _log.info("stopping", extra={"connections": rtmp.connections})
                    await rtmp.stop()
                    await stays.close()
    finally:
        await bus.close()


def _metrics(tally: Tally, cdn: Cdn) -> Callable[[], bytes]:
    """Return what makes the text of /metrics; nothing of it is loaded before somebody asks."""

    @cache
    def metrics() -> "Metrics":
        from tailrace.ingest.metrics import Metrics

        return Metrics(tally, lambda: cdn.players)

    return lambda: metrics().text()
