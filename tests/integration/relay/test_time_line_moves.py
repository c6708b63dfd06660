"""The time line of a task that moves from worker to worker, and of one whose callers and tellers die."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.relay.test_time_line import ENDED, ended, in_short, statuses
from tests.media.film import FPS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")


@pytest.fixture(scope="module")
def anna(base: Served, red_film: Path) -> Iterator[None]:
    with Publisher(red_film, base.publish_url("diary", "anna")):
        yield


@pytest.mark.usefixtures("anna")
def test_a_hand_over_is_recovering_once_then_running(
    base: Served, worker: Callable[[str], Served], cdn: HostedCdn
) -> None:
    cloud, url = Cloud(base), cdn.url("moves")
    with worker("first") as first:
        task = cloud.start("diary", "anna", [url])
        cdn.until_more("moves", FPS)
        cloud.until_running(task)
        with worker("second"):
            assert first.stop() == 0
            eventually(lambda: statuses(cloud, task, url) == [1, 2, 3, 2], "the hand-over is told")
            events = ended(cloud, task)

    words = [word for word in in_short(events) if word not in ("visible", "released")]
    assert words in (
        ["queued", "taken", 1, 2, "taken", 3, 2, *ENDED],
        # Whichever of the two children is the first to tell.
        ["queued", "taken", 1, 2, 3, "taken", 2, *ENDED],
    )
    assert [event["Epoch"] for event in events if event["What"] == "taken"] == [1, 2]


@pytest.mark.usefixtures("anna")
def test_a_task_that_waits_for_a_worker_is_told_of(
    base: Served, worker: Callable[[str], Served], cdn: HostedCdn
) -> None:
    cloud = Cloud(base)
    task = cloud.start("diary", "anna", [cdn.url("waits")])
    eventually(lambda: in_short(cloud.events(TaskId=task)) == ["queued"], "the start is told")
    with worker("late"):
        cdn.until_more("waits", FPS)
        events = ended(cloud, task)

    assert [word for word in in_short(events) if word != "visible"] == ["queued", "taken", 1, 2, *ENDED]


@pytest.mark.usefixtures("anna")
def test_the_end_of_a_task_whose_worker_is_gone_ends_its_destinations(
    base: Served, worker: Callable[[str], Served], cdn: HostedCdn
) -> None:
    cloud, url = Cloud(base), cdn.url("gone")
    with worker("gone") as gone:
        task = cloud.start("diary", "anna", [url])
        cdn.until_more("gone", FPS)
        cloud.until_running(task)
        eventually(lambda: statuses(cloud, task, url) == [1, 2], "running is told")
        eventually(lambda: cloud.describe(task)["Destinations"][0]["State"] == "running", "running is stored")
        assert gone.stop() == 0
    events = ended(cloud, task)

    assert statuses(cloud, task, url) == [1, 2, 3, 5, 0]
    assert in_short(events)[-1] == "ended"


@pytest.mark.usefixtures("anna")
def test_what_control_had_no_time_to_tell_is_told_by_the_child(
    base: Served, worker: Callable[[str], Served], cdn: HostedCdn
) -> None:
    cloud = Cloud(base)
    with worker("teller"):
        task = cloud.start("diary", "anna", [cdn.url("told")])
        base.kill_role("control")
        cdn.until_more("told", FPS)
        events = ended(Cloud(base), task)

    once = [event["What"] for event in events if not event["Destination"]]
    assert [once.count(what) for what in ("queued", "taken", "stopping", "ended")] == [1] * 4
    assert once[0] == "queued"
