"""Vitals: what every process with a /metrics tells of itself: its version, processor time, memory and open files."""

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics

import tailrace


def register_vitals(registry: CollectorRegistry, role: str) -> None:
    """Add `tailrace_build_info` and Prometheus' standard `process_` metrics (Linux) to `registry`."""
    # They would double the number of series, and process_start_time_seconds tells as much.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    ProcessCollector(registry=registry)
    info = Gauge("tailrace_build_info", "1; the version is a label.", ("version", "role"), registry=registry)
    info.labels(tailrace.__version__, role).set(1)
