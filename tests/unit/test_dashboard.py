"""The Grafana dashboard asks for nothing but metrics that are documented, and each panel has its place."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BOARD: dict[str, Any] = json.loads((ROOT / "grafana" / "tailrace.json").read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
DOCUMENTED = set(re.findall(r"`(tailrace_\w+)`", (ROOT / "docs" / "metrics.md").read_text()))
STANDARD = {"process_cpu_seconds_total", "process_resident_memory_bytes"}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_a_panel_asks_for_documented_metrics(panel: dict[str, Any]) -> None:
    asked = {name for target in panel["targets"] for name in re.findall(r"\b(?:tailrace|process)_\w+", target["expr"])}
    plain = {re.sub(r"_bucket$", "", name) for name in asked}

    assert plain
    assert plain <= DOCUMENTED | STANDARD


def test_every_documented_metric_but_a_few_is_on_a_panel() -> None:
    shown = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])

    missing = {name for name in DOCUMENTED if name not in shown}
    assert missing <= {
        "tailrace_build_info",  # the variable `job` is made of it
        "tailrace_destination_sent_bytes_total",  # the bit rate shows it
        "tailrace_destination_sent_frames_total",
        "tailrace_worker_draining",
        "tailrace_worker_room_tasks",
    }


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
