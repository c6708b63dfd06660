"""Inspection: how a task is, put together from what its child says now, if there is one, and what was stored last."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tailrace.model.task import DestinationReport, DestinationStatus, FeedbackReport, OutputReport, TaskRecord

NOBODY = "no worker runs the task at the moment"

_OUTPUT = TypeAdapter(OutputReport)


@dataclass(frozen=True, slots=True)
class Inspected:
    """A task and its output, with one report for each destination and room of its plan, in the plan's order."""

    record: TaskRecord
    output: OutputReport


def as_told(record: TaskRecord, answer: Mapping[str, Any]) -> Inspected:
    """Return a task as its child says.

    `answer` is what came to `{"do": "inspect"}`: an OutputReport as plain values. A destination that it does not tell
    of is as was stored last, and so is everything when a child of another version of Tailrace says what is no report.
    """
    with suppress(ValidationError):
        told = _OUTPUT.validate_python(dict(answer))
        return _inspected(record, told, (*record.output.destinations, *told.destinations))
    return stored_last(record)


def stored_last(record: TaskRecord) -> Inspected:
    """Return a task as its record says."""
    return _inspected(record, record.output, record.output.destinations)


def unattended(record: TaskRecord) -> Inspected:
    """Return a live task that has run and that nobody runs.

    The next worker will push to all destinations again, but to those that have failed.
    """
    output = stored_last(record).output
    reports = tuple(
        report
        if report.status is DestinationStatus.FAILURE
        else replace(report, status=DestinationStatus.RECOVERING, reason=NOBODY, bitrate_kbps=0.0)
        for report in output.destinations
    )
    rooms = tuple(replace(report, status=DestinationStatus.RECOVERING) for report in output.feedback)
    return Inspected(replace(record, reason=NOBODY), replace(output, destinations=reports, feedback=rooms))


def _inspected(record: TaskRecord, output: OutputReport, known: Sequence[DestinationReport]) -> Inspected:
    """`known` may tell of a destination twice, then the later report counts, and of those that an update removed."""
    reports = {report.number: report for report in known}
    numbers = [destination.number for destination in record.plan.destinations]
    in_order = tuple(reports.get(number, DestinationReport(number)) for number in numbers)
    rooms = {report.target: report for report in (*record.output.feedback, *output.feedback)}
    feedback = tuple(_in_room(record, rooms.get(target, FeedbackReport(target))) for target in record.plan.feedback)
    return Inspected(record, replace(output, destinations=in_order, feedback=feedback))


def _in_room(record: TaskRecord, report: FeedbackReport) -> FeedbackReport:
    """Whatever was reported last, and by whom: with its end a task has left its rooms."""
    if record.live:
        return report
    return replace(report, status=DestinationStatus.IDLE, since=record.state_since)
