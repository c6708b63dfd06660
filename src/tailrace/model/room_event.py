"""Room event: somebody came, went, began or ended to send, as stored in the stream of events (spec/04 sections 2-3)."""

from dataclasses import dataclass
from enum import IntEnum

from tailrace.ids import Room, UserId


class RoomEventType(IntEnum):
    """The value is EventType of the callback."""

    CREATE_ROOM = 101
    DISMISS_ROOM = 102
    ENTER_ROOM = 103
    EXIT_ROOM = 104
    CHANGE_ROLE = 105
    START_VIDEO = 201
    STOP_VIDEO = 202
    START_AUDIO = 203
    STOP_AUDIO = 204
    START_ASSIST = 205
    STOP_ASSIST = 206


class Entry(IntEnum):
    """Why somebody came (spec/04 section 2)."""

    ITSELF = 1
    AFTER_TIMEOUT = 3


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """`at` is Unix seconds. `reason` is of entry or exit, `user_type` 1 WebRTC or 3 native (spec/04 section 2)."""

    at: float
    type: RoomEventType
    room: Room
    user: UserId
    reason: int = 0
    user_type: int = 3
