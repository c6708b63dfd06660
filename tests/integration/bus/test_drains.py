"""A worker is asked by its name to drain; who asks learns when there is none."""

import asyncio

from tailrace.bus import drains
from tailrace.bus.connection import Bus
from tests.integration.bus.conftest import Run


def test_the_worker_of_that_name_is_asked_and_no_other(run: Run) -> None:
    async def scenario(bus: Bus) -> None:
        one, two = asyncio.Event(), asyncio.Event()
        services = [await drains.serve(bus, f"drained.host-{n}", event.set) for n, event in ((1, one), (2, two))]

        assert await drains.ask(bus, "drained.host-2")

        assert two.is_set()
        assert not one.is_set()
        for service in services:
            await service.close()
        assert not await drains.ask(bus, "drained.host-2")

    run(scenario)
