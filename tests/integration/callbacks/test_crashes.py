"""Callbacks survive what happens to control and to nats-server."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tailrace.bus.connection import connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.events import Events
from tailrace.ids import SdkAppId
from tailrace.model.task import DestinationStatus
from tailrace.secret import Secret
from tests.fakes.receiver import FakeReceiver, Received, after, hangs, takes
from tests.harness.nats import nats_server_in
from tests.harness.waiting import eventually
from tests.integration.callbacks.controlled import control, served_with, told, wants

PATIENT = 60.0


def firsts(got: list[Received]) -> list[str]:
    """Return the messages of what came, each once."""
    return list(dict.fromkeys(received.json["EventInfo"]["Payload"]["ErrorMsg"] for received in got))


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, PATIENT))


def test_what_happens_while_no_control_runs_is_sent_by_the_next_one(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver:
            wanting = wants(app, receiver.url())
            async with control(bus_server.url, wanting):
                pass
            bus = await connect(bus_server.url, "test")
            for status in (DestinationStatus.CONNECTING, DestinationStatus.RUNNING):
                await Events(bus).of_task(told(app, "task", status))
            await bus.close()
            async with control(bus_server.url, wanting):
                got = await receiver.until(2)

        assert [received.json["EventInfo"]["Payload"]["Status"] for received in got] == [1, 2]

    run(scenario())


def test_a_delivery_that_a_stopping_control_has_in_hand_is_sent_at_once_by_the_next_one_with_the_same_bytes(
    bus_server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario() -> None:
        async with FakeReceiver(hangs, takes) as receiver:
            wanting = wants(app, receiver.url())
            async with control(bus_server.url, wanting) as server:
                await Events(server.bus).of_task(told(app, "task"))
                await receiver.until(1)
            async with control(bus_server.url, wanting):
                first, again = await receiver.until(2)

        assert again.body == first.body
        assert again.headers == first.headers

    run(scenario())


def test_two_control_processes_keep_the_order_of_a_task_also_when_one_of_them_stops(
    bus_server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario() -> None:
        async with FakeReceiver(after(0.005)) as receiver:
            wanting = wants(app, receiver.url())
            leaving = AsyncExitStack()
            first = await leaving.enter_async_context(control(bus_server.url, wanting))
            await Events(first.bus).of_task(told(app, "task", words="0"))
            await receiver.until(1)
            async with control(bus_server.url, wanting) as staying:
                for number in range(1, 100):
                    await Events(staying.bus).of_task(told(app, "task", words=str(number)))
                await receiver.until(20)
                await leaving.aclose()
                for number in range(100, 150):
                    await Events(staying.bus).of_task(told(app, "task", words=str(number)))
                while len(in_order := firsts(receiver.got)) < 150:
                    await receiver.until(len(receiver.got) + 1)

        numbers = [int(message) for message in in_order]
        assert sorted(numbers) == list(range(150))
        # Only what was in hand at that moment may change places.
        assert numbers[:20] == list(range(20))
        assert numbers[100:] == list(range(100, 150))

    run(scenario())


def test_callbacks_go_on_after_nats_server_was_restarted(app: SdkAppId, tmp_path: Path) -> None:
    async def scenario() -> None:
        with nats_server_in(tmp_path) as nats:
            async with FakeReceiver() as receiver, control(nats.url, wants(app, receiver.url())) as server:
                await Events(server.bus).of_task(told(app, "before"))
                await receiver.until(1)
                await asyncio.to_thread(nats.stop)
                await asyncio.to_thread(nats.start)
                await asyncio.to_thread(nats.wait_ready, 10)
                await asyncio.to_thread(eventually, lambda: server.bus.connected, "the reconnection")
                await Events(server.bus).of_task(told(app, "after"))
                while "after" not in {got.json["EventInfo"]["TaskId"] for got in receiver.got}:
                    await receiver.until(len(receiver.got) + 1)

    run(scenario())


@pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")
def test_a_callback_survives_the_killing_of_control_in_the_middle_of_its_delivery(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeReceiver(hangs, takes) as receiver:
            served = served_with(tmp_path, receiver.url())
            await asyncio.to_thread(served.__enter__)
            try:
                bus = await connect(Secret(served.bus_url()), "test")
                app = SdkAppId(served.app["sdk_app_id"])
                for status in (DestinationStatus.CONNECTING, DestinationStatus.RUNNING):
                    await Events(bus).of_task(told(app, "task", status))
                await receiver.until(1)
                await asyncio.to_thread(served.kill_role, "control")
                first, *later = await receiver.until(3)
                await bus.close()
            finally:
                await asyncio.to_thread(served.__exit__, None, None, None)

        # What was in hand may change places with what comes after it (docs/callbacks.md).
        again, next_ = sorted(later, key=lambda got: got.json["EventInfo"]["Payload"]["Status"])
        assert again.body == first.body
        assert again.headers == first.headers
        assert next_.json["EventInfo"]["Payload"]["Status"] == 2

    run(scenario())
