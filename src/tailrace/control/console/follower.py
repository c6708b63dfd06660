"""Follower: what one browser has not been told yet. What changes faster than it reads is told once, as it is then."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tailrace.ids import SdkAppId

# Different things that wait; a browser that is further behind gets everything anew instead. Names only: 50 kB.
MOST_DUE = 500


class Name(StrEnum):
    """The events of the stream of changes."""

    SNAPSHOT = "snapshot"
    ROOM = "room"
    TASK = "task"
    EVENT = "event"
    DELIVERY = "delivery"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Told:
    """Something of `app` has changed. `key` names it among all things; `content` returns how it is when it is sent."""

    name: Name
    app: SdkAppId
    key: str
    content: Callable[[], Mapping[str, Any]]


class Follower:
    """`apps` are those whose rooms and tasks the browser may see, `with_events` those whose events it may see."""

    def __init__(self, apps: Collection[SdkAppId], with_events: Collection[SdkAppId]) -> None:
        self.apps = frozenset(apps)
        self._with_events = frozenset(with_events)
        self._due: dict[str, Told] = {}
        self._anew = False
        # Nothing is told before the first snapshot.
        self._away = True
        self._ended = False
        self._news = asyncio.Event()

    def put(self, told: Told) -> None:
        """Take note of a change, if it is one that the browser may see."""
        allowed = self._with_events if told.name in (Name.EVENT, Name.DELIVERY) else self.apps
        # What comes before a snapshot is in it.
        if told.app not in allowed or self._anew or self._away:
            return
        self._due[told.key] = told
        if len(self._due) > MOST_DUE:
            self.renew()
        self._news.set()

    def renew(self) -> None:
        """Have everything told anew."""
        self._due.clear()
        self._anew, self._away = True, False
        self._news.set()

    def leave_off(self) -> None:
        """Say that nothing can be known for now; `renew` is what comes next."""
        self._due.clear()
        self._anew, self._away = False, True
        self._news.set()

    def end(self) -> None:
        """Have nothing told any more."""
        self._ended = True
        self._news.set()

    async def next(self) -> "list[Told] | Name | None":
        """Wait for something, and return it: changes, SNAPSHOT, AWAY, or None at the end."""
        await self._news.wait()
        self._news.clear()
        if self._ended:
            self._news.set()
            return None
        due, self._due = self._due, {}
        if self._anew:
            self._anew = False
            return Name.SNAPSHOT
        if self._away and not due:
            return Name.AWAY
        return list(due.values())
