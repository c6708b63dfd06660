"""AAC set-up data: AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) <-> values."""

from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.wire.bits import BitReader

LC = 2
SBR = 5
PS = 29
_ESCAPE = 31
_EXPLICIT_RATE = 15

RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}
# AAC is specified up to 96 kHz; a decoder is the next to read this number.
_MAX_RATE_HZ = 96000
# Object types with a GASpecificConfig whose raw frames a decoder plays by itself: Main, LC, SSR, LTP.
_GENERAL_AUDIO = (1, LC, 3, 4)


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """What a decoder must know of an AAC track.

    `object_type` and `rate_hz` are of the AAC core; `output_rate_hz` is higher when `sbr` (spectral band replication)
    is signalled explicitly. `ps` (parametric stereo) makes two channels of one. `frame_samples` counts core samples
    per channel.
    """

    object_type: int = LC
    rate_hz: int = 48000
    channels: int = 2
    sbr: bool = False
    ps: bool = False
    output_rate_hz: int = 0
    frame_samples: int = 1024

    @property
    def playback_rate_hz(self) -> int:
        """Sample rate of the decoded sound."""
        return self.output_rate_hz or self.rate_hz

    @property
    def codec_string(self) -> str:
        """The codec's name as RFC 6381 writes it, such as `mp4a.40.2`."""
        return f"mp4a.40.{PS if self.ps else SBR if self.sbr else self.object_type}"

    def encode(self) -> bytes:
        """Return the AudioSpecificConfig; explicit signalling when `sbr`. Raises ValueError if it cannot be written."""
        bits = ""
        if self.sbr:
            bits += f"{PS if self.ps else SBR:05b}{_rate_bits(self.rate_hz)}{self._channel_bits()}"
            bits += f"{_rate_bits(self.playback_rate_hz)}{self.object_type:05b}"
        else:
            bits += f"{self.object_type:05b}{_rate_bits(self.rate_hz)}{self._channel_bits()}"
        bits += f"{int(self.frame_samples == 960)}00"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")

    def _channel_bits(self) -> str:
        for code, channels in _CHANNELS.items():
            if channels == self.channels:
                return f"{code:04b}"
        raise ValueError(f"AAC has no channel configuration for {self.channels} channels")


def parse_config(data: bytes) -> AudioConfig:
    """Read an AudioSpecificConfig. Raises PeerError when it is cut short, out of range, or not plain AAC."""
    reader = BitReader(data, "AudioSpecificConfig")
    object_type = _object_type(reader)
    rate_hz = _rate(reader)
    channel_code = reader.bits(4)
    sbr = object_type in (SBR, PS)
    ps = object_type == PS
    output_rate_hz = 0
    if sbr:
        output_rate_hz = _rate(reader)
        object_type = _object_type(reader)
    if object_type not in _GENERAL_AUDIO:
        raise PeerError(f"AAC object type {object_type} is not supported; use AAC-LC or HE-AAC")
    if channel_code not in _CHANNELS:
        raise PeerError(f"AAC channel configuration {channel_code} is not supported; use mono or stereo")
    frame_samples = 960 if reader.flag() else 1024
    return AudioConfig(object_type, rate_hz, _CHANNELS[channel_code], sbr, ps, output_rate_hz, frame_samples)


def _object_type(reader: BitReader) -> int:
    object_type = reader.bits(5)
    return 32 + reader.bits(6) if object_type == _ESCAPE else object_type


def _rate(reader: BitReader) -> int:
    index = reader.bits(4)
    rate_hz = reader.bits(24) if index == _EXPLICIT_RATE else RATES_HZ[index] if index < len(RATES_HZ) else 0
    if not 0 < rate_hz <= _MAX_RATE_HZ:
        raise PeerError(f"AAC sample rate (index {index}, {rate_hz} Hz) is out of range")
    return rate_hz


def _rate_bits(rate_hz: int) -> str:
    if rate_hz in RATES_HZ:
        return f"{RATES_HZ.index(rate_hz):04b}"
    return f"{_EXPLICIT_RATE:04b}{rate_hz:024b}"
