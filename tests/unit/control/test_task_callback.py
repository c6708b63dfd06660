"""Events of tasks as callbacks 401, word by word as in spec/04 section 4."""

import json

import pytest

from tailrace.control.task_callback import task_callback
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import PushUrl
from tailrace.wire.callback import envelope

APP = SdkAppId(1400000001)
URL = PushUrl("rtmp://cdn.example.org/live/match17")
# Spec/04 section 4, "Example of this specification".
EXAMPLE = (
    b'{"EventGroupId":4,"EventType":401,"CallbackTs":1700000005120,"EventInfo":{"RoomId":"295066","RoomType":1,'
    b'"EventMsTs":1700000005100,"EventTsMs":1700000005100,"UserId":"relay_295066","TaskId":"QmFzZTY0LWxvb2tpbmctaWQ.",'
    b'"Payload":{"Url":"rtmp://cdn.example.org/live/match17","Status":2,"ErrorCode":0,"ErrorMsg":""}}}'
)


def event(destination: DestinationEvent | None, *, numeric: bool = False, words: str = "") -> TaskEvent:
    return TaskEvent(
        at=1700000005.1,
        what=What.DESTINATION if destination else What.QUEUED,
        task_id=TaskId("QmFzZTY0LWxvb2tpbmctaWQ."),
        room=Room(APP, "295066", numeric),
        robot=UserId("relay_295066"),
        words=words,
        destination=destination,
    )


def test_the_body_is_the_example_of_the_specification_byte_by_byte() -> None:
    found = task_callback(event(DestinationEvent(0, URL, DestinationStatus.RUNNING), words="media flows"))

    assert found is not None
    group, kind, info = found
    assert envelope(group, kind, 1700000005.12, info) == EXAMPLE


def test_a_numeric_room_is_a_number() -> None:
    found = task_callback(event(DestinationEvent(0, URL, DestinationStatus.RUNNING), numeric=True))

    assert found is not None
    assert json.loads(json.dumps(found[2]))["RoomId"] == 295066
    assert found[2]["RoomType"] == 0


@pytest.mark.parametrize("status", DestinationStatus)
def test_every_status_is_told_by_its_number(status: DestinationStatus) -> None:
    found = task_callback(event(DestinationEvent(0, URL, status)))

    assert found is not None
    assert found[2]["Payload"]["Status"] == int(status)


def test_what_failed_is_told_with_its_code_and_words() -> None:
    failed = DestinationEvent(0, URL, DestinationStatus.FAILURE, error_code=5)

    found = task_callback(event(failed, words="the name is taken"))

    assert found is not None
    assert found[2]["Payload"] == {
        "Url": "rtmp://cdn.example.org/live/match17",
        "Status": 4,
        "ErrorCode": 5,
        "ErrorMsg": "the name is taken",
    }


def test_what_is_not_about_a_destination_has_no_callback() -> None:
    assert task_callback(event(None)) is None
