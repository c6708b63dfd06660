"""BusViewer: one stream, or a task's output, as those see it who take it from the bus."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import av
import numpy as np

from tailrace.bus.connection import connect
from tailrace.bus.reception import Reception
from tailrace.bus.rooms import Left, Rooms
from tailrace.bus.subjects import watched
from tailrace.ids import Output, Source, Stream
from tailrace.model.joiner import Joiner
from tailrace.model.presence import Presence
from tailrace.secret import Secret
from tailrace.supervise import start, stop
from tailrace.unit import Codec, Unit
from tailrace.wire.flv import AudioBody, AvcPacket, VideoBody
from tests.harness.hosted import Hosted
from tests.harness.waiting import eventually
from tests.media.received import Message, Received, Sound

RATE_HZ = 48000
LOST_AFTER = 2.0  # as tests/harness/served.py has it
# As everybody who watches a task's output does.
WORD_EACH = 5.0


class WithOpus(Received):
    """What rooms get of browsers and of tasks."""

    def __init__(self, video: Sequence[Unit], opus: Sequence[Unit]) -> None:
        super().__init__(_video_tags(video), [])
        self._opus = opus

    def sound(self) -> Sound:
        """Decode the Opus."""
        decoder = av.CodecContext.create("opus", "r")
        pieces: list[tuple[float, np.ndarray]] = []
        for unit in self._opus:
            frames = decoder.decode(av.Packet(unit.payload))
            pieces += [(unit.pts_us / 1e6, frame.to_ndarray().mean(axis=0)) for frame in frames]
        return Sound(RATE_HZ, 2, pieces)


class BusViewer(Hosted):
    """`with BusViewer(url, source) as viewer:` receives until the end of the block; `units` is what came, joined.

    Of a user's stream, `place` is his entry in the room, None while he is not there, and `exits` counts his leavings.
    """

    def __init__(self, bus_url: str, source: Source) -> None:
        super().__init__("bus viewer")
        self.units: list[Unit] = []
        self.place: Presence | None = None
        self.exits = 0
        self._url = Secret(bus_url)
        self._source = source
        self._joiner = Joiner()

    def of(self, codec: Codec) -> list[Unit]:
        """Return what came of this codec so far."""
        return [unit for unit in list(self.units) if unit.codec is codec]

    def until_more(self, codec: Codec, units: int) -> None:
        """Wait for so many more units."""
        before = len(self.of(codec))
        eventually(lambda: len(self.of(codec)) >= before + units, f"{units} more units of {codec.name}")

    def until_in_room(self, epoch: int = 0) -> Presence:
        """Wait until the user is in the room, with that epoch of a task or a later one, and return his entry."""

        def there() -> list[Presence]:
            place = self.place
            return [place] if place is not None and place.epoch >= epoch else []

        return eventually(there, "the user in the room")[0]

    def received(self) -> Received:
        """Return the H.264 and AAC, or Opus, that came, for a look at its content."""
        video, audio, opus = self.of(Codec.H264), self.of(Codec.AAC), self.of(Codec.OPUS)
        return WithOpus(video, opus) if opus else Received(_video_tags(video), _audio_tags(audio))

    async def _live(self) -> None:
        bus = await connect(self._url, "viewer")

        async def keep_watching() -> None:
            while isinstance(self._source, Output):
                await bus.publish(watched(self._source), b"")
                await asyncio.sleep(WORD_EACH)

        async def follow_user() -> None:
            if isinstance(self._source, Stream):
                room, user = self._source.room, self._source.user
                async with aclosing(Rooms(bus, LOST_AFTER).watch(room=room, user=user)) as changes:
                    async for change in changes:
                        left = isinstance(change, Left)
                        self.place = None if left else change.presence
                        self.exits += left

        try:
            async with asyncio.TaskGroup() as group:
                work = [
                    start(group, keep_watching(), "watching"),
                    start(group, follow_user(), "room"),
                    start(group, Reception(bus, self._source, self._join, self._take).run(), "reception"),
                ]
                self._started.set()
                await self._ending.wait()
                for task in work:
                    await stop(task)
        finally:
            await bus.close()

    async def _join(self, units: Sequence[Unit]) -> None:
        self.units += self._joiner.joined(list(units))

    async def _take(self, unit: Unit) -> bool:
        if self._joiner.take(unit):
            self.units.append(unit)
        return self._joiner.wants_start


def _video_tags(units: Sequence[Unit]) -> list[Message]:
    tags: list[Message] = []
    for unit in units:
        at_ms = unit.dts_us // 1000
        if unit.key:
            tags.append((at_ms, VideoBody(AvcPacket.CONFIG, True, 0, unit.config).encode()))
        body = VideoBody(AvcPacket.UNITS, unit.key, (unit.pts_us - unit.dts_us) // 1000, unit.payload)
        tags.append((at_ms, body.encode()))
    return tags


def _audio_tags(units: Sequence[Unit]) -> list[Message]:
    configs = [AudioBody(config=True, data=unit.config).encode() for unit in units[:1]]
    return [(0, body) for body in configs] + [
        (unit.pts_us // 1000, AudioBody(config=False, data=unit.payload).encode()) for unit in units
    ]
