"""Tasks through the official SDK: started, described, stopped, forgotten; with and without somebody who runs them."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tailrace.bus.connection import Bus
from tailrace.bus.queue import Queue
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.task import DestinationReport, DestinationStatus, OutputReport, TaskRecord, TaskState
from tailrace.secret import Secret
from tests.integration.control.requests import PUSH, start_request, stop_request
from tests.integration.control.running import (
    APP,
    APP_KEY,
    KEY,
    OTHER_APP,
    Control,
    child,
    control,
    on_the_bus,
    wait_until,
    with_api,
)

# The SDK takes the date in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

REPORT = DestinationReport(0, DestinationStatus.RUNNING, 5.0, "", 100, 200, 3000, 4, 999.6, 1)


def start(api: Control, **changes: Any) -> str:
    """Start a task and return its TaskId."""
    return str(api.client().StartPublishCdnStream(start_request(**changes)).TaskId)


def describe(api: Control, app: int = APP, **parameters: Any) -> dict[str, Any]:
    """Call our extension as the SDK calls any action it does not know."""
    answer = json.loads(api.client().call("DescribePublishCdnStream", {"SdkAppId": app, **parameters}))
    return dict(answer["Response"])


def show(api: Control, task_id: str) -> dict[str, Any]:
    """Describe one task."""
    (task,) = describe(api, TaskId=task_id)["TaskList"]
    return dict(task)


def change(api: Control, task_id: str, decide: Callable[[TaskRecord], TaskRecord]) -> None:
    """Change a record behind the API's back, as a child does, and wait until the API knows."""

    async def work(bus: Bus) -> float:
        return (await Tasks(bus).change(SdkAppId(APP), TaskId(task_id), decide)).record.state_since

    since = on_the_bus(api.nats_url, work)
    wait_until(lambda: show(api, task_id)["StateSince"] == since)


def run(api: Control, task_id: str) -> None:
    """Let a worker take the task over."""
    change(api, task_id, lambda record: record.take_over("worker-1", 4711, record.state_since + 1))


def report_stored(api: Control, task_id: str) -> None:
    """Let the child write how its destination is."""
    output = OutputReport((REPORT,))
    change(api, task_id, lambda record: replace(record, output=output, state_since=record.state_since + 1))


def stop_code(api: Control, task_id: str, app: int = APP) -> str:
    """Stop a task; return the error's code, or nothing."""
    try:
        assert api.client().StopPublishCdnStream(stop_request(task_id, app)).TaskId == task_id
    except TencentCloudSDKException as error:
        return str(error.get_code())
    return ""


def queued(api: Control) -> list[str]:
    """Take everything out of the queue."""

    async def work(bus: Bus) -> list[str]:
        queue, found = Queue(bus), []
        while (lease := await queue.pull(0.1)) is not None:
            found.append(str(lease.task_id))
            await lease.done()
        await queue.close()
        return found

    return list(on_the_bus(api.nats_url, work))


def test_a_started_task_is_stored_with_everything_that_was_asked(api: Control) -> None:
    task_id = start(
        api,
        RoomId="295066",
        RoomIdType=0,
        AudioParams={"AudioEncode": {"SampleRate": 44100, "Channel": 1, "BitRate": 96}},
        PublishCdnParams=[{"PublishCdnUrl": PUSH}, {"PublishCdnUrl": "rtmps://cdn.example/live/b", "IsTencentCdn": 0}],
        AgentParams={"UserId": "robot", "MaxIdleTime": 5},
        SingleSubscribeParams={"UserMediaStream": {"UserInfo": {"UserId": "anchor"}, "StreamType": 1}},
    )

    async def work(bus: Bus) -> TaskRecord:
        stored = await Tasks(bus).get(SdkAppId(APP), TaskId(task_id))
        assert stored is not None
        return stored.record

    record = on_the_bus(api.nats_url, work)
    assert record.state is TaskState.QUEUED
    assert (record.plan.room.room_id, record.plan.room.numeric, record.plan.robot) == ("295066", True, "robot")
    assert record.plan.source is not None
    assert (record.plan.source.user, record.plan.source.type) == ("anchor", "aux")
    assert [(entry.url.reveal(), entry.tencent) for entry in record.plan.destinations] == [
        (PUSH, True),
        ("rtmps://cdn.example/live/b", False),
    ]
    assert (record.plan.video, record.plan.max_idle) == (False, 5.0)
    assert (record.plan.audio.sample_rate_hz, record.plan.audio.channels, record.plan.audio.bitrate_kbps) == (
        44100,
        1,
        96,
    )
    assert task_id in queued(api)


def test_a_task_that_waits_ends_at_once_and_leaves_the_queue(api: Control) -> None:
    task_id = start(api)

    assert stop_code(api, task_id) == ""
    shown = show(api, task_id)
    assert (shown["State"], shown["Reason"]) == ("ended", "stopped")
    assert task_id not in queued(api)


def test_a_running_task_is_told_to_stop(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)

    with child(api.nats_url, task_id, {"stop": {}, "inspect": {}}) as asked:
        assert stop_code(api, task_id) == ""
        assert asked == ["stop"]
        shown = show(api, task_id)
    assert (shown["State"], shown["Reason"], shown["Worker"], shown["Epoch"]) == ("stopping", "stopped", "worker-1", 1)


def test_a_task_whose_child_hangs_is_stopped_all_the_same(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)

    with child(api.nats_url, task_id, {}) as asked:
        assert stop_code(api, task_id) == ""
        assert asked == ["stop"]
        assert show(api, task_id)["State"] == "stopping"


def test_a_task_whose_worker_died_is_ended_and_leaves_the_queue(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)

    assert stop_code(api, task_id) == ""
    assert show(api, task_id)["State"] == "ended"
    assert task_id not in queued(api)


def test_stopping_many_times_at_once_is_stopping_once(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)

    with child(api.nats_url, task_id, {"stop": {}}), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: stop_code(api, task_id), range(16))) == [""] * 16
        assert show(api, task_id)["State"] == "stopping"


def test_stopping_again_succeeds(api: Control) -> None:
    task_id = start(api)

    assert [stop_code(api, task_id) for _ in range(2)] == ["", ""]


def test_stopping_again_can_be_made_an_error(api: Control, nats_url: Secret) -> None:
    task_id = start(api)

    with control(nats_url, with_api(stop_ended_again=False)) as strict:
        assert stop_code(strict, task_id) == ""
        assert stop_code(strict, task_id) == "ResourceNotFound"


def test_a_task_of_another_app_of_the_same_account_is_not_found(api: Control) -> None:
    assert stop_code(api, start(api), OTHER_APP) == "ResourceNotFound"


def test_live_figures_come_from_the_child(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)
    report = {**{name: getattr(REPORT, name) for name in REPORT.__slots__}, "from_the_future": 1}

    with child(api.nats_url, task_id, {"inspect": {"destinations": [report]}}):
        (destination,) = show(api, task_id)["Destinations"]
    assert destination == {
        "Url": PUSH,
        "IsTencentCdn": 0,
        "Status": 2,
        "State": "running",
        "Reason": "",
        "Since": 5.0,
        "BitRate": 1000,
        "VideoFrames": 100,
        "AudioFrames": 200,
        "SentBytes": 3000,
        "DroppedFrames": 4,
        "Connects": 1,
        "ErrorCode": 0,
        "Attempt": 0,
        "NextAttempt": 0.0,
        "DroppedSeconds": 0.0,
    }


@pytest.mark.parametrize("answers", [{}, {"inspect": {"destinations": [{"number": "nonsense"}]}}])
def test_without_a_sensible_answer_the_stored_figures_are_told(api: Control, answers: dict[str, Any]) -> None:
    task_id = start(api)
    run(api, task_id)
    report_stored(api, task_id)

    with child(api.nats_url, task_id, answers):
        (destination,) = show(api, task_id)["Destinations"]
    assert destination["VideoFrames"] == 100


def test_what_a_dead_worker_said_is_not_told_as_the_present(api: Control) -> None:
    task_id = start(api)
    run(api, task_id)
    report_stored(api, task_id)

    with child(api.nats_url, task_id, {"inspect": {}}):
        assert show(api, task_id)["Destinations"][0]["State"] == "running"
    seen = show(api, task_id)
    assert (seen["State"], seen["Reason"]) == ("running", "no worker runs the task at the moment")
    (destination,) = seen["Destinations"]
    assert (destination["State"], destination["Status"]) == ("recovering", 3)
    assert destination["Reason"] == "no worker runs the task at the moment"
    assert (destination["BitRate"], destination["VideoFrames"]) == (0, 100)


def test_a_list_is_filtered_and_paged_with_the_newest_first(api: Control) -> None:
    tasks = [
        start(api, SdkAppId=OTHER_APP, RoomId=room, RoomIdType=kind) for room, kind in (("7", 0), ("7", 1), ("8", 1))
    ]
    assert stop_code(api, tasks[2], OTHER_APP) == ""

    def ids(**filters: Any) -> tuple[int, list[int]]:
        answer = describe(api, OTHER_APP, **filters)
        return answer["TotalCount"], [tasks.index(task["TaskId"]) for task in answer["TaskList"]]

    assert ids() == (3, [2, 1, 0])
    assert ids(RoomId="7") == (2, [1, 0])
    assert ids(RoomId="7", RoomIdType=0) == (1, [0])
    assert ids(State="ended") == (1, [2])
    assert ids(Offset=1, Limit=1) == (3, [1])
    assert ids(Offset=5) == (3, [])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"TaskId": "unknown"}, "ResourceNotFound"),
        ({"SdkAppId": 1499999999}, "ResourceNotFound"),
        ({"Limit": 101}, "InvalidParameter"),
        ({"State": "lost"}, "InvalidParameter"),
        ({"TaskId": "unknown", "State": "ended"}, "InvalidParameter"),
    ],
)
def test_a_wrong_question_is_refused(api: Control, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(TencentCloudSDKException) as raised:
        describe(api, **parameters)

    assert raised.value.get_code() == code


def test_neither_logs_nor_metrics_hold_a_secret(api: Control, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="tailrace")
    task_id = start(api)
    assert stop_code(api, task_id) == ""
    with pytest.raises(TencentCloudSDKException):
        start(api, PublishCdnParams=[{"PublishCdnUrl": PUSH}, {"PublishCdnUrl": PUSH}])

    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert task_id in logged
    for secret in ("hidden", KEY.reveal(), APP_KEY.reveal()):
        assert secret not in logged + api.get("/metrics").text
