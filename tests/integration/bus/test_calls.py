"""Calls to the child that runs a task, and events, on a real nats-server."""

import time
from typing import Any

import pytest

from tailrace.bus.calls import call, serve
from tailrace.bus.connection import Bus
from tailrace.bus.events import Events
from tailrace.bus.plain import load
from tailrace.errors import BusError, TaskNotFound
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task_event import TaskEvent, What
from tests.integration.bus.conftest import Run


def test_a_call_is_answered_by_whoever_runs_the_task(run: Run, app: SdkAppId) -> None:
    async def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"asked": request["op"]}

    async def scenario(bus: Bus) -> None:
        service = await serve(bus, TaskId(f"{app}.a"), answer)
        assert await call(bus, TaskId(f"{app}.a"), {"op": "stop"}, 5) == {"asked": "stop"}
        await service.close()

    run(scenario)


def test_a_call_to_a_task_that_nobody_runs_returns_none_at_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        begun = time.monotonic()
        assert await call(bus, TaskId(f"{app}.nobody"), {}, 20) is None
        assert time.monotonic() - begun < 1

    run(scenario)


def test_a_refusal_is_raised_at_the_caller(run: Run, app: SdkAppId) -> None:
    async def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise TaskNotFound("not here")

    async def scenario(bus: Bus) -> None:
        service = await serve(bus, TaskId(f"{app}.b"), refuse)
        with pytest.raises(BusError, match="not here"):
            await call(bus, TaskId(f"{app}.b"), {}, 5)
        await service.close()

    run(scenario)


def test_a_call_that_is_not_answered_in_time_is_an_error(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        await bus.nc.subscribe(f"task.{app}")
        with pytest.raises(BusError):
            await call(bus, TaskId(str(app)), {}, 0.1)

    run(scenario)


def test_events_are_numbered_in_the_order_in_which_they_were_stored(run: Run, app: SdkAppId) -> None:
    def event(what: What) -> TaskEvent:
        return TaskEvent(1.5, what, TaskId("t.1"), Room(app, "stage", numeric=False), UserId("robot"))

    async def scenario(bus: Bus) -> None:
        events = Events(bus)
        first = await events.of_task(event(What.TAKEN))
        second = await events.of_task(event(What.ENDED))
        assert second > first
        message = await bus.js.get_msg("events", seq=second)
        assert message.subject == f"events.task.{app}.t=2E1"
        assert load(TaskEvent, message.data or b"") == event(What.ENDED)

    run(scenario)
