"""Rooms: who is in which room with what. Entries live as long as their heartbeats, in memory only."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence

from tailrace.bus.bucket import Bucket, Entry
from tailrace.bus.connection import Bus
from tailrace.bus.plain import dump, load
from tailrace.bus.roster import Change, Changed, Joined, Left, Roster
from tailrace.bus.subjects import ROOMS, presence_key, presences_of
from tailrace.errors import BusError, Conflict
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.presence import Exit, Presence, Role

__all__ = ["Change", "Changed", "Joined", "Left", "Rooms"]

_log = logging.getLogger(__name__)

# Writers of one entry are two sessions of one user at most.
ATTEMPTS = 10
# Changes that wait for a watcher; beyond, it reads the whole list again.
MAX_PENDING_CHANGES = 10_000
# A watcher looks for silent members ten times in the life of a presence, so that it is a tenth late at most.
LOOKS_PER_LIFETIME = 10


class Rooms:
    """The presences of all apps. `lost_after`: seconds after its last heartbeat at which a member has left."""

    def __init__(self, bus: Bus, lost_after: float) -> None:
        self._bus = bus
        self._bucket = Bucket(bus, ROOMS)
        self.lost_after = lost_after

    async def announce(self, presence: Presence, revision: int = 0) -> int:
        """Write a member's entry and return its revision, which makes the next heartbeat cheaper.

        An earlier session under the same key is replaced. Raises Conflict when the entry is of one that removes us.
        """
        key = presence_key(*presence.key)
        for _ in range(ATTEMPTS):
            try:
                return await self._bucket.put(key, dump(presence), revision)
            except Conflict:
                entry = await self._bucket.get(key)
            revision = entry.revision if entry else 0
            other = _presence(entry) if entry else None
            if other is not None and other.removes(presence):
                raise Conflict(f"a later session of {presence.user!r} is in the room")
        raise Conflict(f"the entry of {presence.user!r} changes faster than it can be written")

    async def withdraw(self, presence: Presence, why: Exit = Exit.ITSELF) -> None:
        """Remove a member's entry if it is of this session; harmless otherwise."""
        key = presence_key(*presence.key)
        entry = await self._bucket.get(key)
        if entry is None or (stored := _presence(entry)) is None or stored.session != presence.session:
            return
        try:
            await self._bucket.delete(key, entry.revision, str(int(why)))
        except Conflict:
            return  # replaced since we looked, and so no longer ours

    async def get(self, room: Room, user: UserId, role: Role) -> Presence | None:
        """Return one member's entry."""
        entry = await self._bucket.get(presence_key(room, user, role))
        return _presence(entry) if entry else None

    async def of_user(self, room: Room, user: UserId) -> tuple[dict[Role, Presence], Exit | None]:
        """Return what a user is in a room as, and why the latest of his entries that were withdrawn was withdrawn.

        Marks of withdrawn entries are kept for minutes; an entry that ran out leaves none.
        """
        there: dict[Role, Presence] = {}
        why: Exit | None = None
        for entry in sorted(await self._bucket.list(presences_of(None, room, user)), key=lambda entry: entry.revision):
            if (presence := _presence(entry)) is not None:
                there[presence.role] = presence
            elif entry.note.isdecimal() and int(entry.note) in list(Exit):
                why = Exit(int(entry.note))
        return there, why

    async def members(self, room: Room) -> list[Presence]:
        """Return who is in a room."""
        return await self._list(presences_of(None, room, None))

    async def watch(
        self,
        app: SdkAppId | None = None,
        room: Room | None = None,
        user: UserId | None = None,
        whole: Callable[[], None] | None = None,
    ) -> AsyncGenerator[Change, None]:
        """Yield Joined for everyone there, then each change, for ever. Expiry comes as Left.

        A lost bus, or one that comes back empty, is nobody's leaving: after a reconnection a member has `lost_after`
        seconds to be heard of again. `whole` is called each time that all who are there were yielded. Close the
        generator (`contextlib.aclosing`), so that its subscription ends.
        """
        pattern = presences_of(app, room, user)
        now = asyncio.get_running_loop().time
        roster = Roster(self.lost_after)
        inbox: asyncio.Queue[Entry | None] = asyncio.Queue(MAX_PENDING_CHANGES)

        def reload() -> None:
            # None stands for "read it all again"; whatever waits is in what is read then.
            while not inbox.empty():
                inbox.get_nowait()
            inbox.put_nowait(None)

        def take(entry: Entry) -> None:
            if inbox.full():
                reload()
            else:
                inbox.put_nowait(entry)

        with self._bus.reconnection(reload):
            feed = await self._bucket.watch(pattern, take, reload)
            inbox.put_nowait(None)
            try:
                while True:
                    changes, all_read = await self._next(inbox, pattern, roster)
                    for change in changes:
                        yield change
                    if all_read and whole is not None:
                        whole()
                    for key in roster.silent(now()):
                        if (left := await self._ask_after(key, roster)) is not None:
                            yield left
            finally:
                await self._bus.unsubscribe(feed)

    async def _next(
        self, inbox: asyncio.Queue[Entry | None], pattern: str, roster: Roster
    ) -> tuple[Sequence[Change], bool]:
        """Return the next changes, if any came soon, and whether they are what a reading of all has brought."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(self.lost_after / LOOKS_PER_LIFETIME):
                entry = await inbox.get()
        except TimeoutError:
            return (), False
        if entry is not None:
            entries = [entry]
        else:
            roster.excuse(None, now() + self.lost_after)
            try:
                entries = await self._bucket.list(pattern)
            except BusError as error:
                _log.warning("rooms not read", extra={"error": str(error)})
                await asyncio.sleep(self.lost_after / LOOKS_PER_LIFETIME)
                if inbox.empty():
                    inbox.put_nowait(None)
                return (), False
        heard = (roster.heard(entry.key, _presence(entry), now()) for entry in entries)
        return [change for change in heard if change is not None], entry is None

    async def _ask_after(self, key: str, roster: Roster) -> Change | None:
        """Decide about a member who was not heard of: gone only if the bus, reached all the time, says so."""
        now = asyncio.get_running_loop().time
        connection = self._bus.connection
        try:
            entry = await self._bucket.get(key)
        except BusError:
            roster.excuse(None, now() + self.lost_after)
            return None
        if self._bus.connection != connection:
            roster.excuse(None, now() + self.lost_after)
            return None
        presence = _presence(entry) if entry else None
        if presence is None:
            return roster.gone(key)
        # Stored, but silent: it expires any moment, or its heartbeat is on its way.
        roster.excuse([key], now() + self.lost_after / LOOKS_PER_LIFETIME)
        return None

    async def _list(self, pattern: str) -> list[Presence]:
        return [found for entry in await self._bucket.list(pattern) if (found := _presence(entry)) is not None]

    async def list(self, app: SdkAppId | None = None) -> list[Presence]:
        """Return all members of all rooms of an app, or of all apps."""
        return await self._list(presences_of(app, None, None))


def _presence(entry: Entry) -> Presence | None:
    if entry.value is None:
        return None
    try:
        return load(Presence, entry.value)
    except BusError as error:
        _log.warning("presence skipped", extra={"key": entry.key, "error": str(error)})
        return None
