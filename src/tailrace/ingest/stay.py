"""Stay: the time that one publisher is in a room; its presence is kept, and says how it left."""

import asyncio
import logging
from typing import Protocol

from tailrace import supervise
from tailrace.bus.connection import Bus
from tailrace.bus.membership import Membership
from tailrace.bus.rooms import Rooms
from tailrace.errors import BusError
from tailrace.ids import quote
from tailrace.model.presence import Exit, Presence

_log = logging.getLogger(__name__)


class Connection(Protocol):
    """What a publisher sends over, as far as a stay is concerned."""

    def close(self, reason: str) -> None:
        """End it for a reason that the publisher may be told. Does not wait; twice is harmless."""


class Stays:
    """All stays of this process. `lost_after`: seconds that a publisher who vanished stays in the room."""

    def __init__(self, bus: Bus, lost_after: float, group: asyncio.TaskGroup) -> None:
        self.rooms = Rooms(bus, lost_after)
        self.lost_after = lost_after
        self.group = group
        self._all: set[Stay] = set()

    def begin(self, presence: Presence, connection: Connection) -> "Stay":
        """Let a publisher enter. Its connection is closed when a later session of the same user begins."""
        stay = Stay(self, presence, connection)
        self._all.add(stay)
        stay.task.add_done_callback(lambda _: self._all.discard(stay))
        return stay

    async def close(self) -> None:
        """End every stay; twice is harmless.

        It is this process that leaves and not its publishers: their places are kept for `lost_after`, in which they
        come to another process, or to this one's successor, without having left.
        """
        for stay in list(self._all):
            await stay.end(None)


class Stay:
    """One publisher in a room, from its first unit until it leaves or is replaced."""

    def __init__(self, stays: Stays, presence: Presence, connection: Connection) -> None:
        self._stays = stays
        self._membership = Membership(stays.rooms, presence)
        self._connection = connection
        self.task = supervise.start(stays.group, self._run(), f"stay of {quote(presence.user)}")

    @property
    def presence(self) -> Presence:
        """What is announced."""
        return self._membership.presence

    def update(self, presence: Presence) -> None:
        """Announce new facts of the same member."""
        self._membership.update(presence)

    async def end(self, why: Exit | None) -> None:
        """Leave the room now; None: stay in it until the place runs out."""
        self._membership.leaves = why
        await supervise.stop(self.task)

    def lose(self) -> None:
        """Leave the room when the time of a lost publisher is over, unless replaced before."""
        supervise.start(self._stays.group, self._linger(), f"lingering {self.task.get_name()}")

    async def _linger(self) -> None:
        await asyncio.wait([self.task], timeout=self._stays.lost_after)
        await self.end(Exit.TIMEOUT)

    async def _run(self) -> None:
        try:
            await self._membership.run()
            self._connection.close("replaced by a later session of the same user")
        except BusError as error:
            _log.error("presence lost", extra={"error": str(error)})
            self._connection.close("the server cannot keep the presence in the room")
