"""Metrics: what /metrics of the ingest process shows; docs/metrics.md lists it all.

It is imported when somebody asks for the first time.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tailrace.ingest.tally import Tally
from tailrace.vitals import register_vitals


class Metrics:
    """The metrics of `tally`; `players` counts those of the built-in CDN."""

    def __init__(self, tally: Tally, players: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Counts(tally, players))
        register_vitals(self._registry, "ingest")

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _Counts(Collector):
    def __init__(self, tally: Tally, players: Callable[[], int]) -> None:
        self._tally = tally
        self._players = players

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        publishers = GaugeMetricFamily("tailrace_publishers", "Streams that are published here.", labels=["via"])
        for via in ("rtmp", "whip"):
            publishers.add_metric([via], tally.publishers[via])
        viewers = GaugeMetricFamily("tailrace_viewers", "Players that are served here.", labels=["via"])
        viewers.add_metric(["whep"], tally.viewers["whep"])
        viewers.add_metric(["cdn"], self._players())
        units = CounterMetricFamily(
            "tailrace_ingest_units", "Pictures and pieces of sound taken in.", labels=["via", "track"]
        )
        taken = CounterMetricFamily("tailrace_ingest_bytes", "Media taken in.", labels=["via", "track"])
        for labels, flow in tally.flows().items():
            units.add_metric(labels, flow.units)
            taken.add_metric(labels, flow.bytes)
        dropped = "Units that the bus did not take."
        yield from (publishers, viewers, units, taken)
        yield CounterMetricFamily("tailrace_ingest_dropped_units", dropped, tally.dropped_units)
        packets = tally.packets()
        for name, text, value in (
            ("packets", "RTP packets that came from browsers.", packets.received),
            ("packets_lost", "RTP packets of browsers that never came.", packets.lost),
            ("packets_recovered", "RTP packets of browsers that came when asked for again.", packets.recovered),
        ):
            yield CounterMetricFamily(f"tailrace_webrtc_{name}", text, value)
