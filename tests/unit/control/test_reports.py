"""Reports: live before stored, one for each destination."""

from tailrace.control.reports import reports_of
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
    assert [report.video_frames for report in reports_of(RECORD, None)] == [1, 0, 2]
    assert reports_of(RECORD, None)[1].status is DestinationStatus.IDLE


def test_what_the_child_says_now_counts() -> None:
    answer = {
        "destinations": [{"index": 2, "status": 3, "reason": "lost", "video_frames": 9}, {"index": 7, "status": 0}]
    }
    reports = reports_of(RECORD, answer)

    assert [report.video_frames for report in reports] == [1, 0, 9]
    assert (reports[2].status, reports[2].reason) == (DestinationStatus.RECOVERING, "lost")


def test_what_is_no_report_is_passed_over() -> None:
    for answer in (
        {},
        {"destinations": 5},
        {"destinations": [{"status": 1}]},
        {"destinations": [{"index": 0, "status": 9}]},
    ):
        assert reports_of(RECORD, answer) == reports_of(RECORD, None)


def test_a_task_id_looks_like_the_clouds() -> None:
    task_id = new_task_id(b"\xff" * 55)

    assert task_id == "-" * 73 + "w.."
