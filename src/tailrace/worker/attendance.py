"""Attendance: who is in the rooms of a mix, and what they send."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import aclosing

from tailrace.bus.rooms import Left, Rooms
from tailrace.ids import Room, Stream, StreamType
from tailrace.model.cast import Member
from tailrace.model.presence import Role
from tailrace.supervise import start, stop


class Attendance:
    """Follows rooms while `run` runs; `changed` is called when `members` are others. Robots are nobody."""

    def __init__(self, rooms: Rooms, changed: Callable[[], None]) -> None:
        self._rooms = rooms
        self._changed = changed
        self._wanted: frozenset[Room] = frozenset()
        self._members: dict[Stream, Member] = {}
        self._news = asyncio.Event()

    @property
    def members(self) -> Collection[Member]:
        """Who is there now, each with one stream."""
        return self._members.values()

    def watch(self, rooms: Iterable[Room]) -> None:
        """Follow these rooms, and let go of all others."""
        self._wanted = frozenset(rooms)
        self._news.set()

    async def run(self) -> None:
        """Follow the rooms until cancelled."""
        following: dict[Room, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for room in following.keys() - self._wanted:
                    await stop(following.pop(room))
                    self._members = {s: member for s, member in self._members.items() if s.room != room}
                    self._changed()
                for room in self._wanted - following.keys():
                    following[room] = start(group, self._follow(room), "room")
                await self._news.wait()
                self._news.clear()

    async def _follow(self, room: Room) -> None:
        async with aclosing(self._rooms.watch(room=room)) as changes:
            async for change in changes:
                who = change.presence
                if who.role is Role.ROBOT:
                    continue
                stream = Stream(room, who.user, StreamType(who.role))
                if isinstance(change, Left):
                    self._members.pop(stream, None)
                else:
                    self._members[stream] = Member(stream, who.audio, who.video, who.since, who.fed_back_from)
                self._changed()
