"""Metrics: what /metrics of the control process shows. Labels come from our own tables, never from callers.

docs/metrics.md lists them all.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from tailrace.bus.crew import Hand
from tailrace.control.gauges import TaskGauges, WorkerGauges
from tailrace.ids import SdkAppId
from tailrace.model.delivery import Attempt, DeliveryState
from tailrace.model.task import TaskRecord
from tailrace.vitals import register_vitals

# Around the promises of design section 7: 20 ms for any call, 50 ms for a stop, 150 ms for a start.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
UNKNOWN = "unknown"
OK = "OK"


class Metrics:
    """Counts calls and callbacks; asks `records` for the tasks and `hands` for the workers when it is read."""

    def __init__(
        self, records: Callable[[], Iterable[TaskRecord]], hands: Callable[[], Iterable[Hand]] = tuple
    ) -> None:
        self._registry = registry = CollectorRegistry()
        self._calls = Counter(
            "tailrace_api_calls",
            "Calls of the Cloud API, by what was answered.",
            ("action", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "tailrace_api_call_seconds",
            "From the first byte of a call to its answer.",
            ("action",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._tries = Counter(
            "tailrace_callback_tries",
            "Posts to a callback URL: taken, refused (another status than 200), failed (no answer).",
            ("sdk_app_id", "result"),
            registry=registry,
        )
        self._try_seconds = Histogram(
            "tailrace_callback_try_seconds",
            "How long a receiver took to answer, or we waited.",
            ("sdk_app_id",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._given_up = Counter(
            "tailrace_callbacks_given_up",
            "Callbacks that were tried in vain; they are kept to be sent again.",
            ("sdk_app_id",),
            registry=registry,
        )
        registry.register(TaskGauges(records))
        registry.register(WorkerGauges(hands))
        register_vitals(registry, "control")
        self._series: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def called(self, action: str, code: str, seconds: float) -> None:
        """Count one call. `action` is empty for one that does not exist, `code` for a success."""
        count, duration = self._of(action or UNKNOWN, code or OK)
        count.inc()
        duration.observe(seconds)

    def called_back(self, app: SdkAppId, attempt: Attempt, state: DeliveryState) -> None:
        """Count one try of a callback, after which the delivery is in `state`."""
        name = str(app)
        result = "taken" if attempt.ok else "refused" if attempt.status else "failed"
        self._tries.labels(name, result).inc()
        self._try_seconds.labels(name).observe(attempt.seconds)
        if state is DeliveryState.GIVEN_UP:
            self._given_up.labels(name).inc()

    def _of(self, action: str, code: str) -> tuple[Counter, Histogram]:
        # prometheus-client checks and joins labels each time; there are only so many actions and codes.
        if (series := self._series.get((action, code))) is None:
            series = self._series[action, code] = self._calls.labels(action, code), self._seconds.labels(action)
        return series

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)
