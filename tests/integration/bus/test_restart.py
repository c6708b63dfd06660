"""nats-server is killed and comes back, under everything that uses the bus."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tailrace import supervise
from tailrace.bus.connection import REQUEST_TIMEOUT, Bus, connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.media import Publisher, subscribe
from tailrace.bus.membership import Membership
from tailrace.bus.mirror import Mirror
from tailrace.bus.outbox import sending
from tailrace.bus.queue import Queue
from tailrace.bus.rooms import Change, Joined, Left, Rooms
from tailrace.bus.starts import request_start, serve_starts
from tailrace.bus.tasks import Tasks
from tailrace.errors import BusError
from tailrace.ids import SdkAppId, Stream
from tailrace.secret import Secret
from tailrace.unit import Unit
from tests.harness.nats import nats_server_in
from tests.integration.bus.conftest import ACK_WAIT, PRESENCE_TTL, run_with
from tests.integration.bus.test_media import a_stream, a_unit
from tests.integration.bus.test_rooms import a_presence
from tests.integration.bus.test_tasks import a_record


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A nats-server of this test alone."""
    with nats_server_in(tmp_path) as server:
        yield server


async def crash(server: EmbeddedServer, bus: Bus) -> None:
    """Kill the server, start it again, and wait until the bus has noticed both."""
    connection = bus.connection
    back = asyncio.Event()
    with bus.reconnection(back.set):
        os.kill(server.pid, signal.SIGKILL)
        server.restart()
        server.wait_ready(10)
        await back.wait()
    assert bus.connection > connection
    assert await bus.alive(timeout=10)


@asynccontextmanager
async def watching(rooms: Rooms, app: SdkAppId) -> AsyncIterator[asyncio.Queue[Change]]:
    """Collect the changes in an app's rooms; a generator itself does not survive a time limit."""
    seen: asyncio.Queue[Change] = asyncio.Queue()

    async def collect() -> None:
        async with aclosing(rooms.watch(app=app)) as changes:
            async for change in changes:
                seen.put_nowait(change)

    async with asyncio.TaskGroup() as group:
        task = supervise.start(group, collect(), "collect")
        try:
            yield seen
        finally:
            await supervise.stop(task)


async def next_change(changes: asyncio.Queue[Change], within: float) -> Change | None:
    try:
        async with asyncio.timeout(within):
            return await changes.get()
    except TimeoutError:
        return None


def test_tasks_and_queue_are_as_they_were(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, queue = Tasks(bus), Queue(bus)
        stored = await tasks.create(a_record(app))
        await queue.put(app, stored.record.task_id)
        await crash(server, bus)
        assert await tasks.get(app, stored.record.task_id) == stored
        lease = await queue.pull(5)
        assert lease is not None
        assert (lease.app, lease.task_id) == (app, stored.record.task_id)

    run_with(server, scenario)


def test_a_lease_outlives_the_server(server: EmbeddedServer, app: SdkAppId) -> None:
    ack_wait = 3.0  # the default; nats-server keeps the times of leases in whole seconds

    async def scenario(bus: Bus) -> None:
        await bus.prepare(PRESENCE_TTL, ack_wait)
        queue = Queue(bus)
        await queue.put(app, a_record(app).task_id)
        lease = await queue.pull(5)
        assert lease is not None
        assert await queue.pull(0.3) is None  # and meanwhile the server writes down who holds what
        await crash(server, bus)
        for _ in range(4):
            await lease.keep()
            assert await queue.pull(ack_wait / 3) is None
        await lease.done()
        assert (await bus.js.stream_info("queue")).state.messages == 0

    run_with(server, scenario)


def test_a_worker_who_waits_during_the_crash_gets_the_next_task(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        queue = Queue(bus)
        async with asyncio.TaskGroup() as group:
            pull = supervise.start(group, queue.pull(20), "pull")
            await bus.alive()
            await crash(server, bus)
            await Queue(bus).put(app, a_record(app).task_id)
            async with asyncio.timeout(4):
                lease = await pull
        assert lease is not None

    run_with(server, scenario)


def test_members_announce_themselves_again_and_nobody_is_said_to_have_left(
    server: EmbeddedServer, app: SdkAppId
) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with watching(rooms, app) as changes, asyncio.TaskGroup() as group:
            membership = Membership(rooms, alice)
            task = supervise.start(group, membership.run(), "membership")
            assert await next_change(changes, 5) == Joined(alice)
            await crash(server, bus)
            assert await next_change(changes, 3 * PRESENCE_TTL) is None
            assert await rooms.list(app) == [alice]
            membership.update(replace(alice, width=640))
            assert await next_change(changes, 5) is not None
            await supervise.stop(task)
            assert await next_change(changes, 5) == Left(replace(alice, width=640))

    run_with(server, scenario)


def test_who_does_not_come_back_after_a_crash_has_left(server: EmbeddedServer, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with watching(rooms, app) as changes:
            await rooms.announce(alice)
            assert await next_change(changes, 5) == Joined(alice)
            await crash(server, bus)
            assert await next_change(changes, 3 * PRESENCE_TTL) == Left(alice)

    run_with(server, scenario)


def test_a_stopped_server_makes_nobody_leave(server: EmbeddedServer, app: SdkAppId) -> None:
    alice = a_presence(app)

    async def scenario(bus: Bus) -> None:
        rooms = Rooms(bus, PRESENCE_TTL)
        async with watching(rooms, app) as changes:
            await rooms.announce(alice)
            assert await next_change(changes, 5) == Joined(alice)
            os.kill(server.pid, signal.SIGSTOP)
            try:
                assert await next_change(changes, 2 * PRESENCE_TTL) is None
            finally:
                os.kill(server.pid, signal.SIGCONT)

    run_with(server, scenario)


def test_an_answer_that_comes_when_nobody_waits_any_more_does_not_make_the_bus_deaf(
    server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario(bus: Bus) -> None:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            while await bus.alive(0.1):
                pass
        finally:
            os.kill(server.pid, signal.SIGCONT)
        connection = bus.connection

        assert await Rooms(bus, PRESENCE_TTL).list(app) == []
        assert bus.connection == connection

    run_with(server, scenario)


def test_starts_that_could_not_be_served_are_not_answered_once_the_server_is_back(
    server: EmbeddedServer, app: SdkAppId
) -> None:
    # An empty answer would reach who asks before that of the publisher who came meanwhile.
    async def scenario(bus: Bus) -> None:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            while await bus.alive(0.1):
                pass
            with pytest.raises(BusError):
                await serve_starts(bus, a_stream(app), list)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        service = await serve_starts(bus, a_stream(app), lambda: [a_unit(0)])

        assert await request_start(bus, a_stream(app), 5) == [a_unit(0)]
        await service.close()

    run_with(server, scenario)


def test_a_server_whose_disk_stalls_is_waited_for(server: EmbeddedServer, app: SdkAppId) -> None:
    """Without that, a start is refused on a machine where something else writes much to the disk."""

    async def scenario(bus: Bus) -> None:
        tasks, queue = Tasks(bus), Queue(bus)
        stored = await tasks.create(a_record(app, "before"))
        await queue.put(app, stored.record.task_id)
        lease = await queue.pull(5)
        assert lease is not None
        os.kill(server.pid, signal.SIGSTOP)
        wakes = asyncio.get_running_loop().call_later(REQUEST_TIMEOUT + 0.5, os.kill, server.pid, signal.SIGCONT)
        try:
            record = a_record(app)
            await asyncio.gather(
                tasks.create(record),
                tasks.update(stored, replace(stored.record, epoch=7)),
                queue.put(app, record.task_id),
                lease.done(),
                bus.prepare(PRESENCE_TTL, ACK_WAIT),
            )
        finally:
            wakes.cancel()
            os.kill(server.pid, signal.SIGCONT)
        assert {(s.record.task_id, s.record.epoch) for s in await tasks.list(app)} == {
            ("before", 7),
            (record.task_id, 0),
        }
        lease = await queue.pull(5)
        assert lease is not None
        assert lease.task_id == record.task_id

    run_with(server, scenario)


def test_media_flows_again_and_what_was_sent_meanwhile_is_counted(server: EmbeddedServer, app: SdkAppId) -> None:
    stream = Stream(a_presence(app).room, a_presence(app).user)

    async def scenario(bus: Bus) -> None:
        units: asyncio.Queue[Unit] = asyncio.Queue()
        subscription = await subscribe(bus, stream, units.put)
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, stream)
            publisher.publish(a_unit(1))
            assert (await units.get()).sequence == 1
            server.stop()
            while bus.connected:
                await bus.alive(0.1)
            publisher.publish(a_unit(2))
            assert publisher.dropped == 1
            back = asyncio.Event()
            with bus.reconnection(back.set):
                server.start()
                server.wait_ready(10)
                await back.wait()
            publisher.publish(a_unit(3))
            assert (await units.get()).sequence == 3
        await subscription.close()

    run_with(server, scenario)


def test_a_mirror_catches_up(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        tasks, mirror = Tasks(bus), Mirror(bus)
        kept = await tasks.create(a_record(app, "kept"))
        async with asyncio.TaskGroup() as group:
            task = supervise.start(group, mirror.run(), "mirror")
            await mirror.ready()
            await crash(server, bus)
            later = await tasks.create(a_record(app, "later"))
            async with asyncio.timeout(5):
                while mirror.get(app, later.record.task_id) is None:
                    await bus.alive()
            assert set(mirror.list(app)) == {kept, later}
            await supervise.stop(task)

    run_with(server, scenario)


def test_a_request_without_a_server_fails_in_time(server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        server.stop()
        begun = asyncio.get_running_loop().time()
        with pytest.raises(BusError):
            await Tasks(bus).get(app, a_record(app).task_id)
        assert not await bus.alive(0.2)
        assert asyncio.get_running_loop().time() - begun < 5

    run_with(server, scenario)


def test_closing_after_the_server_has_gone_is_no_error(server: EmbeddedServer) -> None:
    # On asyncio's own loop the client's close raised ConnectionResetError, and a role ended with a traceback.
    async def scenario() -> None:
        bus = await connect(server.url, "test")
        server.stop()
        await bus.close()
        await bus.close()

    asyncio.run(scenario())


def test_a_wrong_password_or_no_server_is_an_error_without_the_secret(server: EmbeddedServer) -> None:
    address = server.url.reveal().rpartition("@")[2]

    async def attempt() -> None:
        with pytest.raises(BusError) as caught:
            await connect(
                Secret(f"nats://tailrace:wrong-password@{address}"), "test", timeout=3
            )  # the answer may take a second on a busy machine
        assert "wrong-password" not in str(caught.value)
        assert "uthorization" in str(caught.value)

    asyncio.run(attempt())
