"""kill -9 of each process while a task runs: the relay goes on or is resumed, tells the truth, and can be stopped."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.processes import children_of
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS
from tests.media.received import rises

ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")

FROZEN_SECONDS = 4.0  # a lease lasts 3 s (worker.ack_wait)
# The SDK gives up after 60 s; who calls an API from a request of their own has less patience.
ANSWER_WITHIN = 10.0
MAX_IDLE = 5  # the shortest of the API: a publisher who was taken for gone would soon be noticed
Record = Callable[[str, object], None]


@dataclass
class Relayed:
    """A task that runs, and where its pictures go."""

    served: Served
    cloud: Cloud
    cdn: HostedCdn
    task: str
    name: str

    def gap_after(self, kill: Callable[[], None]) -> float:
        """Return the seconds from the killing to the next picture that was not on its way already."""
        kill()
        began = time.monotonic()
        connections = len(self.cdn.streams(self.name))
        eventually(lambda: len(self.cdn.streams(self.name)) > connections, "a new connection")
        self.cdn.until_more(self.name, 1)
        return time.monotonic() - began

    def assert_goes_on(self, epoch: int) -> None:
        """What must be true after every crash: pictures flow, the state says so, times did not go back."""
        self.cdn.until_more(self.name, FPS)
        eventually(lambda: self.cloud.states(self.task) == ["running"], "running again")
        told = self.cloud.describe(self.task)
        assert (told["State"], told["Epoch"]) == ("running", epoch)
        got = self.cdn.received(self.name)
        assert rises([at for at, _ in got.frames])
        assert rises(got.sound_times)
        for stream in self.cdn.streams(self.name):
            assert stream.events[:5] == ["connect", "releaseStream", "FCPublish", "createStream", "publish"]

    def assert_stops(self) -> None:
        """The end is as orderly as without a crash."""
        self.cloud.stop(self.task)
        assert self.cdn.until_ended(self.name).events[-3:] == ORDERLY_END
        assert self.cloud.until_ended(self.task)["Reason"] == "stopped"
        eventually(lambda: not self.served.children(), "no child left")


def _answers(cloud: Cloud, task: str) -> bool:
    try:
        cloud.describe(task)
    except CloudError:
        return False
    return True


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, which suffers."""
    with Served(tmp_path_factory.mktemp("crashes")) as running:
        yield running


@pytest.fixture
def relayed(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, request: pytest.FixtureRequest
) -> Iterator[Relayed]:
    name = re.sub(r"\W", "_", request.node.name)
    with Publisher(red_film, served.publish_url("storm", "anna")):
        task = cloud.start("storm", "anna", [cdn.url(name)], robot="robbie", max_idle=MAX_IDLE)
        cdn.until_more(name, FPS)
        cloud.until_running(task)
        yield Relayed(served, cloud, cdn, task, name)


def test_a_killed_child_is_replaced_and_pushes_to_the_same_url(relayed: Relayed, record_property: Record) -> None:
    (child,) = relayed.served.children()

    record_property("gap_s", relayed.gap_after(lambda: os.kill(child, signal.SIGKILL)))

    relayed.assert_goes_on(epoch=2)
    assert relayed.served.children() != [child]
    relayed.assert_stops()


def test_times_do_not_go_back_however_soon_each_child_dies(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    # A child sends seconds of pictures at once. One that dies then was followed by one that did not know of them.
    with Publisher(red_film, served.publish_url("storm", "anna")):
        task = cloud.start("storm", "anna", [cdn.url("short-lived")], robot="robbie", max_idle=MAX_IDLE)
        for connection in range(1, 6):
            eventually(lambda: len(cdn.streams("short-lived")) == connection, f"connection {connection}")  # noqa: B023
            eventually(lambda: cdn.streams("short-lived")[-1].video, "its first picture")
            for child in served.children():
                os.kill(child, signal.SIGKILL)
        Relayed(served, cloud, cdn, task, "short-lived").assert_goes_on(epoch=6)
        cloud.stop(task)
        cloud.until_ended(task)


@pytest.mark.parametrize("whom", ["worker", "what forks its children"])
def test_a_killed_worker_leaves_no_second_pusher_and_its_task_is_resumed(
    relayed: Relayed, record_property: Record, whom: str
) -> None:
    worker = relayed.served.role("worker")
    victim = worker if whom == "worker" else children_of(worker)[0]

    record_property("gap_s", relayed.gap_after(lambda: os.kill(victim, signal.SIGKILL)))

    relayed.assert_goes_on(epoch=2)
    assert len(relayed.served.children()) == 1
    assert [stream.live for stream in relayed.cdn.streams(relayed.name)] == [False, True]
    relayed.assert_stops()


def test_all_tasks_of_a_killed_worker_are_resumed_at_once(relayed: Relayed, record_property: Record) -> None:
    cloud, cdn = relayed.cloud, relayed.cdn
    names = [f"of-ten-{number}" for number in range(9)]
    tasks = {name: cloud.start("storm", "anna", [cdn.url(name)], robot=name) for name in names}
    tasks[relayed.name] = relayed.task
    for name in tasks:
        cdn.until(name, FPS)
    os.kill(relayed.served.role("worker"), signal.SIGKILL)
    began = time.monotonic()
    for name in tasks:
        eventually(lambda name=name: len(cdn.streams(name)) == 2 and cdn.stream(name).video, name)  # type: ignore[misc]
    record_property("gap_s", time.monotonic() - began)

    for name, task in tasks.items():
        cloud.until_running(task)
        assert cloud.describe(task)["Epoch"] == 2
        cloud.stop(task)
        assert cdn.until_ended(name).events[-3:] == ORDERLY_END
        assert rises([at for at, _ in cdn.received(name).frames])
    eventually(lambda: not relayed.served.children(), "no child left")


def test_a_relay_does_not_notice_that_control_is_killed(relayed: Relayed) -> None:
    relayed.served.kill_role("control")
    eventually(lambda: _answers(relayed.cloud, relayed.task), "the API answers again")

    relayed.assert_goes_on(epoch=1)
    assert len(relayed.cdn.streams(relayed.name)) == 1
    relayed.assert_stops()


def test_a_publisher_who_comes_back_after_ingest_was_killed_is_relayed_in_the_same_push(
    relayed: Relayed, red_film: Path, record_property: Record
) -> None:
    relayed.served.kill_role("ingest")
    before, began = relayed.cdn.pictures(relayed.name), time.monotonic()
    with Publisher(red_film, relayed.served.publish_url("storm", "anna")):
        eventually(lambda: relayed.cdn.pictures(relayed.name) > before, "pictures of the publisher who came back")
        record_property("gap_s", time.monotonic() - began)

        relayed.assert_goes_on(epoch=1)
        assert len(relayed.cdn.streams(relayed.name)) == 1
        relayed.assert_stops()


def test_a_relay_goes_on_in_the_same_push_when_nats_was_killed(relayed: Relayed, record_property: Record) -> None:
    served = len(relayed.served.entries("role ready"))
    os.kill(relayed.served.nats(), signal.SIGKILL)
    began = time.monotonic()
    eventually(lambda: len(relayed.served.entries("role ready")) > served, "the bus serves again")
    relayed.cdn.until_more(relayed.name, 3)
    record_property("gap_s", time.monotonic() - began)

    eventually(lambda: _answers(relayed.cloud, relayed.task), "the API answers again")
    # Who is in the room was in the memory of nats-server. That it was lost must not count as the publisher's leaving.
    relayed.cdn.until_more(relayed.name, round((MAX_IDLE + 1) * FPS))
    relayed.assert_goes_on(epoch=1)
    assert len(relayed.cdn.streams(relayed.name)) == 1
    relayed.assert_stops()


def test_a_task_that_a_killed_worker_left_can_be_stopped_before_another_one_has_it(relayed: Relayed) -> None:
    os.kill(relayed.served.role("worker"), signal.SIGKILL)

    relayed.cloud.stop(relayed.task)

    assert relayed.cloud.until_ended(relayed.task)["Reason"] == "stopped"
    eventually(lambda: not relayed.served.children(), "no child left")
    assert not any(stream.live for stream in relayed.cdn.streams(relayed.name))


def test_a_child_that_was_frozen_while_another_one_took_over_pushes_nothing_more(
    relayed: Relayed, tmp_path: Path
) -> None:
    served, name = relayed.served, relayed.name
    frozen = [served.role("worker"), *children_of(served.role("worker")), *served.children()]
    with Served(tmp_path, roles=["worker"], TAILRACE_BUS__URL=served.bus_url()):
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            eventually(lambda: len(relayed.cdn.streams(name)) == 2, "another worker has taken over")
            first, second = relayed.cdn.streams(name)
            relayed.cdn.until_more(name, FPS)
            before = len(first.video)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)

        eventually(lambda: not served.children(), "the end of the child that was frozen")
        eventually(lambda: not first.live, "the end of its push")
        relayed.cdn.until_more(name, FPS)

        assert second.live
        assert len(relayed.cdn.streams(name)) == 2
        assert relayed.cloud.describe(relayed.task)["Epoch"] == 2
        # What its socket held when it was frozen may still have left; nothing that came after that.
        assert len(first.video) <= before + 2
        relayed.assert_stops()


def test_a_child_that_stands_still_is_killed_and_replaced(relayed: Relayed, record_property: Record) -> None:
    (child,) = relayed.served.children()

    record_property("gap_s", relayed.gap_after(lambda: os.kill(child, signal.SIGSTOP)))

    relayed.assert_goes_on(epoch=2)
    (crash,) = relayed.served.entries("child crashed")[-1:]
    assert re.fullmatch("it stood still for [34] s", crash["how"])
    assert relayed.cloud.describe(relayed.task)["Reason"] == f"{crash['how']} and was started again"
    eventually(lambda: child not in relayed.served.left(), "the end of the child that stood still")
    relayed.assert_stops()


@pytest.mark.parametrize("whom", ["nats-server", "worker"])
def test_what_is_frozen_for_longer_than_a_lease_goes_on_when_it_thaws_in_the_same_push(
    relayed: Relayed, whom: str
) -> None:
    served = relayed.served
    worker, (child,) = served.role("worker"), served.children()
    frozen = {"nats-server": [served.nats()], "worker": [worker, child]}[whom]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        # Nothing tells when a lease has run out in a server that is frozen itself.
        time.sleep(FROZEN_SECONDS)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)

    eventually(lambda: _answers(relayed.cloud, relayed.task), "the API answers again")
    # Longer than the worker's requests for work, one of which the lease might come back to.
    relayed.cdn.until_more(relayed.name, 3 * FPS)
    relayed.assert_goes_on(epoch=1)
    assert len(served.children()) == 1
    assert len(relayed.cdn.streams(relayed.name)) == 1
    relayed.assert_stops()


def test_a_stop_that_the_bus_does_not_answer_fails_in_time_and_succeeds_when_it_is_repeated(relayed: Relayed) -> None:
    nats = relayed.served.nats()
    os.kill(nats, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(CloudError) as refusal:
            relayed.cloud.stop(relayed.task)
        took = time.monotonic() - began
    finally:
        os.kill(nats, signal.SIGCONT)

    assert refusal.value.code == "InternalError"
    assert took < ANSWER_WITHIN
    eventually(lambda: _answers(relayed.cloud, relayed.task), "the API answers again")
    relayed.assert_stops()
