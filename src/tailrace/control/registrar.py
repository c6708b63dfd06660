"""Registrar: tells of who comes, goes, begins and ends to send in rooms, once for all control processes together.

It watches the presences of all rooms. A change is a reason to look at that user: at what was told of him (the register)
and then at where he is now (his entries in `rooms`), in this order, so that what is stored next by compare-and-set is
never older than what it replaces. It makes no difference which process does it, how often, or whether a process died in
between. Ingest and its media wait for none of this: all it does is to keep the presences true.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import replace
from typing import NoReturn

from tailrace.bus.connection import Bus
from tailrace.bus.events import Events
from tailrace.bus.registers import Registers, Stored
from tailrace.bus.rooms import Rooms
from tailrace.clock import Clock
from tailrace.errors import BusError, Conflict
from tailrace.ids import Room, UserId
from tailrace.model.presence import Exit, Presence, Role
from tailrace.model.register import Member, Register
from tailrace.supervise import start

_log = logging.getLogger(__name__)

# As long as the bus takes to come back when nats-server is restarted, about.
RETRY = 0.2
# The end of a stream is told of a user who stays with his other one only after this part of `rooms.lost_after`. The two
# entries of a user who is cut off run out up to a heartbeat, a third, apart, and he has then left, and stopped nothing;
# and a stream that is only begun anew is told of neither as ended nor as begun.
PATIENCE = 0.5
_NATIVE, _WEBRTC = 3, 1

_Who = tuple[Room, UserId]


class Registrar:
    """`run` it. The times within are the event loop's, those that are told the clock's."""

    def __init__(self, bus: Bus, lost_after: float, clock: Clock) -> None:
        self._bus = bus
        self._rooms = Rooms(bus, lost_after)
        self._registers = Registers(bus)
        self._events = Events(bus)
        self._clock = clock
        self._lost_after = lost_after
        # When to look at whom: one entry for each user in a room at most.
        self._looks: dict[_Who, float] = {}
        # When what a user has stopped will be told.
        self._stops: dict[_Who, float] = {}
        self._news = asyncio.Event()
        # From when on a missing entry means that its user is gone: a bus that was started again has forgotten
        # everybody, and each has the life of an entry to be heard of again.
        self._sure_at = 0.0

    async def run(self) -> None:
        """Tell until cancelled."""
        self._unsure()
        with self._bus.reconnection(self._unsure):
            async with asyncio.TaskGroup() as group:
                start(group, self._watch(), "watch of all rooms")
                start(group, self._tell_all(), "telling of all rooms")

    def _unsure(self) -> None:
        self._sure_at = _now() + self._lost_after

    async def _watch(self) -> None:
        async with aclosing(self._rooms.watch()) as changes:
            async for change in changes:
                if change.presence.role is not Role.ROBOT:  # one that feeds back may have thrown a person out
                    self._look((change.presence.room, change.presence.user), _now())

    def _look(self, who: _Who, at: float) -> None:
        """Have a user looked at, then or before."""
        self._looks[who] = min(at, self._looks.get(who, at))
        self._news.set()

    async def _tell_all(self) -> NoReturn:
        await self._take_up()
        while True:
            self._news.clear()
            now = _now()
            for who in [who for who, at in self._looks.items() if at <= now]:
                del self._looks[who]
                try:
                    await self._see_to(who)
                except Conflict:
                    self._look(who, now)  # another control process was at it; there may be nothing left to tell
                except BusError as error:
                    _log.warning("room events not stored", extra={"room": who[0].token, "error": str(error)})
                    self._look(who, _now() + RETRY)
            soonest = min(self._looks.values(), default=None)
            try:
                async with asyncio.timeout_at(soonest):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _take_up(self) -> None:
        """Go on where the last process that did this ended."""
        while True:
            try:
                for stored in await self._registers.list():
                    await self._tell(stored)
                    for member in stored.register.members:
                        self._look((stored.register.room, member.user), _now())
                return
            except BusError as error:
                _log.warning("registers of rooms not read", extra={"error": str(error)})
                await asyncio.sleep(RETRY)

    async def _see_to(self, who: _Who) -> None:
        """Tell what has changed about a user. Raises BusError when that shall be tried again."""
        room, user = who
        stored = await self._registers.get(room)
        if stored.register.pending:
            stored = await self._tell(stored)
        there, why = await self._rooms.of_user(room, user)
        streams = [presence for presence in there.values() if not presence.is_robot]
        if there and not streams:
            why = why or Exit.REMOVED  # by a robot of the same name, which may stand in the very place of his entry
        known = stored.register
        register = self._present(who, known, streams) if streams else self._absent(who, known, why)
        if register != known:
            await self._tell(await self._registers.put(register, stored.revision))

    def _present(self, who: _Who, register: Register, streams: list[Presence]) -> Register:
        now, known = _member(streams), register.member(who[1])
        if known is None or not register.stops(now):
            self._stops.pop(who, None)
            return register.arrived(now, self._clock.unix())
        told_at = self._stops.setdefault(who, max(_now() + PATIENCE * self._lost_after, self._sure_at))
        if _now() < told_at:
            self._look(who, told_at)
            now = replace(
                now,
                audio=now.audio or known.audio,
                video=now.video or known.video,
                assist=now.assist or known.assist,
            )
        else:
            del self._stops[who]
        return register.arrived(now, self._clock.unix())

    def _absent(self, who: _Who, register: Register, why: Exit | None) -> Register:
        self._stops.pop(who, None)
        if why is None and _now() < self._sure_at and register.member(who[1]) is not None:
            self._look(who, self._sure_at)
            return register
        return register.departed(who[1], why or Exit.TIMEOUT, self._clock.unix())

    async def _tell(self, stored: Stored) -> Stored:
        """Store the pending events, under names that make each one single, and write them off."""
        if not stored.register.pending:
            return stored
        for number, event in enumerate(stored.register.pending):
            await self._events.of_room(event, f"{stored.name}.{number}")
        return await self._registers.put(stored.register.told(), stored.revision)


def _member(streams: list[Presence]) -> Member:
    main = next((presence for presence in streams if presence.role is Role.MAIN), None)
    aux = next((presence for presence in streams if presence.role is Role.AUX), None)
    return Member(
        streams[0].user,
        _WEBRTC if streams[0].via == "whip" else _NATIVE,
        audio=main is not None and main.heard,
        video=main is not None and main.seen,
        assist=aux is not None and aux.seen,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
