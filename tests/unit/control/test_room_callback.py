"""Callbacks of groups 1 and 2: exactly the fields and JSON types of spec/04."""

import json

import pytest

from tailrace.control.room_callback import room_callback
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.room_event import RoomEvent
from tailrace.model.room_event import RoomEventType as Type

STAGE = Room(SdkAppId(1400000001), "stage-4", numeric=False)
NUMERIC = Room(SdkAppId(1400000001), "8489", numeric=True)
ANNA = UserId("anchor_a")
AT = 1700000000.9
COMMON = {"RoomId": "stage-4", "EventTs": 1700000000, "EventMsTs": 1700000000900}


def test_an_entry_is_the_example_of_the_specification() -> None:
    example = (
        '{"EventGroupId":1,"EventType":103,"CallbackTs":1700000000950,"EventInfo":{"RoomId":"stage-4",'
        '"EventTs":1700000000,"EventMsTs":1700000000900,"UserId":"anchor_a","Role":20,"TerminalType":100,'
        '"UserType":1,"Reason":1}}'
    )

    group, kind, info = room_callback(RoomEvent(AT, Type.ENTER_ROOM, STAGE, ANNA, reason=1, user_type=1))

    body = {"EventGroupId": group, "EventType": kind, "CallbackTs": 1700000000950, "EventInfo": info}
    assert json.dumps(body, separators=(",", ":")) == example


@pytest.mark.parametrize(
    ("kind", "group", "extra"),
    [
        (Type.CREATE_ROOM, 1, {"UserId": "anchor_a"}),
        (Type.DISMISS_ROOM, 1, {}),
        (Type.EXIT_ROOM, 1, {"UserId": "anchor_a", "Role": 20, "Reason": 2}),
        (Type.CHANGE_ROLE, 1, {"UserId": "anchor_a", "Role": 20}),
        (Type.START_VIDEO, 2, {"UserId": "anchor_a"}),
        (Type.STOP_VIDEO, 2, {"UserId": "anchor_a", "Reason": 0}),
        (Type.START_AUDIO, 2, {"UserId": "anchor_a"}),
        (Type.STOP_AUDIO, 2, {"UserId": "anchor_a", "Reason": 0}),
        (Type.START_ASSIST, 2, {"UserId": "anchor_a"}),
        (Type.STOP_ASSIST, 2, {"UserId": "anchor_a", "Reason": 0}),
    ],
)
def test_each_type_has_its_group_and_its_fields(kind: Type, group: int, extra: dict[str, object]) -> None:
    event = RoomEvent(AT, kind, STAGE, ANNA, reason=2 if kind is Type.EXIT_ROOM else 0)

    assert room_callback(event) == (group, int(kind), COMMON | extra)


def test_a_numeric_room_is_a_number() -> None:
    assert room_callback(RoomEvent(AT, Type.START_AUDIO, NUMERIC, ANNA))[2]["RoomId"] == 8489


def test_both_times_are_of_the_same_second() -> None:
    info = room_callback(RoomEvent(1700000000.9996, Type.START_AUDIO, NUMERIC, ANNA))[2]

    assert (info["EventTs"], info["EventMsTs"]) == (1700000001, 1700000001000)
