"""Stay: the time that one publisher is in a room; its presence is kept, and its coming and going are told."""

import asyncio
import logging

from tailrace import supervise
from tailrace.bus.connection import Bus
from tailrace.bus.events import Events
from tailrace.bus.membership import Membership
from tailrace.bus.rooms import Rooms
from tailrace.clock import Clock
from tailrace.errors import BusError
from tailrace.ids import quote
from tailrace.model.presence import Presence
from tailrace.model.room_event import RoomEvent, RoomEventType
from tailrace.net.rtmp_server import Connection

_log = logging.getLogger(__name__)

# spec/04 section 2.
_ENTERED_BY_ITSELF = 1
_LEFT_BY_ITSELF, _LEFT_BY_TIMEOUT, _LEFT_REMOVED = 1, 2, 3


class Stays:
    """All stays of this process. `lost_after`: seconds that a publisher who vanished stays in the room."""

    def __init__(self, bus: Bus, lost_after: float, clock: Clock, group: asyncio.TaskGroup) -> None:
        self.rooms = Rooms(bus, lost_after)
        self.events = Events(bus)
        self.lost_after = lost_after
        self.clock = clock
        self.group = group
        self._all: set[Stay] = set()

    def begin(self, presence: Presence, connection: Connection) -> "Stay":
        """Let a publisher enter. Its connection is closed when a later session of the same user begins."""
        stay = Stay(self, presence, connection)
        self._all.add(stay)
        stay.task.add_done_callback(lambda _: self._all.discard(stay))
        return stay

    async def close(self) -> None:
        """End every stay; twice is harmless."""
        for stay in list(self._all):
            await stay.end()


class Stay:
    """One publisher in a room, from its first unit until it leaves or is replaced."""

    def __init__(self, stays: Stays, presence: Presence, connection: Connection) -> None:
        self._stays = stays
        self._membership = Membership(stays.rooms, presence)
        self._connection = connection
        self._left_by = _LEFT_BY_ITSELF
        self.task = supervise.start(stays.group, self._run(), f"stay of {quote(presence.user)}")

    @property
    def presence(self) -> Presence:
        """What is announced."""
        return self._membership.presence

    def update(self, presence: Presence) -> None:
        """Announce new facts of the same member."""
        self._membership.update(presence)

    async def end(self) -> None:
        """Leave the room now."""
        await supervise.stop(self.task)

    def lose(self) -> None:
        """Leave the room when the time of a lost publisher is over, unless replaced before."""
        self._left_by = _LEFT_BY_TIMEOUT
        supervise.start(self._stays.group, self._linger(), f"lingering {self.task.get_name()}")

    async def _linger(self) -> None:
        await asyncio.wait([self.task], timeout=self._stays.lost_after)
        await self.end()

    async def _run(self) -> None:
        await self._tell(RoomEventType.ENTER_ROOM, _ENTERED_BY_ITSELF)
        try:
            await self._membership.run()
            self._left_by = _LEFT_REMOVED
            self._connection.close("replaced by a later session of the same user")
        except BusError as error:
            _log.error("presence lost", extra={"error": str(error)})
            self._connection.close("the server cannot keep the presence in the room")
        finally:
            await self._tell(RoomEventType.EXIT_ROOM, self._left_by)

    async def _tell(self, kind: RoomEventType, reason: int) -> None:
        presence = self.presence
        event = RoomEvent(self._stays.clock.unix(), kind, presence.room, presence.user, reason)
        try:
            await self._stays.events.of_room(event)
        except BusError as error:
            _log.warning("room event not stored", extra={"event": kind.name, "error": str(error)})
