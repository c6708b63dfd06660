"""Audio: AAC of a publisher to the AAC that the caller asked for, one unit at a time.

Decoder and encoder are FFmpeg's. A resampler stands between them only when the rate or the channels differ: the decoder
gives planar float frames of 1024 samples, which is what the encoder takes.
"""

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from tailrace.errors import PeerError
from tailrace.media.aac_encoder import SAMPLE_FORMAT, AacEncoder, Packet
from tailrace.media.meter import Meter
from tailrace.media.sound_decoder import samples_of
from tailrace.model.plan import AudioEncoding

# A publisher's time stamps are whole milliseconds and jitter by a frame or two; more than this is a gap in its sound.
LARGEST_DRIFT_US = 100_000


class AacTranscoder:
    """Feed it AAC units in order; it gives back AAC packets of `encoding`. With a `meter` it measures the sound."""

    def __init__(self, encoding: AudioEncoding) -> None:
        self.meter: Meter | None = None
        self._encoder = AacEncoder(encoding)
        self._decoder: AudioCodecContext | None = None
        self._resampler: AudioResampler | None = None
        self._config = b""
        self._anchor_us = 0  # when sample 0 of the current run of gapless sound is heard
        self._samples_in = 0  # of this run, at the input's rate
        self._first_sample = 0  # the encoder's number of the first sample of this run
        self._input_rate_hz = 0

    @property
    def config(self) -> bytes:
        """The AudioSpecificConfig of the output."""
        return self._encoder.config

    def feed(self, config: bytes, payload: bytes, pts_us: int) -> list[Packet]:
        """Return what one unit (its AudioSpecificConfig, one raw frame, its time) completes, mostly one packet.

        Raises PeerError when the decoder does not take it; the next unit may be fed all the same.
        """
        if not payload:
            raise PeerError("AAC unit without a payload")  # to FFmpeg it would be the end of the stream
        if self._decoder is None or config != self._config:
            self._decoder = self._open(config)
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise PeerError(f"AAC frame of {len(payload)} bytes cannot be decoded: {error.strerror}") from error
        packets: list[Packet] = []
        for frame in frames:
            if self.meter is not None:
                self.meter.add(samples_of(frame))
            self._follow(pts_us, frame)
            pts_us += frame.samples * 1_000_000 // frame.sample_rate
            for ready in self._fit(frame):
                packets += self._encode(ready)
        return packets

    def break_off(self) -> None:
        """Let what is fed next be heard at its own time, however near to the end of what was before."""
        self._resampler, self._input_rate_hz = None, 0

    def silence(self, from_us: int, until_us: int) -> list[Packet]:
        """Return silence for whole frames that end before `until_us`: after all sound so far, or from `from_us` on."""
        encoder = self._encoder
        if not encoder.fed:
            self._anchor_us = from_us
        self.break_off()
        packets: list[Packet] = []
        while self._time_of(encoder.fed + encoder.frame_samples) <= until_us:
            packets += self._encode(encoder.silence())
        return packets

    def _open(self, config: bytes) -> AudioCodecContext:
        decoder = av.CodecContext.create("aac", "r")
        decoder.extradata = config
        self._config, self._resampler, self._input_rate_hz = config, None, 0
        return decoder

    def _follow(self, pts_us: int, frame: AudioFrame) -> None:
        """Begin a new run of gapless sound when the input's clock has left the count of its samples."""
        if self._input_rate_hz == frame.sample_rate:
            expected_us = self._anchor_us + self._samples_in * 1_000_000 // self._input_rate_hz
            if abs(pts_us - expected_us) <= LARGEST_DRIFT_US:
                self._samples_in += frame.samples
                return
        self._resampler = None
        self._input_rate_hz = frame.sample_rate
        self._anchor_us, self._samples_in, self._first_sample = pts_us, frame.samples, self._encoder.fed

    def _fit(self, frame: AudioFrame) -> list[AudioFrame]:
        wanted = self._encoder
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

    def _encode(self, frame: AudioFrame) -> list[Packet]:
        return [Packet(self._time_of(sample), payload) for sample, payload in self._encoder.encode(frame)]

    def _time_of(self, sample: int) -> int:
        return self._anchor_us + (sample - self._first_sample) * 1_000_000 // self._encoder.rate_hz
