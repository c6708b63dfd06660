"""Servers that end, by SIGTERM or by kill -9, and the next ones on the same data."""

import os
import signal
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS
from tests.media.received import rises

ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_live_tasks_are_resumed_by_the_next_server_on_the_same_data(
    tmp_path: Path, cdn: HostedCdn, red_film: Path, how: signal.Signals
) -> None:
    names = [f"resumed-{number}" for number in range(3)]
    with Served(tmp_path) as first:
        cloud = Cloud(first)
        with Publisher(red_film, first.publish_url("night", "anna")):
            tasks = [cloud.start("night", "anna", [cdn.url(name)]) for name in names]
            stopped = cloud.start("night", "anna", [cdn.url("stopped")])
            for name in [*names, "stopped"]:
                cdn.until(name, FPS)
            cloud.stop(stopped)
            cloud.until_ended(stopped)
            first.process.send_signal(how)
            status = first.process.wait(20)
        if how is signal.SIGTERM:
            assert status == 0
            assert first.left() == []
            assert all(cdn.until_ended(name).events[-3:] == ORDERLY_END for name in names)

        # After a kill its processes may still be ending: the next server waits for them.
        with Served(tmp_path) as second, Publisher(red_film, second.publish_url("night", "anna")):
            assert first.left() == []
            cloud = Cloud(second)
            for name, task in zip(names, tasks, strict=True):
                eventually(lambda name=name: len(cdn.streams(name)) == 2, f"{name} again")  # type: ignore[misc]
                eventually(lambda name=name: len(cdn.stream(name).video) > FPS, f"pictures of {name}")  # type: ignore[misc]
                cloud.until_running(task)
                assert cloud.describe(task)["Epoch"] == 2
            assert cloud.describe(stopped)["State"] == "ended"
            for task in tasks:
                cloud.stop(task)
            for name in names:
                assert cdn.until_ended(name).events[-3:] == ORDERLY_END
                assert rises([at for at, _ in cdn.received(name).frames])
                assert rises(cdn.received(name).sound_times)
    assert len(cdn.streams("stopped")) == 1


def test_a_server_with_a_cdn_that_takes_nothing_stops_in_time_all_the_same(
    tmp_path: Path, cdn: HostedCdn, red_film: Path
) -> None:
    with HostedCdn() as stuck, Served(tmp_path) as served, Publisher(red_film, served.publish_url("dam", "anna")):
        cloud = Cloud(served)
        task = cloud.start("dam", "anna", [cdn.url("flows"), stuck.url("stuck")])
        cloud.until_running(task)
        stuck.misbehave(lambda fake: fake.stall())
        cdn.until_more("flows", FPS)

        assert served.stop() == 0

        assert served.left() == []
        assert cdn.until_ended("flows").events[-3:] == ORDERLY_END


def test_tasks_are_started_and_stopped_although_no_worker_runs(tmp_path: Path, cdn: HostedCdn, red_film: Path) -> None:
    with (
        Served(tmp_path, roles=["bus", "control", "ingest"]) as served,
        Publisher(red_film, served.publish_url("queue", "anna")),
    ):
        cloud = Cloud(served)
        waits = cloud.start("queue", "anna", [cdn.url("waits")])
        never = cloud.start("queue", "anna", [cdn.url("never")])
        assert cloud.describe(never)["State"] == "queued"

        assert cloud.stop(never) == never

        assert (cloud.describe(never)["State"], cloud.describe(never)["Reason"]) == ("ended", "stopped")
        assert cloud.describe(waits)["State"] == "queued"
        assert cloud.tasks(State="queued")["TotalCount"] == 1

    with Served(tmp_path) as served, Publisher(red_film, served.publish_url("queue", "anna")):
        cdn.until_more("waits", FPS)
        Cloud(served).stop(waits)
        assert cdn.until_ended("waits").events[-3:] == ORDERLY_END
    assert cdn.streams("never") == []


def test_a_server_leaves_nothing_but_its_data_behind(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        os.kill(served.process.pid, signal.SIGINT)
        assert served.process.wait(20) == 0

    files = {path.name for path in served.data.iterdir()}
    assert files <= {"tailrace.toml", "lock", "nats"}
    assert not (tmp_path / "ready.json").exists()
