"""RTP film: the clip as browsers send it: H.264 untouched and Opus, cut into packets and spread over time."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from bench.sink import digest
from tailrace.unit import Codec, Unit
from tailrace.wire import flv
from tailrace.wire.rtp.packetizer import payloads

VIDEO, AUDIO = 96, 111
RATES: Final = {VIDEO: 90_000, AUDIO: 48_000}
_MAKE_WITHIN = 60.0
# Browsers spread large pictures: at 2.5 times the bit rate that they may send, which is 2 to 5 Mbit/s at this size.
_PACE: Final = 10_000_000 / 8


@dataclass(frozen=True, slots=True)
class Piece:
    """One packet to be: `at` are seconds from the film's begin. `digest` names the picture that begins with it."""

    at: float
    payload_type: int
    timestamp: int
    payload: bytes
    marker: bool
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """All packets in the order of their time, and how long the film is."""

    pieces: tuple[Piece, ...]
    seconds: float


def make_sound(film: Path, target: Path) -> Path:
    """Encode the clip's sound as Opus, like a browser does, and return `target`."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(film), "-vn", "-c:a", "libopus", "-b:a", "48k"]
    subprocess.run([*command, "-ac", "2", str(target)], check=True, timeout=_MAKE_WITHIN)
    return target


def load(film: Path, sound: Path) -> Film:
    """Read what is sent."""
    pictures = list(_pictures(film))
    sounds = list(_sounds(sound))
    pieces = tuple(sorted((*pictures, *sounds), key=lambda piece: piece.at))
    # Whole pictures: the next round begins where the next one would.
    return Film(pieces, max(piece.timestamp for piece in pictures) / RATES[VIDEO] + 1 / 30)


def _pictures(film: Path) -> Iterator[Piece]:
    config = b""
    free_at = 0.0
    for tag in flv.Reader().receive(film.read_bytes()):
        if tag.type is not flv.TagType.VIDEO or (body := flv.parse_video(tag.body)) is None:
            continue
        if flv.is_setup(tag):
            config = body.data
            continue
        if not body.data:
            continue
        unit = Unit(Codec.H264, 0, 0, 0, 0, body.key, config if body.key else b"", body.data)
        made = payloads(unit, 0)
        for index, payload in enumerate(made):
            at = max(tag.timestamp_ms / 1000, free_at)
            free_at = at + len(payload) / _PACE
            name = "" if index else digest(tag.body)
            yield Piece(at, VIDEO, tag.timestamp_ms * 90, payload, index == len(made) - 1, name)


def _sounds(sound: Path) -> Iterator[Piece]:
    with av.open(str(sound)) as opened:
        for number, packet in enumerate(opened.demux(audio=0)):
            if packet.size:
                yield Piece(number * 0.02, AUDIO, number * 960, bytes(packet), False)
