"""Mix, its parts: where the time of four 720p30 people in one 720p30 picture goes: `python -m bench.mix_parts`.

No network and no clock: each step runs alone on the same film, as fast as it goes. Figures are CPU milliseconds (user
and system, all threads) per second of output, so a tenth of them is % of a core. How far composed pictures are from the
ideal, before they are encoded, is PSNR in dB over all planes, against an area average and against a Lanczos filter
(`bench/mix_ideal.py`). Steps run in turns, and the least of their runs counts: others were disturbed.
"""

import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from rich.console import Console
from rich.table import Table

from bench import mix_film, mix_ideal, mix_scale
from bench.mix_case import FOUR, GOP_SECONDS, PRESET, X264_THREADS
from bench.mix_scale import Frames
from tailrace.media.canvas import Canvas, Patch, planes_of
from tailrace.media.picture_encoder import PictureEncoder
from tailrace.model import encoding
from tailrace.model.mix import VideoEncoding

_SECONDS = 8
# Pictures that are held decoded, 1.4 MB each, of each person.
_HELD = 60
# PSNR of each so many of them: ideal ones are slow to compute.
_JUDGED_EVERY = 24
_ROUNDS = 3
_FFMPEG_WITHIN = 120
_OUR_DECODE, _OUR_SCALE, _OUR_ENCODE = "decode, 1 thread each", "scale and place: the mixer's", "encode: the mixer's"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is measured. `seconds` of output is what one run of `work` does; it returns its CPU seconds.

    `ideal` is the PSNR to the ideal by area average and by Lanczos, where pictures are composed.
    """

    name: str
    seconds: float
    work: Callable[[], float]
    ideal: tuple[float, float] | None = None


def steps(files: list[Path]) -> list[Step]:
    """Return all that is measured."""
    people = [_held(file) for file in files]
    composed = list(mix_scale.WAYS["the mixer's"](people))
    return [
        *_decode_steps(files),
        *_scale_steps(people),
        _place_step(people),
        *_encode_steps(composed),
        *(_ffmpeg_step(files, flags) for flags in ("bicubic", "area")),
    ]


def _decode_steps(files: list[Path]) -> Iterator[Step]:
    for name, options in {
        _OUR_DECODE: {"threads": "1"},
        "decode, 2 frame threads each": {"threads": "2", "thread_type": "frame"},
        "decode, 1 thread each, no loop filter (wrong pictures)": {"threads": "1", "skip_loop_filter": "all"},
    }.items():
        yield Step(name, _SECONDS, _own(lambda options=options: _decode(files, options)))  # type: ignore[misc]


def _scale_steps(people: list[Frames]) -> Iterator[Step]:
    box = FOUR.boxes[0]
    places = [(each.x, each.y) for each in FOUR.boxes]
    exact = mix_ideal.Exact(people, places, (box.width, box.height), (FOUR.width, FOUR.height))
    for name, compose in mix_scale.WAYS.items():
        pictures = list(compose(people))
        judged = [exact.psnr(number, pictures[number]) for number in range(0, _HELD, _JUDGED_EVERY)]
        area, lanczos = (sum(values) / len(values) for values in zip(*judged, strict=True))
        work = _own(lambda compose=compose: [None for _ in compose(people)])  # type: ignore[misc]
        yield Step(f"scale and place: {name}", _HELD / FOUR.fps, work, (area, lanczos))


def _place_step(people: list[Frames]) -> Step:
    """Copy pictures that have the right size already."""
    box = FOUR.boxes[0]
    patches = [
        [Patch(*planes_of(frame.reformat(box.width, box.height, "yuv420p", threads=1))) for frame in frames]
        for frames in people
    ]

    def place() -> None:
        for four in zip(*patches, strict=True):
            canvas = Canvas(FOUR.width, FOUR.height)
            for patch, each in zip(four, FOUR.boxes, strict=True):
                canvas.lay(patch, each.x, each.y)

    return Step("place alone", _HELD / FOUR.fps, _own(place))


def _encode_steps(pictures: Frames) -> Iterator[Step]:
    asked = VideoEncoding(FOUR.width, FOUR.height, FOUR.fps, FOUR.kbps, GOP_SECONDS)

    def ours() -> None:
        encoder = PictureEncoder(asked, encoding.choose(asked, 1, PRESET, X264_THREADS))
        for number, picture in enumerate(pictures):
            encoder.encode(picture, number)
        encoder.flush()

    yield Step(_OUR_ENCODE, _HELD / FOUR.fps, _own(ours))
    rate = f"vbv-maxrate={FOUR.kbps}:vbv-bufsize={FOUR.kbps}:bitrate={FOUR.kbps}:bframes=0"
    for name, params in (
        ("encode: x264's look-ahead, 1 thread", f"{rate}:threads=1"),
        ("encode: x264's look-ahead, 3 threads (ffmpeg's choice on 2 cores)", f"{rate}:threads=3"),
    ):
        yield Step(name, _HELD / FOUR.fps, _own(lambda params=params: _encode(pictures, params)))  # type: ignore[misc]


def _ffmpeg_step(files: list[Path], flags: str) -> Step:
    """Let the ffmpeg program do all of it, from files, pictures only."""
    inputs = [word for file in files for word in ("-threads", "1", "-i", str(file))]
    box = FOUR.boxes[0]
    scaled = [f"[{n}:v]scale={box.width}:{box.height}:flags={flags}[s{n}]" for n in range(FOUR.people)]
    places = "|".join(f"{each.x}_{each.y}" for each in FOUR.boxes)
    stacked = "".join(f"[s{n}]" for n in range(FOUR.people))
    graph = ";".join([*scaled, f"{stacked}xstack=inputs={FOUR.people}:layout={places}[out]"])
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex_threads", "1", "-filter_complex", graph]
    command += ["-map", "[out]", "-c:v", "libx264", "-preset", PRESET, "-x264-params", FOUR.x264_params]
    command += ["-f", "null", "-"]

    def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, timeout=_FFMPEG_WITHIN)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return Step(f"all of it, the ffmpeg program, {flags}", _SECONDS, run)


def _own(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that does the work and returns what CPU time this process has used for it."""

    def run() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return run


def _decode(files: list[Path], options: dict[str, str]) -> None:
    for file in files:
        with av.open(str(file)) as source:
            stream = source.streams.video[0]
            decoder = av.CodecContext.create("h264", "r")
            decoder.extradata, decoder.options = stream.codec_context.extradata, options
            count = sum(len(decoder.decode(packet)) for packet in source.demux(stream))
        if count != _SECONDS * FOUR.fps:
            raise RuntimeError(f"{count} pictures of {_SECONDS * FOUR.fps} with {options}")


def _held(file: Path) -> Frames:
    return [frame for frame, _ in zip(mix_film.decoded(file), range(_HELD), strict=False)]


def _encode(pictures: Sequence[av.VideoFrame], params: str) -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = FOUR.width, FOUR.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FOUR.fps), Fraction(FOUR.fps)
    encoder.gop_size = GOP_SECONDS * FOUR.fps
    encoder.options = {"preset": PRESET, "x264-params": params}
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, encoder.time_base
        encoder.encode(picture)
    encoder.encode(None)


def main() -> None:
    """Measure, and print one table."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as temporary:
        todo = steps(mix_film.make(Path(temporary), FOUR.source, FOUR.people, seconds=_SECONDS))
        spent: dict[str, float] = {}
        for _ in range(_ROUNDS):
            for step in todo:
                spent[step.name] = min(spent.get(step.name, float("inf")), step.work() / step.seconds * 1000)
    heading = f"Parts of a mix, {FOUR.name}, {PRESET}, {FOUR.kbps} kbit/s"
    table = Table("step", "CPU ms per s", "dB to area", "dB to Lanczos", title=heading, title_justify="left")
    for step in todo:
        table.add_row(step.name, f"{spent[step.name]:.0f}", *(f"{decibels:.1f}" for decibels in step.ideal or ()))
    least = spent[_OUR_DECODE] + spent[_OUR_ENCODE]
    table.add_row("decode + encode alone: the least that there is", f"{least:.0f}")
    table.add_row("decode + scale + place + encode, the mixer's", f"{least + spent[_OUR_SCALE]:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
