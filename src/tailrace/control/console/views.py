"""Views: rooms and tasks as the console's pages get them, in the Cloud API's PascalCase."""

from collections.abc import Iterable, Mapping
from typing import Any

from tailrace.control.actions.describe_publish_cdn_stream import task_info
from tailrace.control.inspection import Inspected
from tailrace.ids import Room, StreamType
from tailrace.model.presence import Presence
from tailrace.model.task import WindowReport


def room_view(room: Room, members: Iterable[Presence]) -> Mapping[str, Any]:
    """Return a room with its members in the order of entry."""
    in_order = sorted(members, key=lambda member: (member.since, member.user, member.role))
    return {
        "SdkAppId": room.app,
        "RoomId": room.room_id,
        "RoomIdType": 0 if room.numeric else 1,
        "Members": [
            {
                "UserId": member.user,
                "Role": member.role,
                "Via": member.via,
                "Since": member.since,
                "Audio": member.audio,
                "Video": member.video,
                "Width": member.width,
                "Height": member.height,
                "TaskId": member.task_id,
            }
            for member in in_order
        ],
    }


def task_view(task: Inspected, reason: str) -> Mapping[str, Any]:
    """Return a task as DescribePublishCdnStream has it, with its app, and the layout of a mixed picture."""
    record, plan = task.record, task.record.plan
    scene = plan.mix.scene if plan.mix is not None else None
    layout = scene and {
        "Width": scene.encoding.width,
        "Height": scene.encoding.height,
        "Windows": [_window(window) for window in task.output.windows],
    }
    return {
        **task_info(record, task.output, reason).model_dump(mode="json"),
        "SdkAppId": plan.room.app,
        "CreatedAt": record.created_at,
        **({"Layout": layout} if layout else {}),
    }


def _window(window: WindowReport) -> Mapping[str, Any]:
    return {
        "X": window.x,
        "Y": window.y,
        "Width": window.width,
        "Height": window.height,
        "ZOrder": window.layer,
        "UserId": window.user,
        "RoomId": window.room_id,
        "StreamType": 1 if window.stream == StreamType.AUX else 0,
    }
