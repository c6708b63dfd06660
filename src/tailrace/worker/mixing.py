"""Mixing: the feed of many people in one picture and one sound."""

import asyncio

from tailrace.model.plan import Plan
from tailrace.model.task import WindowReport
from tailrace.worker.feed import Stage


class Mixing:
    """Its output goes on at `start_us`."""

    def __init__(self, plan: Plan, revision: int, stage: Stage, start_us: int) -> None:
        self._plan, self._revision, self._stage, self._start_us = plan, revision, stage, start_us

    async def run(self) -> None:
        """Mix until cancelled."""
        await asyncio.Event().wait()

    def change(self, plan: Plan, revision: int) -> None:
        """Do what another revision of the plan says."""
        self._plan, self._revision = plan, revision

    def notes(self) -> tuple[str, ...]:
        """Return in words where the output differs from what was asked."""
        return ()

    def windows(self) -> tuple[WindowReport, ...]:
        """Return what the mixed picture shows."""
        return ()
