"""The ingest process as a whole: how it starts, stops, and dies."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.starts import request_start
from tailrace.errors import BusError, DestinationError
from tailrace.secret import Secret
from tests.fakes.publisher import scripted
from tests.harness.ingest import LOST_AFTER, IngestProcess, make_config, stream_of
from tests.harness.nats import nats_server_in
from tests.harness.subscriber import subscribed


def test_sigterm_tells_publishers_keeps_their_places_for_a_while_and_exits_with_status_0(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> None:
        async with (
            subscribed(nats_url, stream_of("term", "anna")) as seen,
            scripted(ingest.push("term", "anna")) as script,
            scripted(ingest.live("term")) as live,
        ):
            script.set_up()
            script.picture(0, key=True)
            live.set_up()
            live.picture(0, key=True)
            await seen.until_present()
            begin = time.monotonic()
            await asyncio.to_thread(ingest.stop)
            assert time.monotonic() - begin < 4
            assert ingest.exit_code == 0
            assert "shutting down" in await script.lost()
            # They come to another ingest in the time of a lost publisher, and have then not left.
            assert await seen.presence() is not None
            assert await seen.until_absent() < 2 * LOST_AFTER + 1

    with IngestProcess(nats_url) as ingest:
        asyncio.run(run(ingest))


def test_the_presence_of_a_killed_process_expires(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> None:
        async with (
            subscribed(nats_url, stream_of("killed", "anna")) as seen,
            scripted(ingest.push("killed", "anna")) as script,
        ):
            script.set_up()
            script.picture(0, key=True)
            await seen.until_present()
            ingest.kill()
            assert await seen.presence() is not None
            assert await seen.until_absent() < 2 * LOST_AFTER + 1

    with IngestProcess(nats_url) as ingest:
        asyncio.run(run(ingest))


def test_a_publisher_goes_on_when_nats_server_was_killed_and_restarted(tmp_path: Path) -> None:
    """Its presence comes back, its units flow again, and starts are served again, without a new connection."""

    async def run(server: EmbeddedServer, ingest: IngestProcess) -> None:
        async with (
            subscribed(server.url, stream_of("bus", "anna")) as seen,
            scripted(ingest.push("bus", "anna")) as script,
        ):
            script.set_up()
            script.picture(0, key=True)
            await seen.until_present()
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(server.restart)
            await asyncio.to_thread(server.wait_ready, 10)
            async with asyncio.timeout(15):
                number = 0
                while len(seen.units) < 2:
                    number += 1
                    script.picture(number * 40)
                    await asyncio.to_thread(ingest.streams)
                while True:
                    try:
                        if await seen.presence() is not None and await request_start(seen.bus, seen.stream, timeout=2):
                            break
                    except BusError:
                        continue
            assert not script.rtmp.lost.done()

    with nats_server_in(tmp_path) as server, IngestProcess(server.url) as ingest:
        asyncio.run(run(server, ingest))
        ingest.stop()
        assert ingest.exit_code == 0


def test_clients_beyond_the_configured_number_are_turned_away(nats_url: Secret) -> None:
    async def run(ingest: IngestProcess) -> None:
        async with scripted(ingest.live("one")):
            with pytest.raises(DestinationError):
                async with scripted(ingest.live("two")):
                    pass

    with IngestProcess(nats_url, make_config(max_connections=1)) as ingest:
        asyncio.run(run(ingest))


def test_a_client_that_stays_silent_is_closed(nats_url: Secret) -> None:
    with IngestProcess(nats_url, make_config(handshake_timeout=0.3)) as ingest:
        address = urlsplit(ingest.rtmp)
        with socket.create_connection((address.hostname, address.port), timeout=5) as silent:
            silent.sendall(b"\x03" + bytes(100))
            begin = time.monotonic()
            assert silent.recv(1) == b""
            assert time.monotonic() - begin < 3
