"""Naming: rooms, users and streams, seen from a task's main room."""

from typing import Any

import pytest

from tailrace.control.naming import Naming
from tailrace.control.params.who import UserMediaStream
from tailrace.control.params.wire import read
from tailrace.errors import ParameterInvalid
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId

MAIN = Room(SdkAppId(1), "7", numeric=True)
NAMING = Naming(MAIN, UserId("robot"))


def stream(kind: int = 0, **info: Any) -> Stream | None:
    named = {"StreamType": kind} | ({"UserInfo": info} if info else {})
    return NAMING.stream(read(UserMediaStream, named, text=False), "Here")


def test_a_user_without_a_room_is_in_the_main_room() -> None:
    assert stream(UserId="a") == Stream(MAIN, UserId("a"), StreamType.MAIN)
    assert stream(UserId="a", kind=1) == Stream(MAIN, UserId("a"), StreamType.AUX)


def test_another_room_is_of_the_main_rooms_type_unless_its_own_is_given() -> None:
    assert stream(UserId="a", RoomId="8") == Stream(Room(SdkAppId(1), "8", numeric=True), UserId("a"))
    assert stream(UserId="a", RoomIdType=1) == Stream(Room(SdkAppId(1), "7", numeric=False), UserId("a"))


def test_a_stream_of_nobody_is_none() -> None:
    assert stream(kind=1) is None


def test_a_room_that_cannot_be_is_refused_by_its_path() -> None:
    with pytest.raises(ParameterInvalid, match=r"`Here\.UserInfo\.RoomId`: a numeric room"):
        stream(UserId="a", RoomId="stage")


def test_the_tasks_own_robot_sends_nothing() -> None:
    with pytest.raises(ParameterInvalid, match=r"`Here\.UserInfo\.UserId`"):
        stream(UserId="robot")

    assert stream(UserId="robot", RoomId="8") is not None
