"""Inputs kept for ever: real set-up data, and bytes that parsers of media have stumbled over, here or elsewhere."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tailrace.errors import PeerError
from tailrace.wire import aac, flv, h264, sei

CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "media").glob("*.bin"))


def _units(data: bytes) -> object:
    return list(h264.nal_units(data))


PARSERS: tuple[Callable[[bytes], object], ...] = (
    flv.parse_video,
    flv.parse_audio,
    lambda data: flv.Reader().receive(data),
    h264.parse_config,
    h264.parse_sps,
    _units,
    aac.parse_config,
    sei.messages,
    sei.upstream,
)


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) >= 34


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_parser_takes_every_cut_or_raises_peer_error(path: Path) -> None:
    data = path.read_bytes()
    for parse in PARSERS:
        for size in range(len(data) + 1):
            with suppress(PeerError):
                parse(data[:size])
