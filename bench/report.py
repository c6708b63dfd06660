"""Report: rows that compare, the table of them, and the JSON file."""

import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours, beside the peer's in the same unit.

    `bar` is the promise of the design: a figure that ours may not exceed (or must reach, when `at_least`).
    `bar_ratio` is one in relation to the peer: ours may be at most so many times the peer's.
    """

    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    bar: float | None = None
    bar_ratio: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours by the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        if self.bar is not None:
            return self.ours >= self.bar if self.at_least else self.ours <= self.bar
        if self.bar_ratio is not None and self.ratio is not None:
            return self.ratio <= self.bar_ratio
        return None

    @property
    def bar_text(self) -> str:
        """The bar in words."""
        if self.bar is not None:
            return f"{'>=' if self.at_least else '<='} {self.bar:g}"
        return f"<= {self.bar_ratio:g} x" if self.bar_ratio is not None else ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found. `samples` are the single measurements behind the rows."""

    rows: Sequence[Row]
    samples: Mapping[str, Any] = field(default_factory=dict)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def show(rows: Sequence[Row], console: Console) -> None:
    """Print one table."""
    table = Table(title="Tailrace beside its peers", title_justify="left")
    for heading in ("what", "unit", "ours", "peer", "ratio", "bar", "met", "the peer is"):
        table.add_column(heading, justify="right" if heading in ("ours", "peer", "ratio", "bar") else "left")
    for row in rows:
        met = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[row.met]
        peer, ratio = (_short(row.peer), _short(row.ratio))
        table.add_row(row.what, row.unit, _short(row.ours), peer, ratio, row.bar_text, met, row.peer_name)
    console.print(table)


def write(path: Path, rows: Sequence[Row], samples: Mapping[str, Any], *, quick: bool) -> None:
    """Write rows, samples and what they were measured on."""
    plain = [
        {name: getattr(row, name) for name in ("what", "unit", "ours", "peer", "peer_name", "ratio", "bar_text", "met")}
        for row in rows
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"quick": quick, "machine": machine(), "rows": plain, "samples": samples}
    path.write_text(json.dumps(content, indent=1) + "\n")


def machine() -> dict[str, Any]:
    """Describe where and when this runs; `load` is that of the minute before."""
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False).stdout
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "ffmpeg": ffmpeg.partition(" Copyright")[0].removeprefix("ffmpeg version "),
    }


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
