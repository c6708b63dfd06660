"""Register: who is in a room as far as it was told, and what is to be told of a change (spec/04 sections 2-3).

The register is what makes the events of a room come once and in order. Whoever notices a change, and several may,
takes the register as it is stored, has `arrived` or `departed` make the next one, and stores that by compare-and-set:
so only one of them does it, the first of a room is first for all, and the last is last. What is to be told is stored in
the same write (`pending`), and is written off once it is in the stream of events.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tailrace.ids import Room, UserId
from tailrace.model.presence import Exit
from tailrace.model.room_event import Entry, RoomEvent, RoomEventType

# Two events of a room never have the same millisecond, since receivers sort by it.
_APART = 0.001
# Of how many users a room remembers that they were lost, to tell of their coming back as such.
MOST_LOST = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a room; `audio` and `video` are of the main stream and have begun, `assist` is the auxiliary stream."""

    user: UserId
    user_type: int
    audio: bool = False
    video: bool = False
    assist: bool = False


# What each medium's beginning and end is told as.
_MEDIA = (
    ("video", RoomEventType.START_VIDEO, RoomEventType.STOP_VIDEO),
    ("audio", RoomEventType.START_AUDIO, RoomEventType.STOP_AUDIO),
    ("assist", RoomEventType.START_ASSIST, RoomEventType.STOP_ASSIST),
)


@dataclass(frozen=True, slots=True)
class Register:
    """The members of a room. `told_at` is the Unix time of the last event, `lost` are users who left by a timeout."""

    room: Room
    members: tuple[Member, ...] = ()
    told_at: float = 0.0
    lost: tuple[UserId, ...] = ()
    pending: tuple[RoomEvent, ...] = ()

    def member(self, user: UserId) -> Member | None:
        """Return what was told of a user."""
        return next((member for member in self.members if member.user == user), None)

    def stops(self, now: Member) -> bool:
        """Whether something of a member has ended that was told to have begun."""
        known = self.member(now.user)
        return known is not None and any(getattr(known, what) and not getattr(now, what) for what, _, _ in _MEDIA)

    def arrived(self, now: Member, at: float) -> "Register":
        """Return the register with a member as it is now; the same when there is nothing to tell. `at` is Unix time."""
        known = self.member(now.user)
        if known == now:
            return self
        told: list[tuple[RoomEventType, int]] = []
        if known is None:
            if not self.members:
                told.append((RoomEventType.CREATE_ROOM, 0))
            told.append((RoomEventType.ENTER_ROOM, Entry.AFTER_TIMEOUT if now.user in self.lost else Entry.ITSELF))
        for what, began, ended in _MEDIA:
            before, after = known is not None and getattr(known, what), getattr(now, what)
            if before != after:
                told.append((began if after else ended, 0))
        members = tuple(now if member is known else member for member in self.members)
        return self._tell(
            now, told, at, members if known else (*members, now), tuple(user for user in self.lost if user != now.user)
        )

    def departed(self, user: UserId, reason: Exit, at: float) -> "Register":
        """Return the register without a user; the same when he is not in it. What he sent ends without a word."""
        known = self.member(user)
        if known is None:
            return self
        members = tuple(member for member in self.members if member is not known)
        told = [(RoomEventType.EXIT_ROOM, int(reason))]
        if not members:
            told.append((RoomEventType.DISMISS_ROOM, 0))
        lost = (*self.lost, user)[-MOST_LOST:] if reason is Exit.TIMEOUT else self.lost
        return self._tell(known, told, at, members, lost)

    def told(self) -> "Register":
        """Return the register once all that was pending is in the stream of events."""
        return replace(self, pending=())

    def _tell(
        self,
        who: Member,
        told: Iterable[tuple[RoomEventType, int]],
        at: float,
        members: tuple[Member, ...],
        lost: tuple[UserId, ...],
    ) -> "Register":
        events, last = list(self.pending), self.told_at
        for kind, reason in told:
            last = round(max(at, last + _APART), 3)
            events.append(RoomEvent(last, kind, self.room, who.user, reason, who.user_type))
        return Register(self.room, members, last, lost, tuple(events))
