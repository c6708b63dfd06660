"""What /metrics of a running ingest process says of real publishers and players."""

import re
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.ffmpeg import Ffmpeg, publisher
from tests.harness.ingest import IngestProcess
from tests.harness.waiting import eventually

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def figures(ingest: IngestProcess) -> dict[str, float]:
    """Return the samples; behind their names the values of their labels, in the order of the labels."""
    text = httpx.get(f"{ingest.http}/metrics").raise_for_status().text
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_publishers_and_players_are_counted_while_they_are_there(ingest: IngestProcess) -> None:
    with publisher(ingest.push("figures", "anna")), publisher(ingest.live("figures")):
        eventually(lambda: ingest.stream("figures"), "the stream")
        with Ffmpeg("-i", ingest.flv("figures"), "-f", "null", "-"):
            eventually(lambda: figures(ingest)["tailrace_viewers cdn"] == 1, "the player")
            eventually(lambda: figures(ingest)["tailrace_publishers rtmp"] == 1, "the publisher")
            eventually(lambda: figures(ingest).get("tailrace_ingest_units_total video rtmp", 0) > 10, "pictures")
        seen = figures(ingest)

    assert seen["tailrace_ingest_bytes_total video rtmp"] > seen["tailrace_ingest_bytes_total audio rtmp"] > 0
    eventually(lambda: figures(ingest)["tailrace_publishers rtmp"] == 0, "the publisher's end")
    eventually(lambda: figures(ingest)["tailrace_viewers cdn"] == 0, "the player's end")
    assert figures(ingest)["tailrace_ingest_units_total video rtmp"] > 10


def test_the_documentation_lists_every_metric_of_this_process(ingest: IngestProcess) -> None:
    text = httpx.get(f"{ingest.http}/metrics").raise_for_status().text
    names = set(re.findall(r"^(tailrace_\w+)[ {]", text, re.MULTILINE))

    assert len(names) >= 7
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE.read_text()] == []
