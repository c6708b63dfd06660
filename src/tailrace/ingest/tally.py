"""Tally: what the ingest process counts for /metrics; plain numbers, since they are raised with every unit."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tailrace.wire.rtp.track import Figures
from tailrace.wire.sdp import Kind


@dataclass(slots=True)
class Flow:
    """What publishers of one protocol have brought of one track."""

    units: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Packets:
    """What became of browsers' packets: `lost` for good, `recovered` when asked for again."""

    received: int = 0
    lost: int = 0
    recovered: int = 0


Report = Callable[[], Mapping[Kind, Figures]]


@dataclass(slots=True)
class Tally:
    """One for the process. `publishers` and `viewers` are present ones, by protocol."""

    publishers: Counter[str] = field(default_factory=Counter)
    viewers: Counter[str] = field(default_factory=Counter)
    dropped_units: int = 0
    _flows: dict[tuple[str, str], Flow] = field(default_factory=dict)
    _reports: set[Report] = field(default_factory=set)
    _over: Packets = field(default_factory=Packets)

    def flow(self, via: str, track: str) -> Flow:
        """Return the counts of one protocol's pictures or sound, to be raised."""
        return self._flows.setdefault((via, track), Flow())

    def flows(self) -> Mapping[tuple[str, str], Flow]:
        """Return all counts, by protocol and track."""
        return self._flows

    @contextmanager
    def viewer(self, via: str) -> Iterator[None]:
        """Count somebody who watches."""
        self.viewers[via] += 1
        try:
            yield
        finally:
            self.viewers[via] -= 1

    @contextmanager
    def browser(self, report: Report) -> Iterator[None]:
        """Count the packets that a browser's receiver reports of, while it is there and afterwards."""
        self._reports.add(report)
        try:
            yield
        finally:
            self._reports.discard(report)
            _add(self._over, report())

    def packets(self) -> Packets:
        """Return what became of the packets of all browsers so far."""
        total = Packets(self._over.received, self._over.lost, self._over.recovered)
        for report in self._reports:
            _add(total, report())
        return total


def _add(total: Packets, figures: Mapping[Kind, Figures]) -> None:
    for track in figures.values():
        total.received += track.packets
        total.lost += track.lost
        total.recovered += track.recovered
