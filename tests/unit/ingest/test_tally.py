"""Tally: what is present now, and what has come so far, also of those who have left."""

from collections.abc import Mapping

from tailrace.ingest.tally import Packets, Tally
from tailrace.wire.rtp.track import Figures
from tailrace.wire.sdp import Kind


def report(packets: int, lost: int, recovered: int) -> Mapping[Kind, Figures]:
    """A receiver's figures of one track."""
    return {
        Kind.VIDEO: Figures(packets, lost, recovered, repeated=0, malformed=0, units=1, left_out=0, jitter=0.0),
    }


def test_viewers_are_counted_while_they_watch() -> None:
    tally = Tally()

    with tally.viewer("whep"), tally.viewer("whep"):
        assert tally.viewers["whep"] == 2

    assert tally.viewers["whep"] == 0


def test_one_protocols_pictures_are_one_count() -> None:
    tally = Tally()
    tally.flow("rtmp", "video").units += 1
    tally.flow("rtmp", "video").units += 1
    tally.flow("whip", "video").units += 1

    assert {labels: flow.units for labels, flow in tally.flows().items()} == {
        ("rtmp", "video"): 2,
        ("whip", "video"): 1,
    }


def test_packets_of_browsers_who_left_are_not_forgotten() -> None:
    tally = Tally()
    with tally.browser(lambda: report(100, 2, 5)):
        assert tally.packets() == Packets(100, 2, 5)

    with tally.browser(lambda: report(10, 1, 0)):
        assert tally.packets() == Packets(110, 3, 5)
    assert tally.packets() == Packets(110, 3, 5)
