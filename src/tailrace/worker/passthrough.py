"""PassThrough: the feed of one publisher's stream, its pictures untouched unless they are VP8."""

import asyncio
import logging
from collections.abc import Hashable, Sequence
from contextlib import aclosing

from tailrace.bus.reception import Reception
from tailrace.bus.rooms import Left
from tailrace.errors import BusError
from tailrace.media.video_transcoder import MAX_WAITING, Transcoded, VideoTranscoder
from tailrace.model.plan import Plan
from tailrace.model.presence import Role
from tailrace.model.task import WindowReport
from tailrace.model.timeline import STEP_AFTER_BREAK_US
from tailrace.supervise import start
from tailrace.unit import Unit
from tailrace.worker.feed import Stage
from tailrace.worker.filling import Filling
from tailrace.worker.hand_over import HandOver
from tailrace.worker.pipeline import Pipeline

_log = logging.getLogger(__name__)

# In Describe's notes.
TRANSCODED = "VP8 is transcoded to H.264 since RTMP cannot carry it"
NOT_AGAIN = "what a task feeds back into a room is not fed back into another one"


class PassThrough:
    """Its output goes on at `start_us`."""

    def __init__(self, plan: Plan, revision: int, stage: Stage, start_us: int) -> None:
        if plan.source is None:
            raise AssertionError("a plan without a mix has a source")
        self._stage = stage
        self._source = plan.source
        self._pipeline = Pipeline(plan, start_us, stage.lane, self._transcode)
        self._filling = Filling(self._pipeline, stage)
        self._rejoins_known = 0
        self._made = HandOver(self._show, stage.still_ours, MAX_WAITING)
        self._noted: tuple[str, ...] = ()
        self._feeds_back = bool(plan.feedback)
        self._present: set[Hashable] = set()
        self._fed_back = False  # the source is what a task feeds back into its room
        stage.lane.shows(revision)

    async def run(self) -> None:
        """Relay until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                start(group, Reception(self._stage.bus, self._source, self._join, self._take).run(), "reception")
                start(group, self._watch(), "presence")
                start(group, self._filling.run(), "filling")
                start(group, self._made.run(), "hand over")
        finally:
            self._pipeline.close()

    def suits(self, plan: Plan) -> bool:
        """Return whether `plan` relays the same stream."""
        return plan.mix is None and plan.source == self._source

    def change(self, plan: Plan, revision: int) -> None:
        """Insert other SEI, or only take note of another revision."""
        self._pipeline.change(plan)
        self._feeds_back = bool(plan.feedback)
        self._see()
        self._stage.lane.shows(revision)

    def made(self) -> tuple[int, ...]:
        """Return how many units the transcoder is done with while it has some; nothing else must come."""
        transcoder = self._pipeline.transcoder
        return (transcoder.done,) if transcoder is not None and transcoder.busy else ()

    def notes(self) -> tuple[str, ...]:
        """Return in words what is transcoded, and what is missing."""
        barred = (NOT_AGAIN,) if self._barred else ()
        return *self._transcoding(), *barred, *self._filling.notes()

    def windows(self) -> tuple[WindowReport, ...]:
        """Return nothing: there is no canvas."""
        return ()

    @property
    def _barred(self) -> bool:
        """Whether this is a fed-back stream that would be fed back again: two tasks could feed each other for ever."""
        return self._feeds_back and self._fed_back

    async def _take(self, unit: Unit) -> bool:
        if self._barred or not await self._stage.still_ours():
            return False
        now = self._stage.clock.monotonic()
        self._pipeline.take(unit, now)
        self._note()
        if self._pipeline.rejoins != self._rejoins_known:
            # The timeline was closed over a break, or has begun: output time 0 is at another Unix time now.
            self._began(now)
        return self._pipeline.joiner.wants_start and self._stage.lane.opened.is_set()

    async def _join(self, units: Sequence[Unit]) -> None:
        if not await self._stage.still_ours():
            return
        if not self._stage.lane.opened.is_set():
            # Another feed runs until this one has a key frame. It goes on to the next live one: a whole group of
            # pictures at once would put the output ahead of real time, and each change would do so again.
            units = ()
        if self._feeds_back:
            await self._look_at_source()
            units = () if self._barred else units
        now = self._stage.clock.monotonic()
        if units:
            # Already now, and a little too late, so that it is stored while the units are taken and CDNs are dialled.
            self._stage.lane.began(self._pipeline.end_of(units) + STEP_AFTER_BREAK_US)
        for _ in self._pipeline.join(units, now):
            await asyncio.sleep(0)
        if units:
            self._began(now)
        elif self._stage.lane.opened.is_set():
            self._filling.nobody_is_there()
            if self._pipeline.gap.filling:
                self._began(now)

    async def _look_at_source(self) -> None:
        source = self._source
        try:
            who = await self._stage.rooms.get(source.room, source.user, Role(source.type))
        except BusError:
            return  # as it was before
        self._fed_back = who is not None and bool(who.fed_back_from)

    def _transcode(self) -> VideoTranscoder:
        job = self._stage.job
        return VideoTranscoder(job.preset, job.threads, self._stage.clock, self._made.put)

    def _show(self, made: Transcoded) -> None:
        self._pipeline.show(made)
        self._note()

    def _transcoding(self) -> tuple[str, ...]:
        transcoder = self._pipeline.transcoder
        if transcoder is None:
            return ()
        left_out = transcoder.left_out
        slow = (f"this machine is too slow: pictures left out so far: {left_out}",) if left_out else ()
        return TRANSCODED, *slow

    def _note(self) -> None:
        if (notes := self._transcoding()) != self._noted:
            if not self._noted or not notes:
                _log.info("pictures are transcoded" if notes else "pictures are passed through")
            self._noted = notes
            self._stage.changed()

    def _began(self, now: float) -> None:
        self._rejoins_known = self._pipeline.rejoins
        self._stage.lane.began(self._pipeline.gap.time_us(now))

    async def _watch(self) -> None:
        source = self._source
        self._see()
        async with aclosing(self._stage.rooms.watch(room=source.room, user=source.user)) as changes:
            async for change in changes:
                if change.presence.role is Role.ROBOT:
                    continue
                if isinstance(change, Left):
                    self._present.discard(change.presence.key)
                else:
                    self._present.add(change.presence.key)
                    if change.presence.role is Role(source.type):
                        self._fed_back = bool(change.presence.fed_back_from)
                self._see()

    def _see(self) -> None:
        """Say whether there is anybody whose stream is relayed."""
        self._stage.present(bool(self._present) and not self._barred)
