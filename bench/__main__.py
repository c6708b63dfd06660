"""`python -m bench`: run the benchmarks, print one table, write JSON."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from bench import api, callbacks, clip, cost, delay, gap, mix, proc, report, stall, starts, startup, whip
from bench.nginx import missing as nginx_missing
from bench.report import Result, Row
from bench.size import FULL, QUICK, Size

BENCHMARKS: dict[str, Callable[[Path, Path, Size], Result]] = {
    "startup": startup.measure,
    "starts": starts.measure,
    "delay": delay.measure,
    "stall": stall.measure,
    "gap": gap.measure,
    "cost": cost.measure,
    "api": api.measure,
    "callbacks": callbacks.measure,
    "mix": mix.measure,
    "whip": whip.measure,
}
# Those that need no media, and so neither ffmpeg nor nginx.
_ALONE = ("startup", "api", "callbacks")
# Those that do not play the clip.
_OWN_FILM = (*_ALONE, "mix")
# A run that takes longer hangs.
_LIMIT_SECONDS = 40 * 60
_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what was asked for; 1 when something could not be measured."""
    asked = _asked()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGALRM, _leave)
    signal.alarm(_LIMIT_SECONDS)
    console = Console(width=None if sys.stdout.isatty() else 180)
    size = QUICK if asked.quick else FULL
    rows: list[Row] = []
    samples = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as temporary:
        folder = Path(temporary)
        film = folder / "clip.flv"
        for name in asked.only or BENCHMARKS:
            if why := _missing(name):
                console.print(f"{name}: left out, {why}")
                continue
            if name not in _OWN_FILM and not film.exists():
                clip.make(film, size.clip)
            began = time.monotonic()
            try:
                result = BENCHMARKS[name](folder / name, film, size)
            except (RuntimeError, TimeoutError, OSError) as error:
                console.print(f"[red]{name}: {error}[/]")
                failed = True
                continue
            rows += result.rows
            samples[name] = result.samples
            console.print(f"{name}: measured in {time.monotonic() - began:.0f} s")
    report.show(rows, console)
    path = asked.json or _RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    report.write(path, rows, samples, quick=asked.quick)
    console.print(f"Written to {path}")
    return int(failed)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Tailrace beside ffmpeg.")
    parser.add_argument("--quick", action="store_true", help="5 minutes instead of 25, with more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    return parser.parse_args()


def _missing(name: str) -> str:
    """Return why a benchmark cannot run here, or nothing."""
    if not proc.available():
        return "CPU time and memory are read from Linux' /proc"
    if name in _ALONE:
        return ""
    return "" if shutil.which("ffmpeg") and not nginx_missing() else f"{nginx_missing() or 'ffmpeg is not installed'}"


def _leave(number: int, _frame: object) -> NoReturn:
    """Leave all blocks, which ends what they started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    raise SystemExit(main())
