"""Source: `python -m tailrace.media.source [FILE]` writes an endless FLV stream that a room accepts to standard output.

A moving test picture with a tone, or a file in a loop: H.264 without B-frames and AAC. It runs as fast as its reader
takes it, and ends when the reader is gone. A file that cannot be read is one line on standard error and exit status 3.
"""

import io
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import av.filter
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

UNREADABLE: Final = 3

# What a camera in a call sends: 720p, and a key frame each second so that a viewer never waits long.
SIZE: Final = (1280, 720)
RATE: Final = 30
GOP_SECONDS: Final = 1
VIDEO_BITS: Final = 1_500_000
SAMPLE_RATE: Final = 48000
AUDIO_BITS: Final = 128_000
# Concert pitch: easy to recognise by ear and by a filter.
TONE_HZ: Final = 440
_MICROSECONDS: Final = 1_000_000
# One audio frame of AAC; frames of this size keep the encoder from holding sound back.
_AAC_SAMPLES: Final = 1024


class Sink:
    """Encodes pictures and sound, and writes them as FLV."""

    def __init__(
        self, output: io.RawIOBase | io.BufferedIOBase, *, video: bool, audio: bool, size: tuple[int, int]
    ) -> None:
        self._container: OutputContainer = av.open(
            output, "w", format="flv", options={"flvflags": "no_duration_filesize"}
        )
        self._video = self._add_video(size) if video else None
        self._audio = self._add_audio() if audio else None
        self._resampler = AudioResampler("fltp", "stereo", SAMPLE_RATE)
        self._fifo = AudioFifo()
        self._samples = 0
        self._last_picture = -1
        self._begin_us = 0
        self._end_us = 0

    def _add_video(self, size: tuple[int, int]) -> VideoStream:
        options = {"preset": "superfast", "tune": "zerolatency", "profile": "main", "x264-params": "scenecut=0"}
        stream = self._container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = VIDEO_BITS
        stream.gop_size = RATE * GOP_SECONDS
        stream.max_b_frames = 0
        stream.time_base = Fraction(1, RATE)
        return stream

    def _add_audio(self) -> AudioStream:
        stream = self._container.add_stream("aac", rate=SAMPLE_RATE)
        stream.bit_rate = AUDIO_BITS
        stream.layout = "stereo"
        return stream

    def picture(self, frame: VideoFrame, at_us: int) -> None:
        """Put a picture; those that come faster than RATE are left out."""
        if self._video is None:
            return
        number = ((self._begin_us + at_us) * RATE + _MICROSECONDS // 2) // _MICROSECONDS
        self._end_us = max(self._end_us, self._begin_us + at_us + _MICROSECONDS // RATE)
        if number <= self._last_picture:
            return
        self._last_picture = number
        fitted = frame.reformat(self._video.width, self._video.height, "yuv420p")
        fitted.pts, fitted.time_base = number, Fraction(1, RATE)
        fitted.pict_type = av.video.frame.PictureType.NONE
        self._container.mux(self._video.encode(fitted))

    def sound(self, frame: AudioFrame) -> None:
        """Put sound, which follows the sound before it without a gap."""
        if self._audio is None:
            return
        frame.pts = None
        for part in self._resampler.resample(frame):
            self._fifo.write(part)
        while (ready := self._fifo.read(_AAC_SAMPLES)) is not None:
            ready.pts, ready.time_base = self._samples, Fraction(1, SAMPLE_RATE)
            self._samples += ready.samples
            self._container.mux(self._audio.encode(ready))
        self._end_us = max(self._end_us, self._samples * _MICROSECONDS // SAMPLE_RATE)

    def next_round(self) -> None:
        """Let what is put from now on begin where picture and sound have both ended, so that they stay together."""
        self._begin_us = self._end_us
        self._samples = max(self._samples, self._begin_us * SAMPLE_RATE // _MICROSECONDS)

    @property
    def sound_us(self) -> int:
        """How far the sound has come."""
        return self._samples * _MICROSECONDS // SAMPLE_RATE


def test_pictures() -> Iterator[VideoFrame]:
    """Yield a moving test picture for ever."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add("testsrc2", f"size={SIZE[0]}x{SIZE[1]}:rate={RATE}"),
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
    sink = Sink(output, video=True, audio=True, size=SIZE)
    sounds = tone()
    for number, frame in enumerate(test_pictures()):
        at_us = number * _MICROSECONDS // RATE
        while sink.sound_us < at_us:
            sink.sound(next(sounds))
        sink.picture(frame, at_us)


def loop(path: str, output: io.RawIOBase | io.BufferedIOBase) -> None:
    """Write the file in a loop until the reader is gone. Raises ValueError when it has no picture and no sound."""
    sink: Sink | None = None
    while True:
        with av.open(path) as container:
            video = next(iter(container.streams.video), None)
            audio = next(iter(container.streams.audio), None)
            if video is None and audio is None:
                raise ValueError("it has neither a picture nor sound")
            sink = sink or Sink(output, video=video is not None, audio=audio is not None, size=_fit(video))
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


def _fit(video: VideoStream | None) -> tuple[int, int]:
    """Return the size to publish: the file's own, made smaller when it is more than 720 high, and even."""
    if video is None:
        return SIZE
    scale = min(1.0, SIZE[1] / min(video.width, video.height))
    return max(2, round(video.width * scale) // 2 * 2), max(2, round(video.height * scale) // 2 * 2)


def main() -> int:
    """Write to standard output; return the exit status."""
    output = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
    try:
        if sys.argv[1:]:
            loop(sys.argv[1], output)
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
