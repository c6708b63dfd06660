"""Scale: the ways to scale four pictures and place them in one that `bench/mix_parts.py` compares."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction

import av
import av.filter
import numpy as np
from av.video.reformatter import VideoReformatter

from bench.mix_case import FOUR
from tailrace.media.canvas import Canvas, Patch, Plane, planes_of
from tailrace.media.scaler import Scaler, Shape
from tailrace.model.mix import Fit

Frames = list[av.VideoFrame]
Compose = Callable[[Sequence[Frames]], Iterator[av.VideoFrame]]
_BOX = FOUR.boxes[0]


def _ours(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
    """As the mixer does it."""
    shape = Shape(_BOX.width, _BOX.height, Fit.CROP)
    scalers = [Scaler() for _ in people]
    for four in zip(*people, strict=True):
        canvas = Canvas(FOUR.width, FOUR.height)
        for scaler, frame, box in zip(scalers, four, FOUR.boxes, strict=True):
            scaled = scaler.scale(frame, shape)
            canvas.lay(scaled.patch, box.x + scaled.placement.target.x, box.y + scaled.placement.target.y)
        yield canvas.frame


def _graph(flags: str) -> Compose:
    """As the ffmpeg program does it: one graph of scale and xstack."""

    def compose(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
        graph = av.filter.Graph()
        graph.threads = 1
        places = "|".join(f"{box.x}_{box.y}" for box in FOUR.boxes)
        stack = graph.add("xstack", f"inputs={len(people)}:layout={places}")
        buffers = []
        for index, frames in enumerate(people):
            first = frames[0]
            buffer = graph.add_buffer(
                width=first.width, height=first.height, format=first.format, time_base=Fraction(1, 1000)
            )
            scale = graph.add("scale", f"{_BOX.width}:{_BOX.height}:flags={flags}")
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
                yield _pulled(sink)
        for buffer in buffers:
            buffer.push(None)
        with suppress(EOFError):
            while True:
                yield _pulled(sink)

    return compose


def _pulled(sink: av.filter.context.FilterContext) -> av.VideoFrame:
    frame = sink.pull()
    assert isinstance(frame, av.VideoFrame)
    return frame


def _reformat(interpolation: str) -> Compose:
    """By swscale without filters, and a copy."""

    def compose(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
        scalers = [VideoReformatter() for _ in people]
        for four in zip(*people, strict=True):
            canvas = Canvas(FOUR.width, FOUR.height)
            for scaler, frame, box in zip(scalers, four, FOUR.boxes, strict=True):
                size = box.width, box.height
                scaled = scaler.reformat(frame, *size, "yuv420p", interpolation=interpolation, threads=1)
                canvas.lay(Patch(*planes_of(scaled)), box.x, box.y)
            yield canvas.frame

    return compose


def _numpy(people: Sequence[Frames]) -> Iterator[av.VideoFrame]:
    """By the mean of two by two pixels, in numpy; only for an exact half."""
    for four in zip(*people, strict=True):
        canvas = av.VideoFrame(FOUR.width, FOUR.height, "yuv420p")
        for frame, box in zip(four, FOUR.boxes, strict=True):
            for target, pixels, half in zip(planes_of(canvas), planes_of(frame), (0, 1, 1), strict=True):
                height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
                _halve(pixels, target[box.y >> half :, box.x >> half :][:height, :width])
        yield canvas


def _halve(pixels: Plane, target: Plane) -> None:
    rows = np.add(pixels[::2], pixels[1::2], dtype=np.uint16)
    total = rows[:, ::2] + rows[:, 1::2]
    total += 2
    total >>= 2
    target[...] = total


WAYS: dict[str, Compose] = {
    "the mixer's": _ours,
    "filters scale (area) + xstack": _graph("area"),
    "filters scale (bicubic) + xstack, as ffmpeg": _graph("bicubic"),
    **{
        f"reformat {interpolation.lower()} + copy": _reformat(interpolation)
        for interpolation in ("AREA", "BICUBIC", "BILINEAR", "FAST_BILINEAR", "LANCZOS")
    },
    "numpy, mean of 2 x 2": _numpy,
}
