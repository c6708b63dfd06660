"""Story: what control tells of tasks, in the form of the events' stream.

It is told after the record was stored and does not hold up the answer. What control has told not yet when it dies is
lost, unless a child runs the task then or later: that one tells of start, updates, stop and end, too. So the stop of a
task that nobody runs, and the end of one that nobody ran, can be missing in a time line; the record has them.
"""

from tailrace.bus.journal import Journal
from tailrace.model.task import TaskRecord
from tailrace.model.task_event import TaskEvent, What, endings, name_of


class Story:
    """Tells of changes of a record; nothing here waits."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def started(self, record: TaskRecord) -> None:
        """Say that a start was accepted."""
        self._tell(TaskEvent.of(record, What.QUEUED, record.created_at))

    def updated(self, record: TaskRecord, at: float) -> None:
        """Say that an update was accepted."""
        self._tell(TaskEvent.of(record, What.UPDATED, at, revision=record.revision))

    def stops(self, record: TaskRecord) -> None:
        """Say that the task ends, or that it has ended and nobody ran it."""
        if record.live:
            self._tell(TaskEvent.of(record, What.STOPPING, record.state_since, record.reason))
        else:
            for event in endings(record, record.state_since):
                self._tell(event)

    def _tell(self, event: TaskEvent) -> None:
        self._journal.add(event, name_of(event))
