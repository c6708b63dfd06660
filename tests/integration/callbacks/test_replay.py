"""Callbacks sent again: through the API, and what was given up."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from tailrace.bus.connection import Bus, connect
from tailrace.bus.deliveries import Deliveries, Noted
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.events import Events
from tailrace.ids import SdkAppId
from tailrace.model.delivery import Attempt, Delivery, DeliveryState
from tailrace.model.task import DestinationStatus
from tailrace.secret import Secret
from tests.fakes.receiver import FakeReceiver
from tests.integration.callbacks.controlled import control, served_with, told, wants

PATIENT = 40.0


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, PATIENT))


async def give_up(bus: Bus, app: SdkAppId, sequence: int) -> None:
    """Have an event noted as one that was tried for a minute."""
    deliveries = Deliveries(bus)
    noted = await deliveries.get(app, sequence) or Noted(Delivery(sequence, sequence))
    for at in (0.0, 1.0, 60.0):
        noted = await deliveries.tried(app, noted, Attempt(sequence + 1_000_000, time.time() + at, 0.1, 500))
    assert noted.delivery.state is DeliveryState.GIVEN_UP


def test_a_range_is_sent_again_with_the_same_events_at_a_new_time(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url())) as server:
            sequences = [await Events(server.bus).of_task(told(app, f"task-{number}")) for number in range(4)]
            await receiver.until(4)
            answer = await server.call(app, FromSequenceNumber=sequences[1], ToSequenceNumber=sequences[2])
            got = await receiver.until(6)

        assert (answer["Queued"], answer["More"]) == (2, 0)
        first = {received.json["EventInfo"]["TaskId"]: received.json for received in got[:4]}
        again = {received.json["EventInfo"]["TaskId"]: received.json for received in got[4:]}
        assert sorted(again) == ["task-1", "task-2"]
        for task, sent in again.items():
            assert sent["EventInfo"] == first[task]["EventInfo"]
            assert sent["CallbackTs"] > first[task]["CallbackTs"]

    run(scenario())


def test_of_those_that_failed_only_they_are_sent_again(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url())) as server:
            sequences = [await Events(server.bus).of_task(told(app, f"task-{number}")) for number in range(3)]
            await receiver.until(3)
            await give_up(server.bus, app, sequences[1])
            answer = await server.call(app, SinceMs=int((time.time() - 3600) * 1000), Failed=1)
            got = await receiver.until(4)
            once_more = await server.call(app, TaskId="task-0", Failed=1)

        assert (answer["Queued"], once_more["Queued"]) == (1, 0)
        assert got[3].json["EventInfo"]["TaskId"] == "task-1"

    run(scenario())


def test_a_task_is_sent_again_in_order_and_in_as_many_calls_as_it_takes(
    bus_server: EmbeddedServer, app: SdkAppId
) -> None:
    states = [DestinationStatus.CONNECTING, DestinationStatus.RUNNING, DestinationStatus.RECOVERING]

    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url())) as server:
            for status in states:
                await Events(server.bus).of_task(told(app, "task", status))
                await Events(server.bus).of_task(told(app, "other", status))
            await receiver.until(6)
            answer = await server.call(app, TaskId="task", Limit=2)
            rest = await server.call(app, TaskId="task", Limit=2, FromSequenceNumber=answer["NextSequenceNumber"])
            got = (await receiver.until(9))[6:]

        assert (answer["Queued"], answer["More"], rest["Queued"], rest["More"]) == (2, 1, 1, 0)
        assert [received.json["EventInfo"]["Payload"]["Status"] for received in got] == states

    run(scenario())


def test_the_command_sends_again_what_was_stored_since(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver:
            served = served_with(tmp_path, receiver.url())
            await asyncio.to_thread(served.__enter__)
            try:
                bus = await connect(Secret(served.bus_url()), "test")
                await Events(bus).of_task(told(SdkAppId(served.app["sdk_app_id"]), "task"))
                await bus.close()
                await receiver.until(1)
                done = await asyncio.to_thread(served.command, "events", "replay", "--since", "1h")
                failed = await asyncio.to_thread(
                    served.command, "events", "replay", "--since", "1h", "--failed", "--json"
                )
                nothing = await asyncio.to_thread(served.command, "events", "replay")
                first, again = await receiver.until(2)
            finally:
                await asyncio.to_thread(served.__exit__, None, None, None)

        assert (done.returncode, done.stdout) == (0, "1 callbacks are sent again\n")
        assert (failed.returncode, failed.stdout) == (0, '{"Queued": 0}\n')
        assert nothing.returncode == 2
        assert "--from, --task or --since" in nothing.stderr
        assert again.json["EventInfo"] == first.json["EventInfo"]

    run(scenario())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "MissingParameter"),
        ({"Failed": 1}, "MissingParameter"),
        ({"TaskId": "x", "Limit": 501}, "InvalidParameter"),
        ({"TaskId": "x", "Failed": 2}, "InvalidParameter"),
        ({"SinceMs": -1}, "InvalidParameter"),
    ],
)
def test_what_names_no_events_is_refused(
    bus_server: EmbeddedServer, app: SdkAppId, asked: Mapping[str, Any], code: str
) -> None:
    async def scenario() -> None:
        async with control(bus_server.url, wants(app, "http://127.0.0.1:9/")) as server:
            assert (await server.call(app, **asked))["Error"]["Code"] == code

    run(scenario())


def test_an_app_without_a_receiver_is_told_so(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with control(bus_server.url, wants(app, "")) as server:
            error = (await server.call(app, TaskId="x"))["Error"]

        assert error["Code"] == "InvalidParameter"
        assert "callback_url" in error["Message"]

    run(scenario())
