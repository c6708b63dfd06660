"""Time line: what the lines of `tailrace events list` and `tailrace task show` say."""

from typing import Any

import pytest

from tailrace.cli.time_line import COLUMNS, WIDE_COLUMNS, callback, moment, row, what, why, wide_row

EVENT: dict[str, Any] = {
    "SequenceNumber": 7,
    "TimeMs": 1_700_000_000_123,
    "EventType": 0,
    "What": "taken",
    "Reason": "by worker w",
    "TaskId": "task",
    "RoomId": "room",
    "UserId": "robot",
    "Epoch": 2,
    "Revision": 3,
    "Destination": None,
    "Delivery": "",
    "Deliveries": [],
}
DESTINATION = {
    "Number": 0,
    "Url": "rtmp://cdn.example.com/live/key?secret=1",
    "Status": 3,
    "State": "recovering",
    "Repeated": 0,
    "ErrorCode": 33,
    "Attempt": 2,
    "RetryAfter": 1.26,
    "SentBytes": 0,
    "DroppedFrames": 0,
}
PUSHED = {**EVENT, "What": "destination", "Reason": "lost", "Destination": DESTINATION}


def attempt(**fields: object) -> dict[str, object]:
    return {"Order": 7, "TimeMs": 1, "Seconds": 0.1, "HttpStatus": 0, "Error": "", **fields}


def test_a_row_has_a_cell_for_each_column() -> None:
    assert row(EVENT) == ("7", "2023-11-14T22:13:20.123Z", "taken: epoch 2", "by worker w", "", "")
    assert len(row(EVENT)) == len(COLUMNS)
    assert len(wide_row(EVENT)) == len(WIDE_COLUMNS)
    assert dict(zip(WIDE_COLUMNS, wide_row(EVENT), strict=True))["TaskId"] == "task"


def test_times_have_milliseconds() -> None:
    assert moment(0) == "1970-01-01T00:00:00.000Z"


def test_a_destination_is_told_without_its_key() -> None:
    assert row(PUSHED)[-1] == "rtmp://cdn.example.com/***"
    assert what(PUSHED) == "recovering, attempt 2"
    assert why(PUSHED) == "lost; code 33; next attempt in 1.3 s"


def test_what_is_told_again_says_so() -> None:
    again = {**PUSHED, "Destination": {**DESTINATION, "Repeated": 1, "Attempt": 1, "ErrorCode": 0, "RetryAfter": 0.0}}

    assert (what(again), why(again)) == ("still recovering", "lost")


@pytest.mark.parametrize("told", ["updated", "visible"])
def test_changes_have_their_revision(told: str) -> None:
    assert what({**EVENT, "What": told}) == f"{told}: revision 3"


@pytest.mark.parametrize(
    ("state", "attempts", "said"),
    [
        ("delivered", [attempt(HttpStatus=200)], "delivered"),
        ("delivered", [attempt(Error="no answer"), attempt(HttpStatus=200)], "delivered, attempt 2"),
        ("trying", [attempt(HttpStatus=500)], "trying: status 500"),
        ("given up", [attempt(), attempt(Error="no answer within 5 s")], "given up, attempt 2: no answer within 5 s"),
    ],
)
def test_a_callback_says_what_was_wrong_at_last(state: str, attempts: list[dict[str, object]], said: str) -> None:
    assert callback({**EVENT, "Delivery": state, "Deliveries": attempts}) == said
