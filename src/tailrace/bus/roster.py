"""Roster: who is there as far as a watcher has heard, and who was silent for too long. No I/O; the time is given."""

from collections.abc import Iterable
from dataclasses import dataclass

from tailrace.model.presence import Presence


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came, or was there when the watch began."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody's entry changed: other tracks, another size, or a later session under the same key."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody left, or was not heard of for the life of a presence. `presence` is the last that was known."""

    presence: Presence


Change = Joined | Changed | Left


class Roster:
    """Members by key, each with the time until which it need not be heard of again. `life` is in seconds."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._members: dict[str, Presence] = {}
        self._until: dict[str, float] = {}

    def heard(self, key: str, presence: Presence | None, now: float) -> Change | None:
        """Take in a member's entry (None: withdrawn), and return what changed, if anything did."""
        known = self._members.get(key)
        if presence is None:
            return self.gone(key)
        self._members[key] = presence
        self._until[key] = now + self._life
        if known is None:
            return Joined(presence)
        return Changed(presence) if known != presence else None

    def gone(self, key: str) -> Left | None:
        """Take a member out."""
        self._until.pop(key, None)
        known = self._members.pop(key, None)
        return Left(known) if known is not None else None

    def silent(self, now: float) -> list[str]:
        """Return the keys of those who should have been heard of by now."""
        return [key for key, until in self._until.items() if until <= now]

    def excuse(self, keys: Iterable[str] | None, until: float) -> None:
        """Give some members (None: all) time until then at least: that nothing was heard was not their fault."""
        for key in tuple(self._until) if keys is None else keys:
            self._until[key] = max(self._until[key], until)
