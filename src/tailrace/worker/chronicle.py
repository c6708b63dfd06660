"""Chronicle: what a child tells of its task, in the form of the events' stream."""

import logging

from tailrace.bus.journal import Journal
from tailrace.clock import Clock
from tailrace.model.task import DestinationStatus, TaskRecord
from tailrace.model.task_event import DestinationEvent, TaskEvent, What, name_of

_log = logging.getLogger(__name__)


class Chronicle:
    """The events of one epoch of a task, told in order; nothing here waits."""

    def __init__(self, journal: Journal, record: TaskRecord, clock: Clock) -> None:
        self._journal = journal
        self._record = record
        self._clock = clock
        self._count = 0
        self._destinations: set[int] = set()
        self._leaving = False
        self._closed = False

    def tell(self, what: What, words: str = "", destination: DestinationEvent | None = None, revision: int = 0) -> None:
        """Say what has happened, and why."""
        if self._closed:
            return
        record = self._record
        self._count += 1
        event = TaskEvent.of(record, what, self._clock.unix(), words, revision, destination)
        if destination is None:
            _log.info("task event", extra={"what": what, "reason": words, "epoch": record.epoch, "revision": revision})
        name = name_of(event) or self._name_of_move(destination) or f"{record.task_id}/{record.epoch}/{self._count}"
        self._journal.add(event, name)

    def tell_of_destination(self, event: DestinationEvent, words: str) -> None:
        """Say what has happened to a destination."""
        self.tell(What.DESTINATION, words, event)
        self._destinations.add(event.number)

    def leave(self, words: str) -> None:
        """Say that this child lets the task go in order."""
        self.tell(What.RELEASED, words)
        self._leaving = True

    def close(self) -> None:
        """Tell nothing any more: another child has taken the task over, and tells its story."""
        self._closed = True

    def _name_of_move(self, event: DestinationEvent | None) -> str:
        """Return the name of what happens when a running destination moves from one epoch to the next.

        It is recovering then, which both children tell, in whatever order: it is to be there once.
        """
        if event is None or event.status is not DestinationStatus.RECOVERING or event.repeated:
            return ""
        if self._leaving:
            return f"{self._record.task_id}/move/{event.number}/{self._record.epoch}"
        if event.number not in self._destinations:
            return f"{self._record.task_id}/move/{event.number}/{self._record.epoch - 1}"
        return ""
