"""Watching: the streams that somebody watches in a browser, each subscribed to once however many watch it."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import NoReturn

from tailrace import supervise
from tailrace.bus.connection import Bus
from tailrace.bus.reception import Reception
from tailrace.bus.subjects import watched
from tailrace.clock import Clock
from tailrace.errors import BusError, PeerError
from tailrace.ids import Kind, Output, Source
from tailrace.ingest.opus_line import OpusLine
from tailrace.ingest.viewer import Viewer
from tailrace.model.group import Group
from tailrace.model.joiner import Joiner
from tailrace.model.live_clock import LiveClock
from tailrace.unit import Codec, Unit
from tailrace.wire.rtp.packetizer import payloads
from tailrace.wire.rtp.sender import Sendable

_log = logging.getLogger(__name__)

# A task's child goes on for three times as long after the last word (worker/tap.py).
WATCHED_EACH = 5.0


class Watched:
    """One stream: its units become payloads once, for all `Viewer`s that have joined."""

    def __init__(self, bus: Bus, source: Source, clock: Clock) -> None:
        self.codecs: dict[Kind, Codec] = {}
        self.profile = ""
        """First two hex digits of the profile-level-id of H.264."""
        self._bus = bus
        self.source = source
        self._clock = clock
        self._viewers: set[Viewer] = set()
        self._joiner = Joiner()
        self._live = LiveClock()
        self._group = Group[Sendable]()
        self._opus = OpusLine(self._play)
        self._pictures = 0
        self._more_known = asyncio.Event()
        self.holders = 0

    @property
    def group(self) -> Sequence[Sendable]:
        """The current group of pictures."""
        return self._group.items

    def join(self, viewer: Viewer) -> None:
        """Show it the current group of pictures at once, then all that comes."""
        viewer.begin()
        self._viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Show it nothing more; twice is harmless."""
        viewer.close()
        self._viewers.discard(viewer)

    async def known(self, kinds: Collection[Kind], timeout: float) -> bool:
        """Wait until the codecs of `kinds` are known, `timeout` seconds at most; whether any is known then."""
        try:
            async with asyncio.timeout(timeout):
                while not all(kind in self.codecs for kind in kinds):
                    self._more_known.clear()
                    await self._more_known.wait()
        except TimeoutError:
            pass
        return bool(self.codecs)

    async def run(self) -> None:
        """Receive until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                reception = Reception(self._bus, self.source, self._on_start, self._on_unit)
                supervise.start(group, reception.run(), f"reception of {self.source.token}")
                if isinstance(self.source, Output):
                    supervise.start(group, self._say_so(self.source), f"watching {self.source.token}")
        finally:
            self._opus.close()

    async def _say_so(self, output: Output) -> NoReturn:
        while True:
            try:
                await self._bus.publish(watched(output), b"")
            except BusError as error:
                _log.warning("watching not told", extra={"stream": output.token, "error": str(error)})
            await asyncio.sleep(WATCHED_EACH)

    async def _on_start(self, units: Sequence[Unit]) -> None:
        if units:
            newest = max(units, key=lambda unit: (unit.session, unit.pts_us))
            self._live.observe(newest.session, newest.pts_us, self._now_us())
        for unit in self._joiner.joined(list(units)):
            # Sound of the past is not played: it would be heard after what comes now.
            if unit.codec.is_video:
                self._show(unit)
            else:
                self._know(Kind.AUDIO, unit.codec)

    async def _on_unit(self, unit: Unit) -> bool:
        if self._joiner.take(unit):
            self._live.observe(unit.session, unit.pts_us, self._now_us())
            if unit.codec.is_video:
                self._show(unit)
            else:
                self._hear(unit)
        return self._joiner.wants_start

    def _show(self, unit: Unit) -> None:
        try:
            made = payloads(unit, self._pictures)
        except PeerError as error:
            _log.warning("picture cannot be shown", extra={"stream": self.source.token, "error": str(error)})
            return
        if not made:
            return
        self._pictures += 1
        if unit.key and unit.codec is Codec.H264:
            self.profile = unit.config[1:2].hex()
        self._know(Kind.VIDEO, unit.codec)
        picture = Sendable(unit.codec, self._live.time_us(unit.pts_us), unit.key, made, sum(map(len, made)))
        self._group.add(picture, picture.size, video=True, key=picture.key)
        self._give(picture)

    def _hear(self, unit: Unit) -> None:
        self._know(Kind.AUDIO, unit.codec)
        if not self._viewers:
            return
        time_us = self._live.time_us(unit.pts_us)
        if unit.codec is Codec.AAC:
            self._opus.feed(unit, time_us)
        else:
            self._play(unit.payload, time_us)

    def _play(self, packet: bytes, time_us: int) -> None:
        self._give(Sendable(Codec.OPUS, time_us, True, (packet,), len(packet)))

    def _give(self, media: Sendable) -> None:
        for viewer in tuple(self._viewers):
            viewer.take(media)

    def _know(self, kind: Kind, codec: Codec) -> None:
        if self.codecs.get(kind) is not codec:
            self.codecs[kind] = codec
            self._more_known.set()

    def _now_us(self) -> int:
        return round(self._clock.monotonic() * 1_000_000)


class Watching:
    """All streams that are watched through this process; they run in `group`."""

    def __init__(self, bus: Bus, clock: Clock, group: asyncio.TaskGroup) -> None:
        self._bus = bus
        self._clock = clock
        self._group = group
        self._streams: dict[str, tuple[Watched, asyncio.Task[None]]] = {}

    def hold(self, source: Source) -> Watched:
        """Watch a stream: it is received from the first one who holds it to the last one's `release`."""
        if source.token not in self._streams:
            stream, name = Watched(self._bus, source, self._clock), f"watched {source.token}"
            running = supervise.start(self._group, supervise.contain(stream.run(), name), name)
            self._streams[source.token] = stream, running
        stream, _ = self._streams[source.token]
        stream.holders += 1
        return stream

    async def release(self, stream: Watched) -> None:
        """Watch it no more; once for each `hold`."""
        stream.holders -= 1
        if not stream.holders:
            _, task = self._streams.pop(stream.source.token)
            await supervise.stop(task)
