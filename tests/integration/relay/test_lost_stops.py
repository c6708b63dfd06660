"""A stop is never lost: not when nobody could tell the child of it, and not when the bus was away."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tailrace.bus.connection import connect
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import EndReason, TaskState
from tailrace.secret import Secret
from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.processes import children_of
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS

ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]


def _store_a_stop(served: Served, task: str) -> None:
    """Do the first half of a stop, as a control process does that is killed before the second."""

    async def store() -> None:
        bus = await connect(Secret(served.bus_url()), "test")
        await Tasks(bus).change(
            SdkAppId(served.app["sdk_app_id"]),
            TaskId(task),
            lambda record: record.move(TaskState.STOPPING, time.time(), EndReason.STOPPED),
        )
        await bus.close()

    asyncio.run(store())


def test_a_stop_that_was_stored_and_told_to_nobody_is_carried_out(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    # The child heard of a stop by a call only, and pushed on.
    with Publisher(red_film, served.publish_url("untold", "anna")):
        task = cloud.start("untold", "anna", [cdn.url("untold")])
        cdn.until_more("untold", FPS)

        _store_a_stop(served, task)

        assert cdn.until_ended("untold").events[-3:] == ORDERLY_END
        assert cloud.until_ended(task)["Reason"] == "stopped"


def test_a_child_that_could_not_be_reached_ends_its_push_when_it_finds_the_task_ended(
    tmp_path: Path, cdn: HostedCdn, red_film: Path
) -> None:
    # The record said "ended", nothing was in the queue, and the child went on pushing for ever.
    with Served(tmp_path) as served, Publisher(red_film, served.publish_url("frozen", "anna")):
        cloud = Cloud(served)
        task = cloud.start("frozen", "anna", [cdn.url("frozen")], video=False)
        eventually(lambda: cdn.streams("frozen") and cdn.stream("frozen").audio, "sound at the CDN")
        (child,) = served.children()
        frozen = [child, *children_of(served.role("worker"))]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            os.kill(served.nats(), signal.SIGKILL)
            eventually(lambda: _stops(cloud, task), "the stop is answered")
        finally:
            for pid in reversed(frozen):
                os.kill(pid, signal.SIGCONT)

        assert cdn.until_ended("frozen").events[-3:] == ORDERLY_END
        assert cloud.until_ended(task)["Reason"] == "stopped"
        eventually(lambda: not served.children(), "no child left")


def _stops(cloud: Cloud, task: str) -> bool:
    try:
        cloud.stop(task)
    except CloudError:
        return False
    return True


pytestmark = pytest.mark.timeout(90)
