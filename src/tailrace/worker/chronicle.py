"""Chronicle: what a child tells of its task, in the form of the events' stream."""

import logging

from tailrace.bus.journal import Journal
from tailrace.clock import Clock
from tailrace.model.task import TaskRecord
from tailrace.model.task_event import DestinationEvent, TaskEvent, What, name_of

_log = logging.getLogger(__name__)


class Chronicle:
    """The events of one epoch of a task, told in order; `tell` never waits."""

    def __init__(self, journal: Journal, record: TaskRecord, clock: Clock) -> None:
        self._journal = journal
        self._record = record
        self._clock = clock
        self._count = 0
        self._closed = False

    def tell(
        self,
        what: What,
        words: str = "",
        destination: DestinationEvent | None = None,
        revision: int = 0,
        at: float = 0.0,
    ) -> None:
        """Say that something has happened, now unless `at` (Unix seconds) says when."""
        if self._closed:
            return
        record = self._record
        self._count += 1
        event = TaskEvent(
            at or self._clock.unix(),
            what,
            record.task_id,
            record.plan.room,
            record.plan.robot,
            words,
            record.epoch,
            revision,
            destination,
        )
        if destination is None:
            _log.info("task event", extra={"what": what, "reason": words, "epoch": record.epoch, "revision": revision})
        self._journal.add(event, name_of(event) or f"{record.task_id}/{record.epoch}/{self._count}")

    def tell_of_destination(self, event: DestinationEvent, words: str) -> None:
        """Say what has happened to a destination."""
        self.tell(What.DESTINATION, words, event)

    def close(self) -> None:
        """Tell nothing any more: another child has taken the task over, and tells its story."""
        self._closed = True
