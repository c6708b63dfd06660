"""Who: rooms, users and streams as the relay actions name them (spec/02 section 1.2, spec/05 section 1.1)."""

import re
from typing import Annotated

from pydantic import Field

from tailrace.control.params.wire import Flag, Wire, matching, wrong
from tailrace.ids import USER_ID, USER_ID_FORM, Room, SdkAppId

User = Annotated[str, matching(USER_ID, USER_ID_FORM)]
RoomName = Annotated[str, Field(min_length=1, max_length=64)]
AppNumber = Annotated[int, Field(ge=1, le=2**32 - 1)]

_NUMERIC = re.compile(r"[1-9][0-9]{0,9}")
_PUNCTUATION = "!#$%&()+-:;<=.>?@[]^_{}|~,"
_STRING = re.compile(f"[A-Za-z0-9 {re.escape(_PUNCTUATION)}]{{1,64}}")


def fault_of_room(room_id: str, room_id_type: int) -> str:
    """Return why `room_id` cannot name a room of this RoomIdType (0 numeric, 1 string); empty when it can."""
    if room_id_type == 0 and not (_NUMERIC.fullmatch(room_id) and int(room_id) < 2**32):
        return "a numeric room is a number from 1 to 4294967295 (RoomIdType 0)"
    if room_id_type == 1 and not _STRING.fullmatch(room_id):
        return f"a string room has 1 to 64 letters, digits, blanks and {_PUNCTUATION} (RoomIdType 1)"
    return ""


def check_room(field: str, room_id: str, room_id_type: int) -> None:
    """Raise `wrong(field)` unless `room_id` can name a room of this RoomIdType."""
    if fault := fault_of_room(room_id, room_id_type):
        raise wrong(field, fault)


def room(app: int, room_id: str, room_id_type: int) -> Room:
    """Return the room that a RoomId and its RoomIdType name."""
    return Room(SdkAppId(app), room_id, numeric=room_id_type == 0)


class MixUserInfo(Wire):
    """A user; without a room, of the main room."""

    user_id: User
    room_id: RoomName | None = None
    room_id_type: Flag | None = None


class UserMediaStream(Wire):
    """A user's camera (0) or screen share (1)."""

    user_info: MixUserInfo | None = None
    stream_type: Flag = 0


class SingleSubscribeParams(Wire):
    """The stream that is passed through."""

    user_media_stream: UserMediaStream
