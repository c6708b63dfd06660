"""Opus: AAC of a stream to the Opus that browsers play, one unit at a time and with little delay.

Decoder and encoder are FFmpeg's. Browsers take Opus of 48 kHz with two channels only (RFC 7587 section 7).
"""

from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from tailrace.errors import PeerError
from tailrace.media.channels import Channels
from tailrace.media.gapless import GaplessRun
from tailrace.media.open_decoder import open_decoder
from tailrace.unit import Codec

RATE_HZ = 48_000
# 20 ms: what browsers send themselves. Shorter packets save a few milliseconds and cost twice as many headers.
FRAME_SAMPLES = 960
# libopus's authors call stereo of 96 to 128 kbit/s transparent; sound here has been AAC before.
BIT_RATE = 96_000
# 2.5 ms of look-ahead instead of 6.5 ms, by leaving out the codec for speech, which these rates do not use anyway.
_APPLICATION = "lowdelay"
# libopus's scale from 0 to 10. At 96 kbit/s 5 sounds like 10 and takes half of its time.
_COMPLEXITY = "5"
# What lies further from the count of samples is a gap in the sound: time stamps of RTMP jitter by a frame or two.
LARGEST_DRIFT_US = 60_000
# Where times are counted in samples themselves, they are off by roundings only.
COUNTED_US = 1_000
_FORMAT, _LAYOUT = "flt", "stereo"


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """20 ms of sound, and when they are heard, in microseconds."""

    pts_us: int
    payload: bytes


class OpusEncoder:
    """Feed it frames of sound in order. A gap in them is a gap in what comes out: nothing is put into it.

    `largest_drift_us`: sound whose time is further than this from the count of samples begins at its own time.
    """

    def __init__(self, largest_drift_us: int = LARGEST_DRIFT_US) -> None:
        self._encoder = _open()
        self._channels = Channels(_LAYOUT)
        self._resampler: AudioResampler | None = None
        self._form = ("", "")  # layout and format that the resampler takes, and no other
        self._fed = 0  # samples that the encoder was given
        self._run = GaplessRun(RATE_HZ, largest_drift_us)

    def encode(self, frame: AudioFrame, at_us: int) -> list[OpusPacket]:
        """Return what a frame, heard from `at_us` on, completes: mostly one packet or none."""
        frame = self._channels.fit(frame)
        resampler = self._follow(at_us, frame)
        frame.pts = None
        packets = []
        for ready in resampler.resample(frame):
            ready.pts, ready.time_base = self._fed, Fraction(1, RATE_HZ)
            self._fed += ready.samples
            # The number of a packet is that of its first sample, less what the encoder looks ahead.
            packets += [
                OpusPacket(self._run.time_of(packet.pts or 0), bytes(packet)) for packet in self._encoder.encode(ready)
            ]
        return packets

    def _follow(self, at_us: int, frame: AudioFrame) -> AudioResampler:
        """Begin a new run of gapless sound when the input's clock has left the count of its samples, or its form."""
        form = frame.layout.name, frame.format.name
        if self._resampler is None or self._form != form or not self._run.goes_on(at_us, frame.sample_rate):
            # What is left of the last run, less than a packet, is given up: it was to be heard before the gap.
            self._resampler = AudioResampler(_FORMAT, _LAYOUT, RATE_HZ, frame_size=FRAME_SAMPLES)
            self._form = form
            self._run.begin(at_us, frame.sample_rate, self._fed)
        self._run.count(frame.samples)
        return self._resampler


class OpusTranscoder:
    """Feed it AAC units in order. A gap in them is a gap in what comes out: nothing is put into it."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder()
        self._decoder: AudioCodecContext | None = None
        self._config = b""

    def feed(self, config: bytes, payload: bytes, pts_us: int) -> list[OpusPacket]:
        """Return what one unit (its AudioSpecificConfig, one raw frame, its time) completes: mostly one packet.

        Raises PeerError when the decoder does not take it; the next unit may be fed all the same.
        """
        if not payload:
            raise PeerError("AAC unit without a payload")  # to FFmpeg it would be the end of the stream
        packets: list[OpusPacket] = []
        try:
            if self._decoder is None or config != self._config:
                self._decoder, self._config = open_decoder(Codec.AAC, config), config
            frames = self._decoder.decode(av.Packet(payload))
        except av.FFmpegError as error:
            raise PeerError(f"AAC frame of {len(payload)} bytes cannot be decoded: {error.strerror}") from error
        for frame in frames:
            lasts_us = frame.samples * 1_000_000 // frame.sample_rate
            packets += self._encoder.encode(frame, pts_us)
            pts_us += lasts_us
        return packets


def _open() -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, _LAYOUT, _FORMAT
    encoder.bit_rate, encoder.time_base = BIT_RATE, Fraction(1, RATE_HZ)
    encoder.options = {"application": _APPLICATION, "compression_level": _COMPLEXITY, "frame_duration": "20"}
    encoder.open()
    return encoder
