"""Live: what browsers are told as it happens. One watcher for all of them; without browsers it costs nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from tailrace.bus.connection import Bus
from tailrace.bus.mirror import Mirror
from tailrace.bus.rooms import Rooms
from tailrace.control.action import Service
from tailrace.control.console.event_feed import EventFeed
from tailrace.control.console.follower import Follower, Name, Told
from tailrace.control.console.outlook import Outlook
from tailrace.control.console.room_feed import RoomFeed
from tailrace.control.console.task_feed import TaskFeed
from tailrace.errors import BusError, ConsoleBusy
from tailrace.ids import SdkAppId
from tailrace.supervise import start, stop

_log = logging.getLogger(__name__)

# Each holds a connection, of which the process has a thousand, and 64 kB that wait to be sent.
MOST_FOLLOWERS = 100
# Who loads a page again is gone for less.
LINGER = 10.0
# While the bus is away: each part tries again so often.
RETRY = 0.5
# How soon browsers learn that the bus is away.
LOOK_EACH = 0.25


class Live:
    """`run` it beside the server. `close` ends what browsers follow, so that the server can end."""

    def __init__(self, bus: Bus, mirror: Mirror, service: Service) -> None:
        apps = [SdkAppId(app.sdk_app_id) for app in service.config.app]
        self._bus = bus
        self._rooms = RoomFeed(Rooms(bus, service.config.rooms.lost_after), self._tell)
        self._tasks = TaskFeed(mirror, service.tasks, self._tell)
        self._events = EventFeed(bus, service.history, service.deliveries, apps, self._tell)
        self._followers: set[Follower] = set()
        self._changed = asyncio.Event()
        self._outlook = Outlook()
        self._closed = False

    async def run(self) -> None:
        """Watch for as long as somebody follows; until cancelled."""
        while True:
            await self._until(lambda: bool(self._followers))
            async with asyncio.TaskGroup() as group:
                parts = [
                    start(group, _kept(self._rooms.run, "rooms"), "console: rooms"),
                    start(group, _kept(self._tasks.run, "tasks"), "console: tasks"),
                    start(group, _kept(self._events.run, "events"), "console: events"),
                    start(group, self._watch(), "console: the bus"),
                ]
                await self._until_nobody()
                self._outlook = Outlook()
                for part in parts:
                    await stop(part)

    def close(self) -> None:
        """Tell nobody anything any more."""
        self._closed = True
        for follower in self._followers:
            follower.end()

    def follow(self, apps: Collection[SdkAppId], with_events: Collection[SdkAppId]) -> Follower:
        """Follow some apps, until `leave`. Raises ConsoleBusy when too many do."""
        if len(self._followers) >= MOST_FOLLOWERS or self._closed:
            raise ConsoleBusy("too many browsers follow what happens; close some")
        follower = Follower(apps, with_events)
        self._followers.add(follower)
        self._changed.set()
        if self._outlook.known:
            follower.renew()
        elif not self._bus.connected:
            follower.leave_off()
        return follower

    def leave(self, follower: Follower) -> None:
        """Follow no longer. Twice is harmless."""
        self._followers.discard(follower)
        self._changed.set()

    def snapshot(self, apps: Collection[SdkAppId]) -> Mapping[str, Any]:
        """Return all rooms and tasks of some apps."""
        return {"Rooms": self._rooms.snapshot(apps), "Tasks": self._tasks.snapshot(apps)}

    def _tell(self, told: Told) -> None:
        for follower in self._followers:
            follower.put(told)

    async def _watch(self) -> None:
        """Tell followers when nothing can be known, and when everything can be."""
        outlook = self._outlook
        with self._bus.reconnection(outlook.back):
            while True:
                match outlook.look(self._bus.connected, self._rooms.loaded.is_set() and self._tasks.loaded.is_set()):
                    case Name.AWAY:
                        for follower in self._followers:
                            follower.leave_off()
                    case Name.SNAPSHOT:
                        for follower in self._followers:
                            follower.renew()
                await asyncio.sleep(LOOK_EACH / 10 if outlook.pending else LOOK_EACH)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def _until_nobody(self) -> None:
        """Wait until nobody has followed for LINGER seconds."""
        while True:
            await self._until(lambda: not self._followers)
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER):
                    await self._until(lambda: bool(self._followers))
            if not self._followers:
                return


async def _kept(run: Callable[[], Awaitable[None]], part: str) -> None:
    while True:
        try:
            await run()
        except BusError as error:
            _log.warning("console is not told", extra={"part": part, "error": str(error)})
            await asyncio.sleep(RETRY)
