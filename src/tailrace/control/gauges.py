"""Gauges: what /metrics says of tasks, their destinations and the workers, as it is at the moment of asking.

Every control process knows the same of them, so a query over several takes the `max` and not the `sum`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tailrace.bus.crew import Hand
from tailrace.model.task import DestinationReport, DestinationStatus, TaskRecord, TaskState

# A task and one of its destinations by its number: a push URL is secret, and would be no label.
_ONE = ("sdk_app_id", "task_id", "destination")


class TaskGauges(Collector):
    """Tasks by state, and how each destination of a live task is doing; series of ended tasks are gone."""

    def __init__(self, records: Callable[[], Iterable[TaskRecord]]) -> None:
        self._records = records

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        records = list(self._records())
        tasks = GaugeMetricFamily("tailrace_tasks", "Tasks that are remembered, by state.", labels=["state"])
        tally = Counter(record.state for record in records)
        for state in TaskState:
            tasks.add_metric([state], tally[state])
        yield tasks
        yield from _destinations([record for record in records if record.live])


def _destinations(records: list[TaskRecord]) -> Iterator[Metric]:
    states = GaugeMetricFamily("tailrace_destinations", "Destinations of live tasks, by state.", labels=["state"])
    tally = Counter(report.status for record in records for report in record.output.destinations)
    for status in DestinationStatus:
        states.add_metric([status.name.lower()], tally[status])
    yield states
    rate = GaugeMetricFamily(
        "tailrace_destination_bitrate_bits_per_second", "What a destination takes at the moment.", labels=_ONE
    )
    counters: list[tuple[CounterMetricFamily, Callable[[DestinationReport], float]]] = [
        (_counter("sent_bytes", "Bytes sent to a destination."), lambda report: report.sent_bytes),
        (_counter("sent_frames", "Pictures sent to a destination."), lambda report: report.video_frames),
        (_counter("dropped_frames", "Pictures left out: the CDN was slow."), lambda report: report.dropped_frames),
        (_counter("connections", "How often a destination was connected to."), lambda report: report.connects),
    ]
    for record in records:
        for report in record.output.destinations:
            labels = [str(record.plan.room.app), record.task_id, str(report.number)]
            rate.add_metric(labels, report.bitrate_kbps * 1000)
            for family, read in counters:
                family.add_metric(labels, read(report))
    yield rate
    yield from (family for family, _ in counters)


def _counter(name: str, documentation: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"tailrace_destination_{name}", documentation, labels=_ONE)


class WorkerGauges(Collector):
    """How many tasks each worker has, and what room it has left."""

    def __init__(self, hands: Callable[[], Iterable[Hand]]) -> None:
        self._hands = hands

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        families = {
            "tasks": GaugeMetricFamily("tailrace_worker_tasks", "Tasks that a worker runs.", labels=["worker"]),
            "draining": GaugeMetricFamily(
                "tailrace_worker_draining", "1 while a worker hands its tasks to others.", labels=["worker"]
            ),
            "room": GaugeMetricFamily("tailrace_worker_room_tasks", "Tasks it would still take.", labels=["worker"]),
            "cpu": GaugeMetricFamily("tailrace_worker_room_cpu_cores", "Cores it has left.", labels=["worker"]),
            "memory": GaugeMetricFamily("tailrace_worker_room_memory_bytes", "Memory it has left.", labels=["worker"]),
        }
        for hand in self._hands():
            seen = {
                "tasks": hand.tasks,
                "draining": float(hand.draining),
                "room": hand.room.tasks,
                "cpu": hand.room.cpu,
                "memory": hand.room.memory_bytes,
            }
            for name, value in seen.items():
                if value is not None:  # not looked at
                    families[name].add_metric([hand.name], value)
        yield from families.values()
