"""A task as it is stored, and as the API describes it."""

import json
from typing import Any

from tailrace.bus.connection import Bus
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import TaskRecord
from tests.integration.control.running import APP, Control, on_the_bus


def record_of(api: Control, task_id: str) -> TaskRecord:
    """The record as it is stored."""

    async def work(bus: Bus) -> TaskRecord:
        stored = await Tasks(bus).get(SdkAppId(APP), TaskId(task_id))
        assert stored is not None
        return stored.record

    record = on_the_bus(api.nats_url, work)
    assert isinstance(record, TaskRecord)
    return record


def show(api: Control, task_id: str) -> dict[str, Any]:
    """Describe a task."""
    answer = json.loads(api.client().call("DescribePublishCdnStream", {"SdkAppId": APP, "TaskId": task_id}))
    (task,) = answer["Response"]["TaskList"]
    return dict(task)
