"""Views: what pages are told of rooms and tasks."""

from dataclasses import replace
from typing import Any

from tailrace.control.console.views import room_view, task_view
from tailrace.control.inspection import stored_last
from tailrace.control.planning import plan_of
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.presence import Presence, Role
from tailrace.model.task import OutputReport, TaskRecord, WindowReport
from tests.unit.control.start import request

ROOM = Room(SdkAppId(1), "studio", numeric=False)
ENCODE = {"Width": 640, "Height": 360, "Fps": 15, "BitRate": 500, "Gop": 2}
MIX = {"WithTranscoding": 1, "SingleSubscribeParams": None, "VideoParams": {"VideoEncode": ENCODE}}


def member(user: str, since: float, role: Role = Role.MAIN) -> Presence:
    return Presence(ROOM, UserId(user), role, 1, since)


def task(output: OutputReport, **start: Any) -> TaskRecord:
    return TaskRecord(TaskId("task"), plan_of(request(**start), strict=False), created_at=12.0, output=output)


def test_members_stand_in_the_order_in_which_they_came_whatever_the_order_in_which_they_were_told() -> None:
    members = [member("zoe", 1.0), member("anna", 2.0, Role.AUX), member("anna", 2.0), member("ben", 2.0)]

    for told in (members, members[::-1]):
        seen = room_view(ROOM, told)["Members"]
        assert [(one["UserId"], one["Role"]) for one in seen] == [
            ("zoe", "main"),
            ("anna", "aux"),
            ("anna", "main"),
            ("ben", "main"),
        ]


def test_a_room_says_whether_it_is_a_numeric_one() -> None:
    assert room_view(ROOM, [])["RoomIdType"] == 1
    assert room_view(replace(ROOM, numeric=True), [])["RoomIdType"] == 0


def test_a_mix_has_its_layout_and_a_single_stream_has_none() -> None:
    window = WindowReport(1, 2, 30, 40, 5, "studio", "anna", "aux", live=True)
    output = OutputReport(windows=(window,))

    single = task_view(stored_last(task(output)), "")
    mix = task_view(stored_last(task(output, **MIX)), "")

    assert "Layout" not in single
    assert (single["SdkAppId"], single["CreatedAt"]) == (1400000001, 12.0)
    assert (mix["Layout"]["Width"], mix["Layout"]["Height"]) == (640, 360)
    (shown,) = mix["Layout"]["Windows"]
    assert shown == {
        "X": 1,
        "Y": 2,
        "Width": 30,
        "Height": 40,
        "ZOrder": 5,
        "UserId": "anna",
        "RoomId": "studio",
        "StreamType": 1,
    }
