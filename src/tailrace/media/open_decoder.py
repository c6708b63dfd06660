"""Open decoder: FFmpeg's decoder of a publisher's sound."""

import struct
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext

from tailrace.errors import PeerError
from tailrace.unit import Codec

_PRE_SKIP = slice(10, 12)


def open_decoder(codec: Codec, config: bytes, channels: int = 2) -> AudioCodecContext:
    """Return a decoder of planar floats. `config` is an AudioSpecificConfig, or an OpusHead or nothing.

    Of Opus without one it makes `channels`, of either count, without a change of level. Raises PeerError for pictures.
    """
    match codec:
        case Codec.AAC:
            name = "aac"
        case Codec.OPUS:
            # RFC 7845 section 5.1: version 1, channels, pre-skip 0, 48 kHz, gain 0, mapping family 0.
            head = bytearray(config or struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, 48_000, 0, 0))
            # Nothing is skipped: who joins a call comes in the middle of it, and times are those of the first sample.
            head[_PRE_SKIP] = b"\0\0"
            name, config = "opus", bytes(head)
        case _:
            raise PeerError(f"{codec.name} is no sound")
    decoder = cast(AudioCodecContext, av.CodecContext.create(name, "r"))
    decoder.extradata = config
    return decoder
