"""Source: `python -m tailrace.media.source` writes an endless FLV stream that a room accepts to standard output.

A moving test picture with a tone, or a file in a loop: H.264 without B-frames and AAC. It runs as fast as its reader
takes it, and ends when the reader is gone. A file that cannot be read is one line on standard error and exit status 3.
"""

import io
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Final

import av
import av.filter
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tailrace.media.flv_sink import CAMERA, SAMPLE_RATE, SMALL, Quality, Sink

UNREADABLE: Final = 3

# Concert pitch: easy to recognise by ear and by a filter.
TONE_HZ: Final = 440
_MICROSECONDS: Final = 1_000_000


def test_pictures() -> Iterator[VideoFrame]:
    """Yield a moving test picture for ever."""
    width, height = CAMERA.size
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add("testsrc2", f"size={width}x{height}:rate={CAMERA.rate}"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ).configure()
    while True:
        if isinstance(frame := graph.pull(), VideoFrame):
            yield frame


def tone() -> Iterator[AudioFrame]:
    """Yield a tone for ever."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add("sine", f"frequency={TONE_HZ}:sample_rate={SAMPLE_RATE}"), graph.add("abuffersink")
    ).configure()
    while True:
        if isinstance(frame := graph.pull(), AudioFrame):
            yield frame


def generate(output: io.RawIOBase | io.BufferedIOBase) -> None:
    """Write the test picture and the tone until the reader is gone."""
    sink = Sink(output, video=True, audio=True, size=CAMERA.size, quality=CAMERA)
    sounds = tone()
    for number, frame in enumerate(test_pictures()):
        at_us = number * _MICROSECONDS // CAMERA.rate
        while sink.sound_us < at_us:
            sink.sound(next(sounds))
        sink.picture(frame, at_us)


def loop(path: str, output: io.RawIOBase | io.BufferedIOBase, quality: Quality) -> None:
    """Write the file in a loop until the reader is gone. Raises ValueError when it has no picture and no sound."""
    sink: Sink | None = None
    while True:
        with av.open(path) as container:
            video = next(iter(container.streams.video), None)
            audio = next(iter(container.streams.audio), None)
            if video is None and audio is None:
                raise ValueError("it has neither a picture nor sound")
            sink = sink or Sink(
                output, video=video is not None, audio=audio is not None, size=_fit(video, quality), quality=quality
            )
            first_us: int | None = None
            for frame in container.decode(*(stream for stream in (video, audio) if stream)):
                if not isinstance(frame, VideoFrame | AudioFrame):
                    continue
                at_us = int((frame.time or 0.0) * _MICROSECONDS)
                first_us = at_us if first_us is None else first_us
                if isinstance(frame, VideoFrame):
                    sink.picture(frame, max(0, at_us - first_us))
                else:
                    sink.sound(frame)
            if first_us is None:
                raise ValueError("nothing in it can be decoded")
            sink.next_round()


def _fit(video: VideoStream | None, quality: Quality) -> tuple[int, int]:
    """Return the size to publish: the file's own, made smaller when its shorter side is too long, and even."""
    if video is None:
        return quality.size
    scale = min(1.0, quality.size[1] / min(video.width, video.height))
    return max(2, round(video.width * scale) // 2 * 2), max(2, round(video.height * scale) // 2 * 2)


def main() -> int:
    """Write to standard output; return the exit status."""
    parser = ArgumentParser()
    parser.add_argument("--small", action="store_true", help="the file as one of many people sends it")
    parser.add_argument("file", nargs="?")
    asked = parser.parse_args()
    output = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
    try:
        if asked.file:
            loop(asked.file, output, SMALL if asked.small else CAMERA)
        else:
            generate(output)
    except BrokenPipeError:
        return 0
    except (av.FFmpegError, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        print(said, file=sys.stderr)
        return UNREADABLE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
