"""Naming: which room, user and stream a request means, seen from the main room of its task."""

from dataclasses import dataclass

from tailrace.control.params.who import MixUserInfo, UserMediaStream, fault_of_room
from tailrace.errors import ParameterInvalid
from tailrace.ids import Room, Stream, StreamType, UserId


@dataclass(frozen=True, slots=True)
class Naming:
    """Reads names for one task; `path` is always where the named thing stands in the request."""

    main_room: Room
    robot: UserId

    def room(self, info: MixUserInfo, path: str) -> Room:
        """Return the user's room; the main room, and its type, unless another is given. Raises ParameterInvalid."""
        numeric = self.main_room.numeric if info.room_id_type is None else info.room_id_type == 0
        room_id = self.main_room.room_id if info.room_id is None else info.room_id
        if fault := fault_of_room(room_id, 0 if numeric else 1):
            raise ParameterInvalid(f"{path}.RoomId", fault)
        return Room(self.main_room.app, room_id, numeric)

    def user(self, info: MixUserInfo, path: str) -> tuple[Room, UserId]:
        """Return the user and his room. Raises ParameterInvalid, also for the task's own robot, which sends nothing."""
        room, user = self.room(info, path), UserId(info.user_id)
        if (room, user) == (self.main_room, self.robot):
            raise ParameterInvalid(f"{path}.UserId", "is the task's own robot, which needs a name of its own")
        return room, user

    def stream(self, named: UserMediaStream, path: str) -> Stream | None:
        """Return the stream; None when no user is named, whose StreamType then says nothing (spec/03 section 3.4)."""
        if named.user_info is None:
            return None
        room, user = self.user(named.user_info, f"{path}.UserInfo")
        return Stream(room, user, StreamType.MAIN if named.stream_type == 0 else StreamType.AUX)
