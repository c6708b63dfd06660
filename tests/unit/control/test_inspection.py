"""Inspection: live before stored, one report for each destination, and nothing that a dead worker said."""

from dataclasses import replace

from tailrace.control.inspection import NOBODY, as_told, stored_last, unattended
from tailrace.control.tasks import new_task_id
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.plan import Destination, Plan
from tailrace.model.task import DestinationReport, DestinationStatus, TaskRecord
from tailrace.secret import PushUrl

ROOM = Room(SdkAppId(1), "1", numeric=True)
PLAN = Plan(
    ROOM, UserId("r"), Stream(ROOM, UserId("u")), tuple(Destination(PushUrl(f"rtmp://a/b/{n}")) for n in range(3))
)
STORED = (DestinationReport(0, video_frames=1), DestinationReport(2, video_frames=2))
RECORD = TaskRecord(TaskId("t"), PLAN, destinations=STORED)


def test_what_nobody_has_reported_is_idle() -> None:
    assert [report.video_frames for report in stored_last(RECORD).reports] == [1, 0, 2]
    assert stored_last(RECORD).reports[1].status is DestinationStatus.IDLE


def test_what_the_child_says_now_counts() -> None:
    answer = {
        "destinations": [{"index": 2, "status": 3, "reason": "lost", "video_frames": 9}, {"index": 7, "status": 0}]
    }
    reports = as_told(RECORD, answer).reports

    assert [report.video_frames for report in reports] == [1, 0, 9]
    assert (reports[2].status, reports[2].reason) == (DestinationStatus.RECOVERING, "lost")


def test_what_is_no_report_is_passed_over() -> None:
    for answer in (
        {},
        {"destinations": 5},
        {"destinations": [{"status": 1}]},
        {"destinations": [{"index": 0, "status": 9}]},
    ):
        assert as_told(RECORD, answer) == stored_last(RECORD)


def test_what_nobody_runs_is_recovering_and_keeps_its_counts() -> None:
    seen = unattended(replace(RECORD, destinations=(DestinationReport(0, video_frames=1, bitrate_kbps=500.0),)))

    assert seen.record.reason == NOBODY
    assert {(report.status, report.reason) for report in seen.reports} == {(DestinationStatus.RECOVERING, NOBODY)}
    assert (seen.reports[0].video_frames, seen.reports[0].bitrate_kbps) == (1, 0.0)


def test_a_task_id_looks_like_the_clouds() -> None:
    task_id = new_task_id(b"\xff" * 55)

    # never with a leading dash, which a shell command would take for an option
    assert task_id == "A" + "-" * 72 + "w.."
