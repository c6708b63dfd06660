"""Sound decoder: AAC or Opus units of one publisher to float samples in the rate and the channels of a mix."""

from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from tailrace.errors import PeerError
from tailrace.media.aac_encoder import LAYOUTS, SAMPLE_FORMAT
from tailrace.media.open_decoder import open_decoder
from tailrace.unit import Codec

Samples = NDArray[np.float32]  # of shape (channels, samples), full scale is 1.0

# A coder overshoots full scale by a few dB; what is far louder was never sound, and would mute all the others.
_LOUDEST = 2.0
# The highest bit of the exponent (IEEE 754): set from 2.0 on, and for what is no number. To or all samples together and
# look at it takes a quarter of the time of looking for the loudest one, as long as they are one row.
_LOUD_BIT = 0x40000000


def samples_of(frame: AudioFrame) -> Samples:
    """Return the samples of a planar float frame."""
    count = frame.samples
    # A plane has the buffer protocol, which its type does not say.
    return np.array([np.frombuffer(cast(memoryview, plane), np.float32, count) for plane in frame.planes])


class SoundDecoder:
    """Feed it the units of one stream in order."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._rate_hz, self._channels = sample_rate_hz, channels
        self._decoder: AudioCodecContext | None = None
        self._set_up: tuple[Codec, bytes] | None = None
        self._resampler: AudioResampler | None = None
        self._form: tuple[int, str, str] | None = None  # rate, layout and format of what is decoded

    def decode(self, codec: Codec, config: bytes, payload: bytes) -> Samples:
        """Return the samples that a unit completes, none or many; a resampler holds up to 2 ms of them back.

        `config` is an AudioSpecificConfig, or an OpusHead or nothing. Raises PeerError when the unit cannot be
        decoded; the next one may be fed all the same.
        """
        if not payload:
            raise PeerError(f"{codec.name} unit without a payload")  # to FFmpeg it would be the end of the stream
        if self._decoder is None or self._set_up != (codec, config):
            self._decoder = open_decoder(codec, config)
            self._set_up, self._form = (codec, config), None
        parts: list[Samples] = []
        try:
            for frame in self._decoder.decode(av.Packet(payload)):
                self._adapt(frame)
                parts += self._fit(frame)
        except av.FFmpegError as error:
            raise PeerError(f"{codec.name} unit of {len(payload)} bytes cannot be decoded: {error.strerror}") from error
        return self._checked(parts)

    def _adapt(self, frame: AudioFrame) -> None:
        form = frame.sample_rate, frame.layout.name, frame.format.name
        if form == self._form:
            return
        self._form = form
        # Mono and stereo are made of each other in _fold: swresample would make mono quieter by 3 dB.
        layout = frame.layout.name if frame.layout.name in LAYOUTS.values() else LAYOUTS[2]
        fits = form == (self._rate_hz, layout, SAMPLE_FORMAT)
        self._resampler = None if fits else AudioResampler(SAMPLE_FORMAT, layout, self._rate_hz)

    def _fit(self, frame: AudioFrame) -> list[Samples]:
        if self._resampler is None:
            return [self._fold(frame)]
        frame.pts = None
        return [self._fold(part) for part in self._resampler.resample(frame)]

    def _fold(self, frame: AudioFrame) -> Samples:
        """Mono and stereo are made of each other without a change of level."""
        samples = samples_of(frame)
        if len(samples) == self._channels:
            return samples
        if len(samples) > self._channels:
            samples = (samples[:1] + samples[1:]) * np.float32(0.5)
        return samples.repeat(self._channels // len(samples), axis=0)

    def _checked(self, parts: list[Samples]) -> Samples:
        if not parts:
            return np.zeros((self._channels, 0), np.float32)
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if np.bitwise_or.reduce(samples.ravel().view(np.uint32)) & _LOUD_BIT:
            if np.isnan(samples).any():
                raise PeerError("sound with samples that are no numbers")
            np.clip(samples, -_LOUDEST, _LOUDEST, out=samples)
        return samples
