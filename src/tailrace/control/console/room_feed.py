"""Room feed: who is in which room, as the bus tells it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from tailrace.bus.rooms import Left, Rooms
from tailrace.control.console.follower import Name, Told
from tailrace.control.console.views import room_view
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Presence, Role


class RoomFeed:
    """Tells of each change of a room. `loaded` is set once all rooms are known."""

    def __init__(self, rooms: Rooms, tell: Callable[[Told], None]) -> None:
        self.loaded = asyncio.Event()
        self._rooms = rooms
        self._tell = tell
        self._members: dict[Room, dict[tuple[UserId, Role], Presence]] = {}

    async def run(self) -> None:
        """Follow until cancelled. Raises BusError."""
        self._members.clear()
        try:
            async with aclosing(self._rooms.watch(whole=self.loaded.set)) as changes:
                async for change in changes:
                    who = change.presence
                    members = self._members.setdefault(who.room, {})
                    if isinstance(change, Left):
                        members.pop((who.user, who.role), None)
                    else:
                        members[who.user, who.role] = who
                    if not members:
                        del self._members[who.room]
                    if self.loaded.is_set():
                        content = partial(self._view, who.room)
                        self._tell(Told(Name.ROOM, who.room.app, f"room {who.room.token}", content))
        finally:
            self.loaded.clear()

    def snapshot(self, apps: Collection[SdkAppId]) -> list[Mapping[str, Any]]:
        """Return the rooms of some apps."""
        return [self._view(room) for room in self._members if room.app in apps]

    def _view(self, room: Room) -> Mapping[str, Any]:
        return room_view(room, self._members.get(room, {}).values())
