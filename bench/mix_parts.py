"""Mix, its parts: where the time of four 720p30 people in one 720p30 picture goes: `python -m bench.mix_parts`.

No network and no clock: each step runs alone on the same film, as fast as it goes. Figures are CPU milliseconds (user
and system, all threads) per second of output, so a tenth of them is % of a core. How far composed pictures are from an
exact one, before they are encoded, is PSNR in dB of all planes, against an area average and against a Lanczos filter
that are computed in floating point.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.filter
import numpy as np
from av.video.reformatter import VideoReformatter
from rich.console import Console
from rich.table import Table

from bench import mix_film, mix_ideal
from tailrace.media.canvas import Plane, planes_of

WIDTH, HEIGHT, FPS, KBPS = 1280, 720, 30, 2500
SHAPE = mix_film.Shape(WIDTH, HEIGHT, FPS, 2000)
_SECONDS = 8
_HALF = WIDTH // 2, HEIGHT // 2
_PLACES = [(0, 0), (WIDTH // 2, 0), (0, HEIGHT // 2), (WIDTH // 2, HEIGHT // 2)]
# PSNR of each so many pictures: exact ones are slow to compute.
_JUDGED_EVERY = 24
# Pictures are held decoded, 1.4 MB each: as many of each person as are scaled in one go.
_HELD = 60
_REPEATS = 3
_FFMPEG_WITHIN = 120

Frames = list[av.VideoFrame]
Compose = Callable[[Sequence[Frames]], Iterator[av.VideoFrame]]


@dataclass(frozen=True, slots=True)
class Step:
    """One figure: CPU ms per second of output; PSNR in dB against the exact pictures, where there are any."""

    name: str
    cpu_ms: float
    area_db: float | None = None
    lanczos_db: float | None = None


def spent(work: Callable[[], object]) -> float:
    """Return CPU seconds of all threads of this process; the least of a few runs, as the others were disturbed."""
    least = float("inf")
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
    return least


def decode_steps(files: list[Path]) -> Iterator[Step]:
    """Decode all four, each with a decoder of its own."""
    for name, options in {
        "1 thread": {"threads": "1"},
        "2 frame threads": {"threads": "2", "thread_type": "frame"},
        "2 slice threads": {"threads": "2", "thread_type": "slice"},
        "1 thread, no loop filter": {"threads": "1", "skip_loop_filter": "all"},
        "1 thread, no loop filter of unreferenced": {"threads": "1", "skip_loop_filter": "noref"},
        "1 thread, flag fast": {"threads": "1", "flags2": "+fast"},
        "1 thread, flag low_delay": {"threads": "1", "flags": "+low_delay"},
    }.items():
        yield Step(f"decode 4 x 720p30: {name}", _per_second(spent(lambda options=options: _decode(files, options))))  # type: ignore[misc]


def scale_steps(people: list[Frames], exact: mix_ideal.Exact) -> Iterator[Step]:
    """Scale four pictures to a quarter and place them, in each way."""
    ways: dict[str, Compose] = {
        "libavfilter scale (bicubic) + xstack": _graph("bicubic"),
        "libavfilter scale (bilinear) + xstack": _graph("bilinear"),
        "libavfilter scale (area) + xstack": _graph("area"),
    }
    for interpolation in ("BICUBIC", "BILINEAR", "AREA", "FAST_BILINEAR", "BICUBLIN", "LANCZOS"):
        ways[f"reformat {interpolation.lower()} + copy"] = _reformat(interpolation)
    ways["numpy 2x2 average, rounded once"] = _numpy(_average)
    ways["numpy 2x2 average by halves"] = _numpy(_average_fast)
    for name, compose in ways.items():
        composed = list(compose(people))
        judged = [(exact.psnr(number, composed[number])) for number in range(0, _HELD, _JUDGED_EVERY)]
        area, lanczos = (sum(values) / len(values) for values in zip(*judged, strict=True))
        used = spent(lambda compose=compose: [None for _ in compose(people)])  # type: ignore[misc]
        yield Step(f"scale + place: {name}", used / (_HELD / FPS) * 1000, area, lanczos)


def place_step(people: list[Frames]) -> Step:
    """Copy four pictures that have the right size already."""
    quarters = [[frame.reformat(*_HALF, "yuv420p", threads=1) for frame in frames] for frames in people]

    def place() -> None:
        for four in zip(*quarters, strict=True):
            canvas = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for frame, at in zip(four, _PLACES, strict=True):
                _lay(canvas, planes_of(frame), at)

    return Step("place alone (copy into a new frame)", spent(place) / (_HELD / FPS) * 1000)


def encode_steps(pictures: Frames) -> Iterator[Step]:
    """Encode what was composed, at the same bit rate, with what x264 may be told."""
    live = {"rc-lookahead": "0", "sync-lookahead": "0"}
    for name, threads, x264 in (
        ("as it is, 1 thread", 1, {}),
        ("as it is, 2 threads", 2, {}),
        ("as it is, 3 threads (ffmpeg's choice on 2 cores)", 3, {}),
        ("zerolatency, 1 thread", 1, {"tune": "zerolatency"}),
        ("zerolatency, 2 (sliced) threads", 2, {"tune": "zerolatency"}),
        ("no lookahead, 1 thread", 1, {"x264-params": ":".join(f"{k}={v}" for k, v in live.items())}),
    ):
        yield Step(
            f"encode 720p30 veryfast {KBPS} kbit/s: {name}",
            spent(lambda t=threads, x=x264: _encode(pictures, t, x)) / (_HELD / FPS) * 1000,  # type: ignore[misc]
        )


def ffmpeg_step(files: list[Path], threads: int, filters: str) -> Step:
    """Let the ffmpeg program do all of it, from files."""
    inputs = [word for file in files for word in ("-threads", "1", "-i", str(file))]
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex_threads", "1", "-filter_complex"]
    command += [xstack(4, *_HALF, filters), "-map", "[out]", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0"]
    command += ["-g", str(2 * FPS), "-b:v", f"{KBPS}k", "-maxrate", f"{KBPS}k", "-bufsize", f"{KBPS}k"]
    command += ["-threads", str(threads), "-f", "null", "-"]
    least = float("inf")
    for _ in range(_REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, timeout=_FFMPEG_WITHIN)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Step(f"all of it by the ffmpeg program, {filters}, x264 with {threads} thread(s)", _per_second(least))


def xstack(columns_squared: int, width: int, height: int, flags: str, fps: int = 0) -> str:
    """Return a filter graph that scales inputs 0.. and stacks them into a square grid as [out]."""
    side = round(columns_squared**0.5)
    rate = f",fps={fps}" if fps else ""
    scaled = [f"[{n}:v]scale={width}:{height}:flags={flags}{rate}[s{n}]" for n in range(columns_squared)]
    places = "|".join(f"{n % side * width}_{n // side * height}" for n in range(columns_squared))
    stacked = "".join(f"[s{n}]" for n in range(columns_squared))
    return ";".join([*scaled, f"{stacked}xstack=inputs={columns_squared}:layout={places}[out]"])


def _per_second(seconds: float) -> float:
    return seconds / _SECONDS * 1000


def _decode(files: list[Path], options: dict[str, str]) -> None:
    for file in files:
        with av.open(str(file)) as source:
            stream = source.streams.video[0]
            decoder = av.CodecContext.create("h264", "r")
            decoder.extradata, decoder.options = stream.codec_context.extradata, options
            count = sum(len(decoder.decode(packet)) for packet in source.demux(stream))
        if count != _SECONDS * FPS:
            raise RuntimeError(f"{count} pictures of {_SECONDS * FPS} with {options}")


def _held(file: Path) -> Frames:
    with av.open(str(file)) as source:
        source.streams.video[0].codec_context.thread_count = 1
        return [frame for frame, _ in zip(source.decode(video=0), range(_HELD), strict=False)]


def _graph(flags: str) -> Compose:
    def compose(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
        graph = av.filter.Graph()
        graph.threads = 1
        stack = graph.add("xstack", f"inputs=4:layout={'|'.join(f'{x}_{y}' for x, y in _PLACES)}")
        buffers = []
        for index in range(len(people)):
            buffer = graph.add_buffer(
                width=WIDTH, height=HEIGHT, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 1000)
            )
            scale = graph.add("scale", f"{_HALF[0]}:{_HALF[1]}:flags={flags}")
            buffer.link_to(scale)
            scale.link_to(stack, 0, index)
            buffers.append(buffer)
        sink = graph.add("buffersink")
        stack.link_to(sink)
        graph.configure()
        for four in zip(*people, strict=True):
            for buffer, frame in zip(buffers, four, strict=True):
                buffer.push(frame)
            with suppress(BlockingIOError):
                yield sink.pull()  # type: ignore[misc]
        for buffer in buffers:
            buffer.push(None)
        with suppress(EOFError):
            while True:
                yield sink.pull()  # type: ignore[misc]

    return compose


def _reformat(interpolation: str) -> Compose:
    def compose(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
        scalers = [VideoReformatter() for _ in people]
        for four in zip(*people, strict=True):
            canvas = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for scaler, frame, at in zip(scalers, four, _PLACES, strict=True):
                scaled = scaler.reformat(frame, *_HALF, "yuv420p", interpolation=interpolation, threads=1)
                _lay(canvas, planes_of(scaled), at)
            yield canvas

    return compose


def _numpy(half: Callable[[Plane, Plane], None]) -> Compose:
    def compose(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
        for four in zip(*people, strict=True):
            canvas = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for frame, (x, y) in zip(four, _PLACES, strict=True):
                for target, pixels, shift in zip(planes_of(canvas), planes_of(frame), (0, 1, 1), strict=True):
                    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
                    top, left = y >> shift, x >> shift
                    half(pixels, target[top : top + height, left : left + width])
            yield canvas

    return compose


def _average(pixels: Plane, target: Plane) -> None:
    rows = np.add(pixels[::2], pixels[1::2], dtype=np.uint16)
    total = rows[:, ::2] + rows[:, 1::2]
    total += 2
    total >>= 2
    target[...] = total


def _average_fast(pixels: Plane, target: Plane) -> None:
    """By words of 16 bits that hold two neighbours: their sum without taking the bytes apart."""
    words = pixels.view(np.uint16)
    upper, lower = words[::2], words[1::2]
    total = (upper & 0xFF) + (upper >> 8) + (lower & 0xFF) + (lower >> 8)
    total += 2
    total >>= 2
    target[...] = total


def _lay(canvas: av.VideoFrame, planes: Sequence[Plane], at: tuple[int, int]) -> None:
    for target, pixels, shift in zip(planes_of(canvas), planes, (0, 1, 1), strict=True):
        top, left = at[1] >> shift, at[0] >> shift
        np.copyto(target[top : top + pixels.shape[0], left : left + pixels.shape[1]], pixels)


def _encode(pictures: Frames, threads: int, x264: dict[str, str]) -> None:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.gop_size, encoder.bit_rate = 2 * FPS, KBPS * 1000
    rate = {"maxrate": f"{KBPS}k", "bufsize": f"{KBPS}k"}
    encoder.options = {"preset": "veryfast", "bf": "0", "threads": str(threads), **rate, **x264}
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        encoder.encode(picture)
    encoder.encode(None)


def main() -> None:
    """Measure, and print one table."""
    table = Table("step", "CPU ms per second", "dB to area", "dB to Lanczos", title="Parts of a mix of four 720p30")

    def add(step: Step) -> None:
        decibels = ["" if value is None else f"{value:.1f}" for value in (step.area_db, step.lanczos_db)]
        table.add_row(step.name, f"{step.cpu_ms:.0f}", *decibels)
        print(f"{step.name}: {step.cpu_ms:.0f} {' '.join(decibels)}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as temporary:
        files = mix_film.make(Path(temporary), SHAPE, 4, seconds=_SECONDS)
        for step in decode_steps(files):
            add(step)
        people = [_held(file) for file in files]
        exact = mix_ideal.Exact(people, _PLACES, _HALF, (WIDTH, HEIGHT))
        for step in scale_steps(people, exact):
            add(step)
        add(place_step(people))
        composed = list(_reformat("AREA")(people))
        for step in encode_steps(composed):
            add(step)
        for threads in (1, 3):
            add(ffmpeg_step(files, threads, "bicubic"))
        add(ffmpeg_step(files, 1, "bilinear"))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
