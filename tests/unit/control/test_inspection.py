"""Inspection: live before stored, one report for each destination, and nothing that a dead worker said."""

from dataclasses import asdict, replace

from tailrace.control.inspection import NOBODY, as_told, stored_last, unattended
from tailrace.control.tasks import new_task_id
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.plan import Destination, Plan, RoomTarget
from tailrace.model.task import (
    DestinationReport,
    DestinationStatus,
    FeedbackReport,
    OutputReport,
    TaskRecord,
    TaskState,
    WindowReport,
)
from tailrace.secret import PushUrl

ROOM = Room(SdkAppId(1), "1", numeric=True)
PLAN = Plan(
    ROOM,
    UserId("r"),
    tuple(Destination(number, PushUrl(f"rtmp://a/b/{number}")) for number in (4, 0, 2)),
    Stream(ROOM, UserId("u")),
)
STORED = OutputReport(
    (DestinationReport(1, video_frames=7), DestinationReport(2, video_frames=2), DestinationReport(4, video_frames=1)),
    revision=1,
    since=5.0,
    notes=("an image could not be had",),
)
RECORD = TaskRecord(TaskId("t"), PLAN, output=STORED)


def test_what_nobody_has_reported_is_idle() -> None:
    seen = stored_last(RECORD).output

    assert [(report.number, report.video_frames) for report in seen.destinations] == [(4, 1), (0, 0), (2, 2)]
    assert seen.destinations[1].status is DestinationStatus.IDLE
    assert (seen.revision, seen.since, seen.notes) == (1, 5.0, STORED.notes)


def test_what_the_child_says_now_counts() -> None:
    window = WindowReport(0, 0, 640, 360, 1, "1", "u", "main", live=True)
    destinations = [{"number": 2, "status": 3, "reason": "lost", "video_frames": 9}, {"number": 7, "status": 0}]
    told = {"epoch": 3, "destinations": destinations, "revision": 2, "since": 6.5, "windows": [asdict(window)]}
    seen = as_told(RECORD, told).output

    assert [report.video_frames for report in seen.destinations] == [1, 0, 9]
    assert (seen.destinations[2].status, seen.destinations[2].reason) == (DestinationStatus.RECOVERING, "lost")
    assert (seen.revision, seen.since, seen.notes, seen.windows) == (2, 6.5, (), (window,))


def test_what_is_no_report_is_passed_over() -> None:
    for answer in (
        {"destinations": 5},
        {"revision": "new"},
        {"windows": [{"x": 1}]},
        {"destinations": [{"status": 1}]},
        {"destinations": [{"number": 0, "status": 9}]},
    ):
        assert as_told(RECORD, answer) == stored_last(RECORD)


def test_what_nobody_runs_is_recovering_and_keeps_its_counts() -> None:
    last = OutputReport((DestinationReport(4, video_frames=1, bitrate_kbps=500.0),), revision=1)
    seen = unattended(replace(RECORD, output=last))

    assert seen.record.reason == NOBODY
    reports = seen.output.destinations
    assert {(report.status, report.reason) for report in reports} == {(DestinationStatus.RECOVERING, NOBODY)}
    assert (reports[0].video_frames, reports[0].bitrate_kbps) == (1, 0.0)


def test_what_has_failed_is_a_failure_also_while_nobody_runs_the_task() -> None:
    failed = DestinationReport(4, DestinationStatus.FAILURE, reason="refused", error_code=22)
    seen = unattended(replace(RECORD, output=OutputReport((failed,), revision=1)))

    assert seen.output.destinations[0] == failed


def test_a_task_id_looks_like_the_clouds() -> None:
    task_id = new_task_id(b"\xff" * 55)

    # never with a leading dash, which a shell command would take for an option
    assert task_id == "A" + "-" * 72 + "w.."


def test_the_fed_back_user_of_a_task_that_has_ended_is_in_no_room_since_then() -> None:
    target = RoomTarget(ROOM, UserId("mixer"))
    there = FeedbackReport(target, DestinationStatus.RUNNING, since=5.0, video_frames=9)
    running = replace(
        RECORD, plan=replace(PLAN, feedback=(target,)), state=TaskState.RUNNING, output=OutputReport(feedback=(there,))
    )

    ended = stored_last(running.move(TaskState.ENDED, 8.0)).output.feedback

    assert stored_last(running).output.feedback == (there,)
    assert ended == (replace(there, status=DestinationStatus.IDLE, since=8.0),)
