"""A nats-server for the tests of the bus, prepared with short lives, and a way to run coroutines against it."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from tailrace.bus.connection import Bus, connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.ids import SdkAppId
from tests.harness.nats import nats_server_in

# Seconds: short, so that expiry can be awaited; not shorter than what nats-server's timers keep.
PRESENCE_TTL = 1.0
ACK_WAIT = 1.0

Scenario = Callable[[Bus], Coroutine[Any, Any, None]]
Run = Callable[[Scenario], None]
_apps = itertools.count(1_400_000_000)


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A nats-server for this folder; tests that restart one start their own."""
    with nats_server_in(tmp_path_factory.mktemp("bus")) as server:
        yield server


@pytest.fixture
def app() -> SdkAppId:
    """An app of this test alone."""
    return SdkAppId(next(_apps))


@pytest.fixture
def run(bus_server: EmbeddedServer) -> Run:
    """Runs `scenario(bus)` on a fresh loop with a prepared bus, for half a minute at most."""
    return lambda scenario: run_with(bus_server, scenario)


def run_with(server: EmbeddedServer, scenario: Scenario) -> None:
    """Run `scenario(bus)` against `server`."""

    async def main() -> None:
        bus = await connect(server.url, "test")
        try:
            await bus.prepare(PRESENCE_TTL, ACK_WAIT)
            async with asyncio.timeout(30):
                await scenario(bus)
        finally:
            await bus.close()

    uvloop.run(main())
