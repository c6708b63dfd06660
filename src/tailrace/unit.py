"""Unit: one encoded access unit of one track, and its bytes on the bus.

H.264 payloads are length-prefixed (4-byte lengths, ISO/IEC 14496-15), AAC payloads are raw (no ADTS). `config` is the
codec's set-up: an AVCDecoderConfigurationRecord on every video key frame, an AudioSpecificConfig on every AAC unit,
so that a subscriber who joins anywhere can start at the next key frame without asking anybody.

`session` tells one publishing session of a stream from the next one: the Unix time in microseconds at which it began,
so that a later session has the higher number. `sequence` counts the units of one track of one session from 0; with
both, a subscriber joins the answer to a key-frame request to the live units without a gap and without a repeat.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from tailrace.errors import PeerError

_HEADER = struct.Struct(">BBBBQIqqH")
_VERSION = 1
_KEY = 1

# A 1920x1080 picture at 4 bits per pixel is 1 MiB; nats-server advises against messages over 8 MiB.
MAX_UNIT_BYTES = 7 * 1024 * 1024


class Codec(IntEnum):
    """Codec of a track; the value is its number on the bus."""

    H264 = 1
    AAC = 2
    VP8 = 3
    OPUS = 4

    @property
    def is_video(self) -> bool:
        """Whether this codec carries pictures."""
        return self in _PICTURES


# Looked up for each unit: `Codec(1)` and `Codec.H264` take several times as long.
_CODECS = {int(codec): codec for codec in Codec}
_PICTURES = (Codec.H264, Codec.VP8)
_HEADER_SIZE = _HEADER.size


@dataclass(slots=True)
class Unit:
    """One access unit. Times are microseconds on the publisher's clock. Treat it as immutable: it is only not frozen
    because building a frozen one costs three times as much, and a relay builds 75 each second."""

    codec: Codec
    session: int
    sequence: int
    pts_us: int
    dts_us: int
    key: bool
    config: bytes
    payload: bytes

    def encode(self) -> bytes:
        """Return the bytes for the bus."""
        return (
            _HEADER.pack(
                _VERSION,
                self.codec,
                _KEY if self.key else 0,
                0,
                self.session,
                self.sequence,
                self.pts_us,
                self.dts_us,
                len(self.config),
            )
            + self.config
            + self.payload
        )

    @classmethod
    def decode(cls, data: bytes) -> "Unit":
        """Read the bytes of `encode`. Raises PeerError if they are not a unit of this version."""
        try:
            version, codec, flags, _, session, sequence, pts, dts, config_size = _HEADER.unpack_from(data)
            if version != _VERSION:
                raise PeerError(f"unit of version {version}, expected {_VERSION}")
            body = _HEADER_SIZE + config_size
            if len(data) < body:
                raise PeerError("unit is shorter than its set-up data")
            return cls(
                _CODECS[codec], session, sequence, pts, dts, flags & _KEY != 0, data[_HEADER_SIZE:body], data[body:]
            )
        except (struct.error, KeyError) as error:
            raise PeerError("not a media unit") from error
