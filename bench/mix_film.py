"""Film: what the people of a mix send: real film, so that encoders have real work, with the picture's number in it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.media import code

from tailrace.media.canvas import planes_of

FILM = Path(__file__).parents[2] / "shared" / "media" / "bigbuckbunny.mp4"
RATE_HZ = 48000
GOP_SECONDS = 2
AUDIO_KBPS = 96
# 16 s are 750 whole frames of AAC, and whole groups of pictures: the film goes round without a hole.
SECONDS = 16
# Each person is so many pictures of the film further on, so that no two show the same.
_APART = 17


@dataclass(frozen=True, slots=True)
class Shape:
    """Size, pictures and kilobits per second of what one person sends."""

    width: int
    height: int
    fps: int
    kbps: int


def make(folder: Path, shape: Shape, people: int, *, seconds: int = SECONDS) -> list[Path]:
    """Write one FLV for each person, without B-frames, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _film(shape)
    files = []
    for person in range(people):
        file = folder / f"person{person}.flv"
        with av.open(str(file), "w", format="flv") as out:
            packets = _video(out, shape, pictures[person * _APART % len(pictures) :] + pictures, seconds)
            packets += _sound(out, 220.0 * 2 ** (person / 3), seconds)
            for packet in sorted(packets, key=lambda p: (p.dts or 0) * (p.time_base or 0)):
                out.mux(packet)
        files.append(file)
    return files


def decoded(file: Path) -> Iterator[av.VideoFrame]:
    """Yield the pictures of a file, decoded by one thread."""
    with av.open(str(file)) as source:
        source.streams.video[0].codec_context.thread_count = 1
        yield from source.decode(video=0)


def _film(shape: Shape) -> list[av.VideoFrame]:
    """Return the film there and back, so that going round makes no cut, in the shape's size."""
    with av.open(str(FILM)) as film:
        pictures = [
            frame.reformat(shape.width, shape.height, "yuv420p", interpolation="LANCZOS")
            for frame in film.decode(video=0)
        ]
    return pictures + pictures[-2:0:-1]


def _video(
    out: av.container.OutputContainer, shape: Shape, pictures: list[av.VideoFrame], seconds: int
) -> "list[av.Packet[Any]]":
    stream = out.add_stream("libx264", rate=shape.fps)
    stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, "yuv420p"
    stream.time_base = Fraction(1, shape.fps)
    stream.codec_context.gop_size = GOP_SECONDS * shape.fps
    stream.codec_context.bit_rate = shape.kbps * 1000
    rate = {"maxrate": f"{shape.kbps}k", "bufsize": f"{shape.kbps * 2}k"}
    stream.options = {"preset": "veryfast", "bf": "0", "sc_threshold": "0", **rate}
    packets: list[av.Packet[Any]] = []
    for number in range(seconds * shape.fps):
        source = pictures[number % len(pictures)]
        frame = av.VideoFrame(shape.width, shape.height, "yuv420p")
        for own, theirs in zip(planes_of(frame), planes_of(source), strict=True):
            np.copyto(own, theirs)
        luma, u, v = planes_of(frame)
        code.draw(luma, number, code.CORNER)
        for chroma in (u, v):
            height, width = chroma.shape
            chroma[: round(code.CORNER.height * height), : round(code.CORNER.width * width)] = 128
        frame.pts = number
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _sound(out: av.container.OutputContainer, hertz: float, seconds: int) -> "list[av.Packet[Any]]":
    """Something like a voice: harmonics that swell over a little noise."""
    stream = out.add_stream("aac", rate=RATE_HZ)
    stream.layout = "stereo"
    stream.bit_rate = AUDIO_KBPS * 1000
    at = np.arange(seconds * RATE_HZ) / RATE_HZ
    wave = sum(
        level * np.sin(2 * math.pi * hertz * times * at) * (1 + 0.6 * np.sin(2 * math.pi * swell * at))
        for level, times, swell in ((0.12, 1, 3.1), (0.08, 2, 5.0), (0.04, 7.5, 2.3))
    ) + np.random.default_rng(1).normal(0, 0.01, at.shape)
    packets: list[av.Packet[Any]] = []
    for start in range(0, len(at), 1024):
        piece = np.tile(wave[start : start + 1024].astype(np.float32), (2, 1))
        frame = av.AudioFrame.from_ndarray(piece, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    return [packet for packet in packets if packet.pts is not None and packet.pts >= 0]
