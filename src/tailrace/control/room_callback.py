"""Room callback: a room event as the body of a callback of group 1 or 2 (spec/04 sections 2-3)."""

from tailrace.model.room_event import RoomEvent, RoomEventType

ROOM_GROUP, MEDIA_GROUP = 1, 2
# Publishers over RTMP and WHIP are no audience, and do not say what device they are.
_ANCHOR, _OTHER_TERMINAL = 20, 100


def room_callback(event: RoomEvent) -> tuple[int, int, dict[str, object]]:
    """Return EventGroupId, EventType and EventInfo, with the fields of the published samples, and no others."""
    at_ms = round(event.at * 1000)
    info: dict[str, object] = {
        "RoomId": int(event.room.room_id) if event.room.numeric else event.room.room_id,
        "EventTs": at_ms // 1000,
        "EventMsTs": at_ms,
    }
    if event.type is not RoomEventType.DISMISS_ROOM:
        info["UserId"] = event.user
    match event.type:
        case RoomEventType.ENTER_ROOM:
            info |= {
                "Role": _ANCHOR,
                "TerminalType": _OTHER_TERMINAL,
                "UserType": event.user_type,
                "Reason": event.reason,
            }
        case RoomEventType.EXIT_ROOM:
            info |= {"Role": _ANCHOR, "Reason": event.reason}
        case RoomEventType.CHANGE_ROLE:
            info["Role"] = _ANCHOR
        case RoomEventType.STOP_VIDEO | RoomEventType.STOP_AUDIO | RoomEventType.STOP_ASSIST:
            info["Reason"] = 0
    return MEDIA_GROUP if event.type >= RoomEventType.START_VIDEO else ROOM_GROUP, int(event.type), info
