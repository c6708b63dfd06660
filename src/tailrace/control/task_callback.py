"""Task callback: what the callback of a task's event says (spec/04 section 4)."""

from typing import Any, Final

from tailrace.model.task_event import DestinationEvent, TaskEvent
from tailrace.wire.callback import milliseconds

RELAY_GROUP: Final = 4
CDN_STATUS: Final = 401


def task_callback(event: TaskEvent) -> tuple[int, int, dict[str, Any]] | None:
    """Return EventGroupId, EventType and EventInfo; None for what the cloud has no callback for."""
    if event.destination is None:
        return None
    at = milliseconds(event.at)
    info = {
        "RoomId": int(event.room.room_id) if event.room.numeric else event.room.room_id,
        "RoomType": 0 if event.room.numeric else 1,
        "EventMsTs": at,
        # What the printed samples call it (spec/04 section 4).
        "EventTsMs": at,
        "UserId": event.robot,
        "TaskId": event.task_id,
        "Payload": _payload(event.destination, event.words),
    }
    return RELAY_GROUP, CDN_STATUS, info


def _payload(destination: DestinationEvent, words: str) -> dict[str, Any]:
    return {
        "Url": destination.url.reveal(),
        "Status": destination.status.value,
        "ErrorCode": destination.error_code,
        # What is no error needs no message, as in the examples; why it is so is for the time line.
        "ErrorMsg": words if destination.error_code else "",
    }
