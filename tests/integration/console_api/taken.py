"""A task that a worker has taken, as its record says it; a test stands in for the child."""

from dataclasses import replace

from tailrace.bus.connection import Bus
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.secret import Secret
from tests.integration.control.running import APP, on_the_bus


def take_over(nats_url: Secret, task_id: str) -> None:
    """Have the task run."""

    async def work(bus: Bus) -> None:
        await Tasks(bus).change(
            SdkAppId(APP), TaskId(task_id), lambda record: replace(record.take_over("a worker", 1, 1.0), origin=1.0)
        )

    on_the_bus(nats_url, work)
