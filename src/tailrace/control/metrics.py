"""Metrics: what /metrics shows of this process. Labels come from our own tables, never from callers."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tailrace.model.task import TaskRecord, TaskState

# Around the promises of design section 7: 20 ms for any call, 50 ms for a stop, 150 ms for a start.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
UNKNOWN = "unknown"
OK = "OK"


class Metrics:
    """Counts calls; asks `records` for the tasks when it is read."""

    def __init__(self, records: Callable[[], Iterable[TaskRecord]]) -> None:
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "tailrace_api_calls",
            "Calls of the Cloud API, by what was answered.",
            ("action", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tailrace_api_call_seconds",
            "From the first byte of a call to its answer.",
            ("action",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Tasks(records))
        self._series: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def called(self, action: str, code: str, seconds: float) -> None:
        """Count one call. `action` is empty for one that does not exist, `code` for a success."""
        count, duration = self._of(action or UNKNOWN, code or OK)
        count.inc()
        duration.observe(seconds)

    def _of(self, action: str, code: str) -> tuple[Counter, Histogram]:
        # prometheus-client checks and joins labels each time; there are only so many actions and codes.
        if (series := self._series.get((action, code))) is None:
            series = self._series[action, code] = self._calls.labels(action, code), self._seconds.labels(action)
        return series

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _Tasks(Collector):
    def __init__(self, records: Callable[[], Iterable[TaskRecord]]) -> None:
        self._records = records

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("tailrace_tasks", "Tasks that are remembered, by state.", labels=["state"])
        tally = Tally(record.state for record in self._records())
        for state in TaskState:
            family.add_metric([state], tally[state])
        yield family
