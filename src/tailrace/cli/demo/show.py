"""Show: progress while relays run, and the report at the end; on a terminal in place, elsewhere as plain lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tailrace.cli.tables import print_table


class Show:
    """What the user sees of the demo."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    @property
    def live(self) -> bool:
        """Whether progress is shown in place."""
        return self._live is not None

    def say(self, text: str) -> None:
        """Print a step."""
        self._console.print(text, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def progress(self, relays: Sequence[tuple[str, Mapping[str, Any]]], seconds: float, total: float) -> None:
        """Show how the first destinations of relays are, by their labels, `seconds` after their start."""
        if self._live is not None:
            table = Table("relay", "state", "bit rate", "frames", "seconds", box=None)
            for label, destination in relays:
                table.add_row(label, *_row(destination), f"{seconds:.0f} of {total:.0f}")
            self._live.update(table)
            return
        for label, destination in relays:
            state, rate, frames = _row(destination)
            self.say(f"  {seconds:4.0f} s  {label}: {state}, {rate}, {frames} frames")

    def report(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        """Print what was measured and found of each relay, by its label."""
        names = dict.fromkeys(name for of_one in facts.values() for name in of_one)
        print_table(
            ("what the CDN received", *facts),
            [(name, *(of_one.get(name, "-") for of_one in facts.values())) for name in names],
        )


def _row(destination: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(destination["State"]), f"{destination['BitRate']} kbit/s", str(destination["VideoFrames"])
