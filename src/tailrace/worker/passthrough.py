"""PassThrough: the feed of one publisher's stream, its pictures untouched."""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import aclosing

from tailrace.bus.rooms import Left
from tailrace.ids import Stream
from tailrace.model.plan import Plan
from tailrace.model.presence import Role
from tailrace.model.task import WindowReport
from tailrace.supervise import start, stop
from tailrace.unit import Unit
from tailrace.worker.feed import Stage
from tailrace.worker.pipeline import Pipeline
from tailrace.worker.reception import Reception


class PassThrough:
    """Its output goes on at `start_us`."""

    def __init__(self, plan: Plan, revision: int, stage: Stage, start_us: int) -> None:
        self._stage = stage
        self._plan = plan
        self._revision = revision
        self._pipeline = Pipeline(plan, start_us, stage.lane)
        self._rejoins_known = 0
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Relay until cancelled."""
        while True:
            source = _source(self._plan)
            self._news.clear()
            async with asyncio.TaskGroup() as group:
                working = [
                    start(group, Reception(self._stage.bus, source, self._join, self._take).run(), "reception"),
                    start(group, self._watch(source), "presence"),
                ]
                while _source(self._plan) == source:
                    self._stage.lane.shows(self._revision)
                    await self._news.wait()
                    self._news.clear()
                for task in working:
                    await stop(task)

    def change(self, plan: Plan, revision: int) -> None:
        """Take another stream, or only another revision of the plan."""
        self._plan, self._revision = plan, revision
        self._news.set()

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what comes is what was asked."""
        return ()

    def windows(self) -> tuple[WindowReport, ...]:
        """Return nothing: there is no canvas."""
        return ()

    async def _take(self, unit: Unit) -> bool:
        if not await self._stage.still_ours():
            return False
        self._pipeline.take(unit)
        if self._pipeline.rejoins != self._rejoins_known:
            # The timeline was closed over a gap, or has begun: output time 0 is at another Unix time now.
            self._rejoins_known = self._pipeline.rejoins
            self._stage.lane.began(self._pipeline.timeline.end_us)
        return self._pipeline.joiner.wants_start

    async def _join(self, units: Sequence[Unit]) -> None:
        if not await self._stage.still_ours():
            return
        for _ in self._pipeline.join(units):
            await asyncio.sleep(0)
        if units:
            self._stage.lane.began(self._pipeline.timeline.end_us)
            self._rejoins_known = self._pipeline.rejoins

    async def _watch(self, source: Stream) -> None:
        present: set[Hashable] = set()
        async with aclosing(self._stage.rooms.watch(room=source.room, user=source.user)) as changes:
            async for change in changes:
                if change.presence.role is Role.ROBOT:
                    continue
                if isinstance(change, Left):
                    present.discard(change.presence.key)
                else:
                    present.add(change.presence.key)
                self._stage.present(bool(present))


def _source(plan: Plan) -> Stream:
    if plan.source is None:
        raise AssertionError("a plan without a mix has a source")
    return plan.source
