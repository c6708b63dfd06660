"""Starts that no worker has room for are refused and say why; what is stored waits, and runs once there is room."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailrace.bus.connection import connect
from tailrace.bus.queue import Queue
from tailrace.bus.tasks import Tasks
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.mix import Mix, Scene, VideoEncoding
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import TaskRecord
from tailrace.secret import PushUrl, Secret
from tests.harness.cloud import Cloud, CloudError
from tests.harness.served import Served
from tests.harness.waiting import eventually

# Nobody publishes in these tests: tasks wait in their rooms, and push nothing.
NOWHERE = "rtmp://127.0.0.1:9/live/nowhere"
# A whole core by its estimate: more than the worker of `narrow` may use in all.
LARGE: dict[str, Any] = {"Width": 1280, "Height": 720, "Fps": 30}


def relay(cloud: Cloud, room: str) -> str:
    return cloud.start(room, "anna", [NOWHERE])


def until_taken(cloud: Cloud, task_id: str) -> None:
    eventually(lambda: cloud.describe(task_id)["State"] == "running", f"taken: {task_id}")


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Served]:
    """A server whose worker may use 0.8 of a core, whatever the machine has."""
    share = 0.8 / len(os.sched_getaffinity(0))
    with Served(tmp_path, TAILRACE_WORKER__MAX_CPU=str(share)) as running:
        yield running


def test_a_start_beyond_max_tasks_is_refused_until_a_task_ends(tmp_path: Path) -> None:
    with Served(tmp_path, TAILRACE_WORKER__MAX_TASKS="1") as served:
        cloud = Cloud(served)
        first = relay(cloud, "one")
        until_taken(cloud, first)

        began = time.monotonic()
        with pytest.raises(CloudError) as refused:
            relay(cloud, "two")

        assert refused.value.code == "ResourceInsufficient"
        assert refused.value.message.endswith("No worker has room for this task: tasks.")
        assert time.monotonic() - began < 1
        assert cloud.tasks()["TotalCount"] == 1

        cloud.stop(first)
        cloud.until_ended(first)
        second = eventually(lambda: _started(cloud), "a start that is taken again")
        until_taken(cloud, second)
        cloud.stop(second)


def _started(cloud: Cloud) -> str:
    try:
        return relay(cloud, "two")
    except CloudError:
        return ""


def test_without_a_worker_a_start_is_stored_and_runs_when_one_comes(tmp_path: Path) -> None:
    with Served(tmp_path, roles=["bus", "control"]) as alone:
        cloud = Cloud(alone)
        task = relay(cloud, "early")

        described = cloud.describe(task)
        assert (described["State"], described["Reason"]) == ("queued", "there is no worker")
    with Served(tmp_path) as whole:
        cloud = Cloud(whole)
        until_taken(cloud, task)
        assert cloud.describe(task)["Reason"] == ""
        cloud.stop(task)


def test_a_mix_that_does_not_fit_is_refused_and_a_relay_is_not(narrow: Served) -> None:
    cloud = Cloud(narrow)
    until_taken(cloud, relay(cloud, "one"))

    with pytest.raises(CloudError) as refused:
        cloud.start_mix("mixed", [NOWHERE], encode=LARGE)

    assert refused.value.code == "ResourceInsufficient"
    assert refused.value.message.endswith("No worker has room for this task: cpu.")
    until_taken(cloud, relay(cloud, "two"))


def test_a_task_that_lost_a_race_for_room_waits_and_says_what_for(narrow: Served) -> None:
    """As when two control processes let in a task each, and there was room for one."""
    cloud = Cloud(narrow)
    first = relay(cloud, "one")
    until_taken(cloud, first)
    app, late = SdkAppId(narrow.app["sdk_app_id"]), TaskId("late")
    plan = Plan(
        Room(app, "late", numeric=False),
        UserId("robot"),
        (Destination(0, PushUrl(NOWHERE)),),
        mix=Mix(Scene(VideoEncoding(1280, 720, 30, 1500, 2))),
    )

    asyncio.run(_store(narrow, TaskRecord(late, plan, created_at=time.time(), state_since=time.time())))

    eventually(lambda: narrow.entries("no room for a task"), "a worker that declined")
    described = cloud.describe(late)
    assert (described["State"], described["Reason"]) == ("queued", "no worker has room: cpu")
    until_taken(cloud, relay(cloud, "two"))

    for task in cloud.tasks(State="running")["TaskList"]:
        cloud.stop(task["TaskId"])
    until_taken(cloud, late)
    cloud.stop(late)


async def _store(served: Served, record: TaskRecord) -> None:
    bus = await connect(Secret(served.bus_url()), "another control process")
    try:
        await Tasks(bus).create(record)
        await Queue(bus).put(record.plan.room.app, record.task_id)
    finally:
        await bus.close()
