"""The work queue on a real nats-server."""

import asyncio
import time

from tailrace.bus.connection import Bus, connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.queue import Queue
from tailrace.ids import SdkAppId, TaskId
from tests.integration.bus.conftest import ACK_WAIT, Run

NAME = TaskId("task a/1.*")


async def emptied(bus: Bus) -> Queue:
    """Return the queue without what an earlier test left in it."""
    await bus.js.purge_stream("queue")
    return Queue(bus)


def test_a_worker_who_waits_gets_a_task_at_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        async with asyncio.TaskGroup() as group:
            pull = group.create_task(queue.pull(5), name="pull")
            await queue.put(app, NAME)
            put = time.monotonic()
            lease = await pull
        assert lease is not None
        assert (lease.app, lease.task_id, lease.deliveries) == (app, NAME, 1)
        assert time.monotonic() - put < 0.1
        await lease.done()

    run(scenario)


def test_a_task_that_is_done_is_gone(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        lease = await queue.pull(5)
        assert lease is not None
        await lease.done()
        assert await queue.pull(ACK_WAIT + 0.5) is None
        assert (await bus.js.stream_info("queue")).state.messages == 0

    run(scenario)


def test_a_task_is_queued_once_however_often_it_is_put(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        await queue.put(app, NAME)
        assert (await bus.js.stream_info("queue")).state.messages == 1

    run(scenario)


def test_putting_a_task_that_a_worker_holds_changes_nothing(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        assert await queue.put(app, NAME)
        lease = await queue.pull(5)
        assert lease is not None
        assert not await queue.put(app, NAME)
        assert await Queue(bus).pull(ACK_WAIT / 2) is None
        await lease.keep()
        await lease.done()
        assert (await bus.js.stream_info("queue")).state.messages == 0
        assert await queue.put(app, NAME), "it is over, and may be queued again"

    run(scenario)


def test_a_task_whose_worker_vanished_is_handed_to_another_one(
    run: Run, bus_server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        victim = await connect(bus_server.url, "victim")
        await queue.put(app, NAME)
        assert await Queue(victim).pull(5) is not None
        await victim.nc.close()
        lost = time.monotonic()
        lease = await queue.pull(ACK_WAIT + 5)
        assert lease is not None
        assert lease.deliveries == 2
        assert time.monotonic() - lost < ACK_WAIT + 1
        await lease.done()

    run(scenario)


def test_a_lease_that_is_kept_is_not_handed_on(run: Run, bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        lease = await queue.pull(5)
        assert lease is not None
        other = Queue(bus)
        for _ in range(6):
            await lease.keep()
            assert await other.pull(ACK_WAIT / 3) is None
        await lease.done()

    run(scenario)


def test_a_task_given_back_is_offered_again_after_the_delay(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        first = await queue.pull(5)
        assert first is not None
        given = time.monotonic()
        await first.give_back(0.3)
        again = await queue.pull(5)
        assert again is not None
        assert 0.25 < time.monotonic() - given < ACK_WAIT
        await again.give_back()
        last = await queue.pull(5)
        assert last is not None
        assert last.deliveries == 3
        await last.done()

    run(scenario)


def test_a_withdrawn_task_is_handed_to_nobody_and_may_be_put_again(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        await queue.withdraw(app, NAME)
        await queue.withdraw(app, NAME)
        assert await queue.pull(0.2) is None
        await queue.put(app, NAME)
        lease = await queue.pull(5)
        assert lease is not None
        await lease.done()

    run(scenario)


def test_a_lease_withdrawn_under_its_worker_ends_without_harm(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        await queue.put(app, NAME)
        lease = await queue.pull(5)
        assert lease is not None
        await queue.withdraw(app, NAME)
        await lease.keep()
        await lease.done()
        assert await queue.pull(ACK_WAIT + 0.3) is None

    run(scenario)


def test_a_task_that_arrives_for_a_cancelled_pull_goes_to_another_worker_at_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = await emptied(bus)
        async with asyncio.TaskGroup() as group:
            pull = group.create_task(queue.pull(5), name="pull")
            await bus.alive()
            pull.cancel()
        started = time.monotonic()
        await queue.put(app, NAME)
        lease = await Queue(bus).pull(5)
        assert lease is not None
        assert time.monotonic() - started < ACK_WAIT / 2
        await lease.done()

    run(scenario)
