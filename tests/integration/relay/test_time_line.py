"""The time line of a task: what happened, once each and in order, whatever dies meanwhile (spec/04 section 4.1)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS

ENDED = ["stopping", 5, 0, "ended"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, which suffers."""
    with Served(tmp_path_factory.mktemp("time-line")) as running:
        yield running


@pytest.fixture(scope="module")
def anna(served: Served, red_film: Path) -> Iterator[None]:
    with Publisher(red_film, served.publish_url("diary", "anna")):
        yield


def in_short(events: Sequence[dict[str, Any]]) -> list[str | int]:
    """Return what happened, for a destination its status; what is told again is left out."""
    return [
        event["Destination"]["Status"] if event["Destination"] else event["What"]
        for event in events
        if not (event["Destination"] and event["Destination"]["Repeated"])
    ]


def statuses(cloud: Cloud, task: str, url: str) -> list[int]:
    """Return the statuses of a destination, without repetitions."""
    told = [event["Destination"] for event in cloud.events(TaskId=task) if event["Destination"]]
    return [entry["Status"] for entry in told if entry["Url"] == url and not entry["Repeated"]]


def ended(cloud: Cloud, task: str) -> list[dict[str, Any]]:
    """Stop the task, and return its events once the last one is there."""
    cloud.stop(task)
    eventually(lambda: "ended" in in_short(cloud.events(TaskId=task)), "the end is told")
    return cloud.events(TaskId=task)


def answered(cloud: Cloud, task: str) -> bool:
    """Whether events can be read."""
    try:
        return bool(cloud.events(TaskId=task))
    except CloudError:
        return False


@pytest.mark.usefixtures("anna")
def test_start_and_stop_are_told_in_order(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("diary", "anna", [cdn.url("plain")], robot="robbie")
    cdn.until_more("plain", FPS)
    cloud.until_running(task)
    eventually(lambda: "visible" in in_short(cloud.events(TaskId=task)), "what is visible is told")
    events = ended(cloud, task)

    words = in_short(events)
    assert words.index("visible") < words.index("stopping")
    words.remove("visible")
    assert words == ["queued", "taken", 1, 2, *ENDED]
    sequences, times = [[event[name] for event in events] for name in ("SequenceNumber", "TimeMs")]
    assert sequences == sorted(set(sequences))
    assert times == sorted(times)
    assert {event["UserId"] for event in events} == {"robbie"}
    assert {event["RoomId"] for event in events} == {"diary"}
    assert events[-1]["Reason"] == "stopped"
    told = [event["Destination"] for event in events if event["Destination"]]
    assert {entry["Url"] for entry in told} == {cdn.url("plain")}
    assert {entry["ErrorCode"] for entry in told} == {0}


@pytest.mark.usefixtures("anna")
def test_the_command_line_tells_the_same_story(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("diary", "anna", [cdn.url("secret-name")])
    cdn.until_more("secret-name", FPS)
    cloud.until_running(task)
    events = ended(cloud, task)

    listed = served.command("events", "list", "--task", task)
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [str(event["SequenceNumber"]) for event in events]
    assert [word for word in ("queued", "connecting", "running", "ended") if word in listed.stdout] == [
        "queued",
        "connecting",
        "running",
        "ended",
    ]
    assert "secret-name" not in listed.stdout
    shown = served.command("task", "show", task)
    assert shown.stdout.splitlines()[-len(lines) :] == lines
    as_json = served.command("events", "list", "--room", "diary", "--since", "10m", "--json")
    assert [e for e in json.loads(as_json.stdout)["EventList"] if e["TaskId"] == task] == events


@pytest.mark.usefixtures("anna")
def test_the_command_line_follows_what_comes_until_it_is_interrupted(
    served: Served, cloud: Cloud, cdn: HostedCdn
) -> None:
    task = cloud.start("diary", "anna", [cdn.url("followed")])
    words = [sys.executable, "-m", "tailrace", "events", "list", "--task", task, "--follow", "--json"]
    with ExitStack() as stack:
        following = stack.enter_context(
            subprocess.Popen([*words, "--data", str(served.data)], stdout=subprocess.PIPE, text=True)
        )
        stack.callback(following.kill)  # it ends by itself only when it is interrupted
        assert following.stdout is not None
        seen = [json.loads(following.stdout.readline())]
        cdn.until_more("followed", FPS)
        events = ended(cloud, task)
        while seen[-1]["What"] != "ended":
            seen.append(json.loads(following.stdout.readline()))
        following.send_signal(signal.SIGINT)
        status = following.wait(10)

    assert seen == events
    assert status == 0


@pytest.mark.usefixtures("anna")
def test_events_are_found_by_room_and_by_time(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("diary", "anna", [cdn.url("found")])
    cdn.until_more("found", FPS)
    events = ended(cloud, task)
    middle = events[len(events) // 2]["TimeMs"]

    def of_task(**filters: object) -> list[dict[str, Any]]:
        return [event for event in cloud.events(**filters) if event["TaskId"] == task]

    assert of_task() == of_task(RoomId="diary") == of_task(RoomId="diary", RoomIdType=1) == of_task(Limit=1) == events
    assert of_task(RoomId="other") == of_task(RoomId="diary", RoomIdType=0) == []
    assert of_task(SinceMs=middle) == [event for event in events if event["TimeMs"] >= middle]
    assert of_task(UntilMs=middle) == [event for event in events if event["TimeMs"] < middle]
    with pytest.raises(CloudError, match="TaskId"):
        cloud.events(TaskId=task, RoomId="diary")
    with pytest.raises(CloudError) as unknown:
        cloud.events(TaskId="no-such-task")
    assert unknown.value.get_code() == "ResourceNotFound"


@pytest.mark.usefixtures("anna")
def test_a_task_that_nobody_runs_has_ended_at_once(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    os.kill(served.role("worker"), signal.SIGSTOP)
    try:
        task = cloud.start("diary", "anna", [cdn.url("never")])
        events = ended(cloud, task)
    finally:
        os.kill(served.role("worker"), signal.SIGCONT)

    assert in_short(events) == ["queued", "ended"]


@pytest.mark.usefixtures("anna")
def test_urls_that_come_and_go_by_update_have_a_beginning_and_an_end(cloud: Cloud, cdn: HostedCdn) -> None:
    urls = [cdn.url("stays"), cdn.url("goes")]
    task = cloud.start("diary", "anna", urls)
    for name in ("stays", "goes"):
        cdn.until(name, FPS)
    cloud.until_running(task)
    targets = [{"PublishCdnUrl": cdn.url(name), "IsTencentCdn": 0} for name in ("stays", "comes")]
    cloud.update(task, 1, mix=False, PublishCdnParams=targets)
    cdn.until("comes", FPS)
    cloud.until_running(task)
    events = ended(cloud, task)

    assert statuses(cloud, task, cdn.url("goes")) == [1, 2, 5, 0]
    assert statuses(cloud, task, cdn.url("comes")) == [1, 2, 5, 0]
    assert statuses(cloud, task, cdn.url("stays")) == [1, 2, 5, 0]
    assert [event["Revision"] for event in events if event["What"] == "updated"] == [1]


@pytest.mark.usefixtures("anna")
def test_a_reconnection_is_recovering_then_running(cloud: Cloud) -> None:
    with HostedCdn() as first:
        url, port = first.url("again"), first.port
        task = cloud.start("diary", "anna", [url])
        first.until_more("again", FPS)
        cloud.until_running(task)
    eventually(lambda: statuses(cloud, task, url) == [1, 2, 3], "the loss is told")
    with HostedCdn(port) as second:
        second.until_more("again", FPS)
        eventually(lambda: statuses(cloud, task, url) == [1, 2, 3, 2], "the recovery is told")
        events = ended(cloud, task)

    assert in_short(events)[-4:] == ENDED
    lost = next(event for event in events if event["Destination"] and event["Destination"]["Status"] == 3)
    assert lost["Reason"]
    assert lost["Destination"]["ErrorCode"]


@pytest.mark.usefixtures("anna")
def test_a_killed_child_is_told_of_with_what_killed_it(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("diary", "anna", [cdn.url("killed")])
    cdn.until_more("killed", FPS)
    cloud.until_running(task)
    eventually(lambda: 2 in in_short(cloud.events(TaskId=task)), "running is told")
    (child,) = served.children()
    os.kill(child, signal.SIGKILL)
    eventually(lambda: statuses(cloud, task, cdn.url("killed")) == [1, 2, 3, 2], "the recovery is told")
    events = ended(cloud, task)

    words = [word for word in in_short(events) if word != "visible"]
    assert words == ["queued", "taken", 1, 2, "crashed", "taken", 3, 2, *ENDED]
    crash = next(event for event in events if event["What"] == "crashed")
    assert "SIGKILL" in crash["Reason"]
    assert [event["Epoch"] for event in events if event["What"] == "taken"] == [1, 2]


@pytest.mark.usefixtures("anna")
def test_a_robot_that_is_thrown_out_ends_its_destinations_with_a_code(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("diary", "anna", [cdn.url("thrown")], robot="twin")
    cdn.until_more("thrown", FPS)
    cloud.until_running(task)
    other = cloud.start("diary", "anna", [cdn.url("other")], robot="twin")
    cloud.until_ended(task)
    eventually(lambda: "ended" in in_short(cloud.events(TaskId=task)), "the end is told")
    events = cloud.events(TaskId=task)
    ended(cloud, other)

    assert in_short(events)[-4:] == ENDED
    assert [event["Destination"]["ErrorCode"] for event in events[-3:-1]] == [61, 61]
    assert events[-1]["Reason"] == "robot kicked"


@pytest.mark.usefixtures("anna")
def test_no_event_is_lost_or_doubled_when_nats_server_is_killed(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    urls = [cdn.url(f"kill-{number}") for number in range(6)]
    task = cloud.start("diary", "anna", urls)
    for number in range(6):
        cdn.until(f"kill-{number}", FPS)
    cloud.until_running(task)
    targets = [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in urls[:1]]
    cloud.update(task, 1, mix=False, PublishCdnParams=targets)
    os.kill(served.nats(), signal.SIGKILL)
    eventually(lambda: answered(cloud, task), "the bus is back")
    eventually(lambda: statuses(cloud, task, urls[5]) == [1, 2, 5, 0], "the removal is told")
    events = ended(cloud, task)

    assert [statuses(cloud, task, url) for url in urls] == [[1, 2, 5, 0]] * 6
    once = [event["What"] for event in events if not event["Destination"]]
    assert [once.count(what) for what in ("queued", "taken", "updated", "stopping", "ended")] == [1] * 5
