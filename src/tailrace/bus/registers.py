"""Registers: what was told of each room, one record per room on disk, changed by compare-and-set only."""

from dataclasses import dataclass

from tailrace.bus.bucket import Bucket, Entry
from tailrace.bus.connection import Bus
from tailrace.bus.plain import dump, load
from tailrace.bus.subjects import REGISTERS
from tailrace.ids import Room
from tailrace.model.register import Register

# How long it is remembered in an empty room who was lost from it, so that coming back is told as that. A publisher
# that was cut off tries again for minutes; an hour covers a router that was exchanged.
EMPTY_LIFE = 3600
# One try to write. To try again is harmless, and an answer that nats-server took with it when it was restarted must not
# keep other rooms waiting.
_TRY_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A register, and the revision to change it with."""

    register: Register
    revision: int

    @property
    def name(self) -> str:
        """A name that nothing else stored has: of this room at this revision."""
        return f"{self.register.room.token}.{self.revision}"


class Registers:
    """Access to all registers."""

    def __init__(self, bus: Bus) -> None:
        self._bucket = Bucket(bus, REGISTERS, _TRY_TIMEOUT)

    async def get(self, room: Room) -> Stored:
        """Return a room's register, an empty one when there is none. Raises BusError."""
        entry = await self._bucket.get(room.token)
        return Stored(Register(room), 0) if entry is None else _read(entry)

    async def put(self, register: Register, revision: int) -> Stored:
        """Store if it is still at `revision`. Raises Conflict, or BusError."""
        life = 0 if register.members or register.pending else EMPTY_LIFE
        return Stored(register, await self._bucket.put(register.room.token, dump(register), revision, life))

    async def list(self) -> list[Stored]:
        """Return all registers. Raises BusError."""
        return [_read(entry) for entry in await self._bucket.list(">") if entry.value is not None]


def _read(entry: Entry) -> Stored:
    return Stored(load(Register, entry.value or b""), entry.revision)
