"""Inspection: how a task is, put together from what its child says now, if there is one, and what was stored last."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tailrace.model.task import DestinationReport, DestinationStatus, TaskRecord

NOBODY = "no worker runs the task at the moment"

_REPORTS = TypeAdapter(list[DestinationReport])


@dataclass(frozen=True, slots=True)
class Inspected:
    """A task, with one report for each destination of its plan, in the plan's order."""

    record: TaskRecord
    reports: tuple[DestinationReport, ...]


def as_told(record: TaskRecord, answer: Mapping[str, Any]) -> Inspected:
    """Return a task as its child says.

    `answer` is what came to `{"do": "inspect"}`: `destinations`, DestinationReports as plain values. What it does not
    tell is as was stored last, and so is everything when a child of another version of Tailrace says what is no report.
    """
    with suppress(ValidationError):
        return _inspected(record, _REPORTS.validate_python(answer.get("destinations", [])))
    return stored_last(record)


def stored_last(record: TaskRecord) -> Inspected:
    """Return a task as its record says."""
    return _inspected(record, [])


def unattended(record: TaskRecord) -> Inspected:
    """Return a live task that has run and that nobody runs: the next worker will push to all destinations again."""
    reports = tuple(
        replace(report, status=DestinationStatus.RECOVERING, reason=NOBODY, bitrate_kbps=0.0)
        for report in stored_last(record).reports
    )
    return Inspected(replace(record, reason=NOBODY), reports)


def _inspected(record: TaskRecord, told: list[DestinationReport]) -> Inspected:
    reports = {report.index: report for report in (*record.destinations, *told)}
    count = len(record.plan.destinations)
    return Inspected(record, tuple(reports.get(index, DestinationReport(index)) for index in range(count)))
