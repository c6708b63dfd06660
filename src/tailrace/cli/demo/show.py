"""Show: progress while relays run, and the report at the end; on a terminal in place, elsewhere as plain lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tailrace.cli.demo.verdict import Relay, checks
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

    def progress(self, relays: Sequence[Relay], seconds: float, total: float) -> None:
        """Show how the relays are, `seconds` after their start."""
        if self._live is not None:
            table = Table("input", "state", "bit rate", "frames", "seconds", box=None)
            for relay in relays:
                row = _row(relay.progress)
                table.add_row(relay.label, *row, f"{seconds:.0f} of {total:.0f}")
            self._live.update(table)
            return
        for relay in relays:
            state, rate, frames = _row(relay.progress)
            self.say(f"  {seconds:4.0f} s  {relay.label}: {state}, {rate}, {frames} frames")

    def report(self, relays: Sequence[Relay]) -> None:
        """Print what was measured and found."""
        facts = [_facts(relay) for relay in relays]
        names = dict.fromkeys(name for of_one in facts for name in of_one)
        print_table(
            ("what the CDN received", *(relay.label for relay in relays)),
            [(name, *(of_one.get(name, "-") for of_one in facts)) for name in names],
        )


def _facts(relay: Relay) -> dict[str, str]:
    """Return what is reported of one relay, by name."""
    return {
        "start: API answered": _ms(relay.answered_in),
        "start: first key frame at the CDN" if relay.video else "start: first sound at the CDN": _ms(relay.picture_in),
        "stop: API answered": _ms(relay.stop_answered_in),
        **{check.name: check.found if check.holds else f"{check.found}  <- WRONG" for check in checks(relay)},
        "saved": str(relay.flv),
        **({"pictures": str(relay.sheet)} if relay.video else {}),
    }


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _row(progress: Mapping[str, Any]) -> tuple[str, str, str]:
    if not progress:
        return "starting", "-", "0"
    return str(progress["State"]), f"{progress['BitRate']} kbit/s", str(progress["VideoFrames"])
