"""BusPublisher: a member of a room whose units are made here, as a browser's would be, without a browser."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

from tailrace.bus import connection
from tailrace.bus.outbox import Outbox
from tailrace.clock import SystemClock
from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.ingest.room import Lobby, Member, Tracks
from tailrace.ingest.stay import Stays
from tailrace.model.presence import Exit
from tailrace.secret import Secret
from tailrace.supervise import start, stop
from tailrace.unit import Unit
from tests.harness.hosted import Hosted
from tests.harness.served import Served

LOST_AFTER = 2.0


class BusPublisher(Hosted):
    """`with BusPublisher(served, room, user, units):` publishes them in real time by their times, in their order.

    They begin anew when they are over, if `again`, after `lasts_us`; sessions and sequences are set here.
    """

    def __init__(
        self, served: Served, room: str, user: str, units: Sequence[Unit], *, lasts_us: int = 0, at_us: int = 0
    ) -> None:
        super().__init__(f"publish {user}")
        app = SdkAppId(served.app["sdk_app_id"])
        self._stream = Stream(Room(app, room, numeric=False), UserId(user))
        self._bus_url = served.bus_url()
        self._units = sorted(units, key=lambda unit: unit.dts_us)
        self._lasts_us = lasts_us
        self._at_us = at_us
        self._over = threading.Event()

    def leave(self) -> None:
        """Leave the room in order; twice is harmless."""
        self.end()

    def until_over(self, timeout: float) -> None:
        """Wait until all units are published."""
        assert self._over.wait(timeout), "units are left over"

    def close(self, reason: str) -> None:
        """Take note that a later session of the same user has begun."""

    async def _live(self) -> None:
        bus = await connection.connect(Secret(self._bus_url), "test")
        try:
            async with asyncio.TaskGroup() as group:
                outbox = Outbox(bus)
                sending = start(group, outbox.run(), "outbox")
                clock = SystemClock()
                stays = Stays(bus, LOST_AFTER, group)
                member = Member(Lobby(bus, outbox, {}, stays, clock), self._stream, "whip", self)
                await member.enter("test")
                publishing = start(group, self._publish(member), "publish")
                await self._ending.wait()
                await stop(publishing)
                await member.leave(Exit.ITSELF)
                await stays.close()
                await stop(sending)
        finally:
            await bus.close()

    async def _publish(self, member: Member) -> None:
        counts = {True: 0, False: 0}
        kinds = {unit.codec.is_video for unit in self._units}
        member.tracks = Tracks(audio=False in kinds, video=True in kinds)
        begin, first_us, rounds = self._loop.time(), self._units[0].dts_us, 0
        while True:
            for unit in self._units:
                after_us = unit.dts_us - first_us + rounds * self._lasts_us
                await asyncio.sleep(max(0.0, begin + after_us / 1e6 - self._loop.time()))
                video = unit.codec.is_video
                moved_us = self._at_us + rounds * self._lasts_us
                member.publish(
                    replace(
                        unit,
                        session=member.session,
                        sequence=counts[video],
                        pts_us=unit.pts_us + moved_us,
                        dts_us=unit.dts_us + moved_us,
                    )
                )
                counts[video] += 1
                self._started.set()
            rounds += 1
            if not self._lasts_us:
                break
        self._over.set()
