"""Reports: how a task's destinations are, put together from what its child says now and what was stored last."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tailrace.model.task import DestinationReport, TaskRecord

_REPORTS = TypeAdapter(list[DestinationReport])


def reports_of(record: TaskRecord, answer: Mapping[str, Any] | None) -> tuple[DestinationReport, ...]:
    """Return one report for each destination of the plan, in its order.

    `answer` is what the child said to `{"do": "inspect"}`: `destinations`, DestinationReports as plain values.
    """
    reports = {report.index: report for report in record.destinations}
    if answer is not None:
        # What a child of another version of Tailrace says may be no report: then what was stored last is shown.
        with suppress(ValidationError):
            reports |= {report.index: report for report in _REPORTS.validate_python(answer.get("destinations", []))}
    return tuple(reports.get(index, DestinationReport(index)) for index in range(len(record.plan.destinations)))
