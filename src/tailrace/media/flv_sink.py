"""FLV sink: encodes what a source makes, as a camera in a call does, and writes it as FLV."""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

SAMPLE_RATE: Final = 48000
AUDIO_BITS: Final = 128_000
_MICROSECONDS: Final = 1_000_000
# One audio frame of AAC; frames of this size keep the encoder from holding sound back.
_AAC_SAMPLES: Final = 1024


@dataclass(frozen=True, slots=True)
class Quality:
    """How pictures are encoded: largest size, pictures and bits per second, pictures from key frame to key frame."""

    size: tuple[int, int]
    rate: int
    bits: int
    group: int


# What one camera in a call sends, and what each of many does: a quarter of the picture, half as often. A key frame each
# second or more often, so that a viewer never waits long; a guest's round (media/guest.py) is two whole groups.
CAMERA: Final = Quality((1280, 720), 30, 1_500_000, 30)
SMALL: Final = Quality((640, 360), 15, 500_000, 12)


# FFmpeg's formats of photographs, in BT.601 and with the full range.
_JPEG = "yuvj"


class Sink:
    """Encodes pictures and sound, and writes them as FLV."""

    def __init__(
        self,
        output: io.RawIOBase | io.BufferedIOBase,
        *,
        video: bool,
        audio: bool,
        size: tuple[int, int],
        quality: Quality,
    ) -> None:
        self._container: OutputContainer = av.open(
            output, "w", format="flv", options={"flvflags": "no_duration_filesize"}
        )
        self._rate = quality.rate
        self._video = self._add_video(size, quality) if video else None
        self._audio = self._add_audio() if audio else None
        self._resampler = AudioResampler("fltp", "stereo", SAMPLE_RATE)
        self._fifo = AudioFifo()
        self._samples = 0
        self._last_picture = -1
        self._begin_us = 0
        self._end_us = 0

    def _add_video(self, size: tuple[int, int], quality: Quality) -> VideoStream:
        options = {"preset": "superfast", "tune": "zerolatency", "profile": "main", "x264-params": "scenecut=0"}
        stream = self._container.add_stream("libx264", rate=self._rate, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = quality.bits
        stream.gop_size = quality.group
        stream.max_b_frames = 0
        stream.time_base = Fraction(1, self._rate)
        return stream

    def _add_audio(self) -> AudioStream:
        stream = self._container.add_stream("aac", rate=SAMPLE_RATE)
        stream.bit_rate = AUDIO_BITS
        stream.layout = "stereo"
        # A fifth of the default's work, and at this rate nobody hears the difference.
        stream.options = {"aac_coder": "fast"}
        return stream

    def picture(self, frame: VideoFrame, at_us: int) -> None:
        """Put a picture; those that come faster than the rate are left out."""
        if self._video is None:
            return
        number = ((self._begin_us + at_us) * self._rate + _MICROSECONDS // 2) // _MICROSECONDS
        self._end_us = max(self._end_us, self._begin_us + at_us + _MICROSECONDS // self._rate)
        if number <= self._last_picture:
            return
        self._last_picture = number
        # Films are passed on in the colours that they have; a mix, like a player of HD, takes them for BT.709.
        painted = frame.format.is_rgb or frame.format.name.startswith(_JPEG)
        colours = {"dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG} if painted else {}
        fitted = frame.reformat(self._video.width, self._video.height, "yuv420p", **colours)
        fitted.pts, fitted.time_base = number, Fraction(1, self._rate)
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
