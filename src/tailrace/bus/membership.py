"""Membership: being in a room. Announces, sends heartbeats, notices that it was replaced, withdraws at the end."""

import asyncio
import logging
from contextlib import aclosing

from tailrace import supervise
from tailrace.bus.rooms import Left, Rooms
from tailrace.errors import BusError, Conflict
from tailrace.model.presence import HEARTBEATS_PER_LIFETIME, Exit, Presence

_log = logging.getLogger(__name__)

# A bus that just came back is told again soon who is there.
RETRY = 0.2


class Membership:
    """One member in one role. `run` it for as long as the member is in the room.

    `leaves` is why it withdraws when it is cancelled; None: not at all, its place is kept until that runs out.
    """

    def __init__(self, rooms: Rooms, presence: Presence) -> None:
        self._rooms = rooms
        self._presence = presence
        self.leaves: Exit | None = Exit.ITSELF
        self._news = asyncio.Event()
        self._joined = asyncio.Event()

    @property
    def presence(self) -> Presence:
        """What is announced."""
        return self._presence

    def update(self, presence: Presence) -> None:
        """Announce other facts (tracks, size) under the same key, at once."""
        self._presence = presence
        self._news.set()

    async def joined(self) -> None:
        """Wait until the member was announced for the first time."""
        await self._joined.wait()

    async def run(self) -> Presence:
        """Be in the room until another session removes this one, and return that one; or until cancelled."""
        removed: asyncio.Future[Presence] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = (
                    supervise.start(group, self._beat(removed), "heartbeat"),
                    supervise.start(group, self._look(removed), "watch for other sessions"),
                )
                by = await removed
                self.leaves = Exit.REMOVED
                for task in tasks:
                    await supervise.stop(task)
                return by
        finally:
            await self._withdraw()

    async def _beat(self, removed: asyncio.Future[Presence]) -> None:
        pause = self._rooms.lost_after / HEARTBEATS_PER_LIFETIME
        revision = 0
        while not removed.done():
            wait = pause
            self._news.clear()
            try:
                revision = await self._rooms.announce(self._presence, revision)
                self._joined.set()
            except Conflict:
                other = await self._other()
                if other is not None and not removed.done():
                    removed.set_result(other)
                wait = RETRY
            except BusError as error:
                _log.warning("presence not announced", extra={"error": str(error)})
                wait = RETRY
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _other(self) -> Presence | None:
        """Return the entry that removes ours, if it is still there."""
        try:
            other = await self._rooms.get(*self._presence.key)
        except BusError:
            return None
        return other if other is not None and other.removes(self._presence) else None

    async def _look(self, removed: asyncio.Future[Presence]) -> None:
        mine = self._presence
        async with aclosing(self._rooms.watch(room=mine.room, user=mine.user)) as changes:
            async for change in changes:
                if isinstance(change, Left) or removed.done():
                    continue
                if change.presence.removes(self._presence):
                    removed.set_result(change.presence)

    async def _withdraw(self) -> None:
        if self.leaves is None:
            return
        try:
            await self._rooms.withdraw(self._presence, self.leaves)
        except BusError as error:
            # It expires by itself.
            _log.warning("presence not withdrawn", extra={"error": str(error)})
