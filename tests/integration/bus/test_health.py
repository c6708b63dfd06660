"""Health: who serves says so, and where."""

from tailrace.bus import health
from tailrace.bus.connection import Bus
from tests.integration.bus.conftest import Run

ADDRESSES = {"media_http": "http://127.0.0.1:8931"}


def test_a_role_that_serves_tells_its_addresses(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        service = await health.serve(bus, "somebody", ADDRESSES)
        assert await health.ask(bus, "somebody", 1)
        assert await health.addresses(bus, "somebody", 1) == ADDRESSES
        await service.close()
        assert not await health.ask(bus, "somebody", 1)
        assert await health.addresses(bus, "somebody", 1) == {}

    run(scenario)


def test_a_role_without_addresses_has_none(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        service = await health.serve(bus, "nobody")
        assert await health.addresses(bus, "nobody", 1) == {}
        await service.close()

    run(scenario)
