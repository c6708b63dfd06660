"""Presence: who is in a room with what, as stored in the `rooms` bucket and refreshed by heartbeats."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tailrace.ids import Room, UserId

# A heartbeat each third of the time to live: two may be lost before a user is taken for gone.
HEARTBEATS_PER_LIFETIME = 3


class Role(StrEnum):
    """What a member is in the room as: a publisher of one of its streams, or the robot of a task that sends nothing."""

    MAIN = "main"
    AUX = "aux"
    ROBOT = "robot"


class Exit(IntEnum):
    """Why somebody left (spec/04 section 2)."""

    ITSELF = 1
    TIMEOUT = 2
    REMOVED = 3


@dataclass(frozen=True, slots=True)
class Presence:
    """One member of a room in one role.

    `session` orders the sessions of the same user: the higher one (it began later) removes the others. `task_id` and
    `epoch` are of the robot's task. `since` is Unix seconds; `via` is how it came in (`rtmp`, `task`, `feedback`).
    `audio` and `video` are known from set-up data; `heard` and `seen` say that a first sound and picture of this
    session have come. `fed_back_from`: the rooms of which a task has made what it publishes here; empty for people.
    """

    room: Room
    user: UserId
    role: Role
    session: int
    since: float
    via: str = "rtmp"
    audio: bool = False
    video: bool = False
    width: int = 0
    height: int = 0
    task_id: str = ""
    epoch: int = 0
    heard: bool = False
    seen: bool = False
    fed_back_from: tuple[Room, ...] = ()

    @property
    def is_robot(self) -> bool:
        """Whether it is a task that is in the room, and no person."""
        return self.role is Role.ROBOT or bool(self.fed_back_from)

    @property
    def key(self) -> tuple[Room, UserId, Role]:
        """What this entry is stored under."""
        return self.room, self.user, self.role

    def removes(self, other: "Presence") -> bool:
        """Whether this member's entry ends the other's session: same user, later session (spec/05 section 1).

        A publisher's main and auxiliary streams live side by side; a robot and a publisher of the same name do not. A
        robot of the same task in the same role is the same member taken over, and is decided by `epoch`.
        """
        if (self.room, self.user) != (other.room, other.user) or self.session == other.session:
            return False
        robots = self.is_robot, other.is_robot
        if self.role is not other.role and not any(robots):
            return False
        if self.role is other.role and all(robots) and self.task_id == other.task_id:
            return self.epoch > other.epoch
        return self.session > other.session
