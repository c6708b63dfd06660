"""The connection, and how streams and buckets come about."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from tailrace.bus.bucket import Bucket
from tailrace.bus.connection import Bus, asking, connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.tasks import Tasks
from tailrace.errors import BusError
from tailrace.ids import SdkAppId
from tests.harness.nats import nats_server_in
from tests.integration.bus.conftest import Run, run_with
from tests.integration.bus.test_tasks import a_record


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A fresh nats-server of this test alone."""
    with nats_server_in(tmp_path) as server:
        yield server


def test_roles_that_start_at_once_all_find_the_bus_prepared(server: EmbeddedServer, app: SdkAppId) -> None:
    async def role(number: int) -> None:
        bus = await connect(server.url, f"role {number}")
        await bus.prepare(10, 3)
        await Tasks(bus).create(a_record(app, f"t{number}"))
        assert await Tasks(bus).get(app, a_record(app, f"t{number}").task_id) is not None
        await bus.close()

    async def main() -> None:
        await asyncio.gather(*(role(number) for number in range(8)))

    uvloop.run(main())


def test_other_times_in_the_configuration_change_what_is_there_and_keep_its_content(
    server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario(bus: Bus) -> None:
        stored = await Tasks(bus).create(a_record(app))
        await bus.prepare(20, 7)
        assert (await bus.js.consumer_info("queue", "workers")).config.ack_wait == 7
        assert (await bus.js.stream_info("KV_rooms")).config.max_age == 20
        assert await Tasks(bus).get(app, stored.record.task_id) == stored

    run_with(server, scenario)


def test_a_bus_that_was_not_prepared_says_so_instead_of_finding_nothing(server: EmbeddedServer) -> None:
    async def main() -> None:
        bus = await connect(server.url, "early")
        with pytest.raises(BusError, match="tasks does not answer"):
            await Bucket(bus, "tasks").get("a")
        with pytest.raises(BusError, match="tasks does not answer"):
            await Bucket(bus, "tasks").list(">")
        with pytest.raises(BusError, match="tasks does not answer"):
            await Bucket(bus, "tasks").put("a", b"", 0)
        await bus.close()

    uvloop.run(main())


def test_closing_twice_is_harmless_and_a_closed_bus_is_not_alive(server: EmbeddedServer) -> None:
    async def main() -> None:
        bus = await connect(server.url, "short")
        assert await bus.alive()
        await bus.close()
        await bus.close()
        assert not await bus.alive()
        with pytest.raises(BusError):
            await bus.publish("a", b"")

    uvloop.run(main())


def test_a_cancellation_that_a_library_swallows_is_raised_again(run: Run) -> None:
    async def swallow() -> None:
        with asking("swallow"):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return

    async def scenario(bus: Bus) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(swallow(), name="swallow")
            await bus.alive()
            task.cancel()
        assert task.cancelled()

    run(scenario)


def test_a_cancelled_task_may_still_use_the_bus_to_clean_up(run: Run) -> None:
    cleaned: list[bool] = []

    async def work(bus: Bus) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            with asking("clean up"):
                await bus.nc.flush()
            cleaned.append(await bus.alive())

    async def scenario(bus: Bus) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work(bus), name="work")
            await bus.alive()
            task.cancel()
        assert cleaned == [True]

    run(scenario)
