"""Filling: what a relay sends while its publisher is away: silence, and the last picture or a slate.

Nothing of it is made before it is needed. Then the pictures since the last key frame, which the reel keeps anyway, are
decoded in a thread, and the last one is encoded; sound does not wait for that.
"""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tailrace.errors import ImageError
from tailrace.ids import Kind
from tailrace.model.gap import STILLS_PER_SECOND
from tailrace.model.task_event import What
from tailrace.supervise import start
from tailrace.worker.feed import Stage
from tailrace.worker.pipeline import Pipeline

if TYPE_CHECKING:
    from tailrace.media.still import Stills

_log = logging.getLogger(__name__)

# A gap is found this much late at most; four looks a second cost less than a tenth of a per mille of a core.
LOOK_EACH = 0.25
# Sound and stills come in pieces of this length.
FILL_EACH = 1 / STILLS_PER_SECOND
# Woken up so much too late, this process itself stood still, or its machine: units that came meanwhile wait to be read.
HELD_UP = 0.25

_MISSING = {Kind.AUDIO: "no sound", Kind.VIDEO: "no pictures"}


class Filling:
    """Has `pipeline` fill its gaps while `run` runs. `tell` is told when the publisher is lost, and when he is back."""

    def __init__(self, pipeline: Pipeline, stage: Stage) -> None:
        self._pipeline = pipeline
        self._stage = stage
        self._clock = stage.clock
        self._size = stage.earlier.size
        self._filled: frozenset[Kind] = frozenset()
        self._since = ""
        self._lost = False
        self._slate_note: tuple[str, ...] = ()
        self._making: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Fill until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._pause(FILL_EACH if self._pipeline.gap.filling else LOOK_EACH)
                if await self._stage.still_ours():
                    self._pipeline.fill(self._clock.monotonic())
                    self._note()
                    self._make_stills(group)

    def nobody_is_there(self) -> None:
        """Fill at once if this output was running before, since whoever asks for the publisher now gets no answer."""
        earlier = self._stage.earlier
        if self._pipeline.gap.known or not earlier.begun:
            return
        kinds = {kind for kind, was in ((Kind.AUDIO, earlier.sound), (Kind.VIDEO, any(earlier.size))) if was}
        self._pipeline.go_on(kinds, self._clock.monotonic())
        self._wake.set()

    def notes(self) -> tuple[str, ...]:
        """Return in words what is missing, and since when."""
        if not self._filled:
            return ()
        missing = "no media" if self._lost else _MISSING[next(iter(self._filled))]
        return (f"{missing} from the publisher since {self._since}", *self._slate_note)

    async def _pause(self, seconds: float) -> None:
        asked = self._clock.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
            self._wake.clear()
        except TimeoutError:
            now = self._clock.monotonic()
            if now - asked > seconds + HELD_UP:
                self._pipeline.gap.held_up(now)

    def _note(self) -> None:
        gap = self._pipeline.gap
        if gap.filling == self._filled or not self._stage.lane.opened.is_set():
            return
        if gap.filling and not self._filled:
            at = self._clock.unix() - gap.quiet_for(self._clock.monotonic())
            self._since = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._filled = gap.filling
        if gap.lost != self._lost:
            self._lost = gap.lost
            _log.info("source lost" if self._lost else "source back")
            if self._lost:
                self._stage.tell(What.SOURCE_LOST, "; ".join(self.notes()))
            else:
                self._stage.tell(What.SOURCE_BACK, "")
        self._stage.changed()

    def _make_stills(self, group: asyncio.TaskGroup) -> None:
        pipeline = self._pipeline
        if Kind.VIDEO in pipeline.gap.filling and pipeline.stills is None and self._making is None:
            self._making = start(group, self._make(), "stills")

    async def _make(self) -> None:
        pictures = self._pipeline.gap.count(Kind.VIDEO)
        size = self._stage.lane.size
        stills, note = await asyncio.to_thread(
            stills_for, self._stage.job.slate, *self._stage.lane.group(), size if any(size) else self._size
        )
        # Meanwhile he may have come back, and even gone again.
        if pictures == self._pipeline.gap.count(Kind.VIDEO):
            self._pipeline.stills = stills
        self._making = None
        if note:
            self._slate_note = (note,)
            self._stage.changed()


def stills_for(slate: str, config: bytes, payloads: list[bytes], size: tuple[int, int]) -> "tuple[Stills, str]":
    """Return what to show, and in words why it is not the slate: that, else the last of the pictures, else black.

    `config` and `payloads` are the pictures since the last key frame, `size` is theirs. It blocks.
    """
    # What draws and reads pictures is not in memory until a publisher is away.
    from tailrace.media import still

    note = ""
    if slate and any(size):
        try:
            return still.encode(still.slate(Path(slate).read_bytes(), *size)), ""
        except ImageError as error:
            note = f"slate: {error}"
        except OSError as error:
            note = f"slate: {error.strerror}"
        _log.warning("slate without effect", extra={"error": note})
    last = still.last_picture(config, payloads) if payloads else None
    return still.encode(last or still.black(*size)), note
