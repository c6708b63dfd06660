"""Audio: AAC or Opus of a publisher to the AAC that the caller asked for, one unit at a time.

Decoder and encoder are FFmpeg's. Nothing stands between them unless the rate or the channels differ: the decoder of AAC
gives planar float frames of 1024 samples, which is what the encoder takes. Opus has shorter frames, and holes.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from tailrace.errors import PeerError
from tailrace.media.aac_encoder import SAMPLE_FORMAT, AacEncoder, Packet
from tailrace.media.channels import Channels
from tailrace.media.gapless import GaplessRun
from tailrace.media.open_decoder import open_decoder
from tailrace.media.seam import Seam
from tailrace.model.plan import AudioEncoding
from tailrace.unit import Codec

# A publisher's time stamps are whole milliseconds and jitter by a frame or two; more than this is a gap in its sound.
LARGEST_DRIFT_US = 100_000


class Listener(Protocol):
    """Something that measures sound."""

    def hear(self, frame: AudioFrame, /) -> None:
        """Take a frame of planar floats."""
        ...

    def read(self) -> int:
        """Return what it has measured since the last time."""
        ...


class AacTranscoder:
    """Feed it units of sound in order; it gives back AAC packets of `encoding`. With a `meter` it measures."""

    def __init__(self, encoding: AudioEncoding) -> None:
        self.meter: Listener | None = None
        self.also: Callable[[AudioFrame, int], None] | None = None
        """Is given all that is encoded, with the time at which it is heard, in microseconds."""
        self._encoder = AacEncoder(encoding)
        self._decoder: AudioCodecContext | None = None
        self._channels = Channels(self._encoder.layout)
        self._resampler: AudioResampler | None = None
        self._seam: Seam | None = None
        self._set_up: tuple[Codec, bytes] | None = None
        self._run = GaplessRun(self._encoder.rate_hz, LARGEST_DRIFT_US)

    @property
    def config(self) -> bytes:
        """The AudioSpecificConfig of the output."""
        return self._encoder.config

    def feed(self, codec: Codec, config: bytes, payload: bytes, pts_us: int) -> list[Packet]:
        """Return what one unit (its set-up data, one raw frame, its time) completes, mostly one packet.

        Raises PeerError when the decoder does not take it; the next unit may be fed all the same.
        """
        if not payload:
            raise PeerError(f"{codec.name} unit without a payload")  # to FFmpeg it would be the end of the stream
        packets: list[Packet] = []
        if self._decoder is None or self._set_up != (codec, config):
            packets += self._end_run()
            self._open(codec, config)
        for frame in self._decoded(codec, payload):
            if self.meter is not None:
                self.meter.hear(frame)
            lasts_us = frame.samples * 1_000_000 // frame.sample_rate
            packets += self._follow(pts_us, frame) if self._seam is None else self._sew(self._seam, pts_us, frame)
            pts_us += lasts_us
        return packets

    def break_off(self) -> None:
        """Let what is fed next be heard at its own time, however near to the end of what was before."""
        self._resampler = None
        self._run.break_off()

    def silence(self, from_us: int, until_us: int) -> list[Packet]:
        """Return silence for whole frames that end before `until_us`: after all sound so far, or from `from_us` on."""
        encoder = self._encoder
        if not encoder.fed:
            self._run.anchor(from_us, 0)
        packets = self._end_run()
        while self._run.time_of(encoder.fed + encoder.frame_samples) <= until_us:
            packets += self._encode(encoder.silence())
        return packets

    def _open(self, codec: Codec, config: bytes) -> None:
        wanted = self._encoder
        self._decoder = open_decoder(codec, config if codec is Codec.AAC else b"", wanted.channels)
        self._seam = Seam(wanted.layout, wanted.frame_samples) if codec is Codec.OPUS else None
        self._set_up = codec, config

    def _decoded(self, codec: Codec, payload: bytes) -> list[AudioFrame]:
        if self._decoder is None:
            raise AssertionError("it was just opened")
        try:
            return self._decoder.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise PeerError(f"{codec.name} unit of {len(payload)} bytes cannot be decoded: {error.strerror}") from error

    def _follow(self, pts_us: int, frame: AudioFrame) -> list[Packet]:
        """Encode AAC's samples; begin a new run when the input's clock has left the count of its samples."""
        if not self._run.goes_on(pts_us, frame.sample_rate):
            self._begin_run(pts_us, frame.sample_rate)
        self._run.count(frame.samples)
        return self._encoded(self._fit(frame))

    def _sew(self, seam: Seam, pts_us: int, frame: AudioFrame) -> list[Packet]:
        """Encode Opus's samples, without the holes between them."""
        packets: list[Packet] = []
        if self._run.broken or not seam.follows(pts_us):
            packets += self._end_run()
            self._begin_run(pts_us, frame.sample_rate)
        seam.put(frame, pts_us)
        return packets + self._encoded(ready for whole in seam.take() for ready in self._fit(whole))

    def _begin_run(self, pts_us: int, rate_hz: int) -> None:
        self._resampler = None
        self._run.begin(pts_us, rate_hz, self._encoder.fed)

    def _end_run(self) -> list[Packet]:
        """Encode what a seam has kept, and break off."""
        rest = self._seam.drain() if self._seam else []
        packets = self._encoded(ready for whole in rest for ready in self._fit(whole))
        self.break_off()
        return packets

    def _fit(self, frame: AudioFrame) -> list[AudioFrame]:
        wanted = self._encoder
        frame = self._channels.fit(frame)
        frame.pts = None
        fits = (
            frame.sample_rate == wanted.rate_hz
            and frame.layout.name == wanted.layout
            and frame.format.name == SAMPLE_FORMAT
            and frame.samples == wanted.frame_samples
        )
        if fits and self._resampler is None:
            return [frame]
        if self._resampler is None:
            self._resampler = AudioResampler(
                SAMPLE_FORMAT, wanted.layout, wanted.rate_hz, frame_size=wanted.frame_samples
            )
        return self._resampler.resample(frame)

    def _encoded(self, frames: Iterable[AudioFrame]) -> list[Packet]:
        return [packet for frame in frames for packet in self._encode(frame)]

    def _encode(self, frame: AudioFrame) -> list[Packet]:
        if self.also is not None:
            self.also(frame, self._run.time_of(self._encoder.fed))
        return [Packet(self._run.time_of(sample), payload) for sample, payload in self._encoder.encode(frame)]
