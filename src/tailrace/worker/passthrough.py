"""PassThrough: the feed of one publisher's stream, its pictures untouched."""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import aclosing

from tailrace.bus.reception import Reception
from tailrace.bus.rooms import Left
from tailrace.model.plan import Plan
from tailrace.model.presence import Role
from tailrace.model.task import WindowReport
from tailrace.model.timeline import STEP_AFTER_BREAK_US
from tailrace.supervise import start
from tailrace.unit import Unit
from tailrace.worker.feed import Stage
from tailrace.worker.filling import Filling
from tailrace.worker.pipeline import Pipeline


class PassThrough:
    """Its output goes on at `start_us`."""

    def __init__(self, plan: Plan, revision: int, stage: Stage, start_us: int) -> None:
        if plan.source is None:
            raise AssertionError("a plan without a mix has a source")
        self._stage = stage
        self._source = plan.source
        self._pipeline = Pipeline(plan, start_us, stage.lane)
        self._filling = Filling(self._pipeline, stage)
        self._rejoins_known = 0
        stage.lane.shows(revision)

    async def run(self) -> None:
        """Relay until cancelled."""
        async with asyncio.TaskGroup() as group:
            start(group, Reception(self._stage.bus, self._source, self._join, self._take).run(), "reception")
            start(group, self._watch(), "presence")
            start(group, self._filling.run(), "filling")

    def suits(self, plan: Plan) -> bool:
        """Return whether `plan` relays the same stream."""
        return plan.mix is None and plan.source == self._source

    def change(self, plan: Plan, revision: int) -> None:
        """Insert other SEI, or only take note of another revision."""
        self._pipeline.change(plan)
        self._stage.lane.shows(revision)

    def made(self) -> tuple[int, ...]:
        """Return nothing: all work is done in the event loop."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Return in words what is missing: what comes is what was asked."""
        return self._filling.notes()

    def windows(self) -> tuple[WindowReport, ...]:
        """Return nothing: there is no canvas."""
        return ()

    async def _take(self, unit: Unit) -> bool:
        if not await self._stage.still_ours():
            return False
        now = self._stage.clock.monotonic()
        self._pipeline.take(unit, now)
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

    def _began(self, now: float) -> None:
        self._rejoins_known = self._pipeline.rejoins
        self._stage.lane.began(self._pipeline.gap.time_us(now))

    async def _watch(self) -> None:
        source = self._source
        present: set[Hashable] = set()
        self._stage.present(False)
        async with aclosing(self._stage.rooms.watch(room=source.room, user=source.user)) as changes:
            async for change in changes:
                if change.presence.role is Role.ROBOT:
                    continue
                if isinstance(change, Left):
                    present.discard(change.presence.key)
                else:
                    present.add(change.presence.key)
                self._stage.present(bool(present))
