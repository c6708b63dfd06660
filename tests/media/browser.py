"""What browsers publish, as units: Opus and VP8, with the times that a receiver of RTP gives them."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np

from tailrace.unit import Codec, Unit

RATE_HZ = 48000
FPS = 30

Wave = Callable[[int, int], "np.ndarray[Any, np.dtype[Any]]"]
"""Returns so many mono samples from a number on."""


def tone(hertz: float, level: float = 0.5) -> Wave:
    """Return an endless sine."""
    return lambda first, count: level * np.sin(2 * np.pi * hertz * np.arange(first, first + count) / RATE_HZ)


def opus(
    wave: Wave,
    seconds: float,
    *,
    session: int = 1,
    start_us: int = 0,
    packet_ms: int = 20,
    channels: int = 2,
    lost: Iterable[int] = (),
    ppm: float = 0.0,
    **options: str,
) -> list[Unit]:
    """Return Opus units. The packets with the numbers `lost` are left out; `ppm` is how fast the sound card runs.

    `options` are libopus's, such as `dtx` and `fec`.
    """
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "stereo" if channels == 2 else "mono", "flt"
    encoder.bit_rate, encoder.time_base = 32_000 * channels, Fraction(1, RATE_HZ)
    encoder.options = {"frame_duration": str(packet_ms), **options}
    encoder.open()
    samples = packet_ms * RATE_HZ // 1000
    lost = set(lost)
    units: list[Unit] = []
    for number in range(round(seconds * 1000 / packet_ms)):
        mono = wave(number * samples, samples).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.repeat(mono, channels)[None], "flt", encoder.layout.name)
        frame.sample_rate, frame.pts = RATE_HZ, number * samples
        for packet in encoder.encode(frame):
            # One packet for each frame; the encoder's look-ahead, 6.5 ms, is nobody's time.
            at_us = start_us + round(number * packet_ms * 1000 / (1 + ppm / 1e6))
            if number not in lost:
                units.append(Unit(Codec.OPUS, session, len(units), at_us, at_us, True, b"", bytes(packet)))
    return units


def vp8(
    pictures: Iterable[av.VideoFrame],
    *,
    session: int = 1,
    sequence: int = 0,
    start_us: int = 0,
    fps: int = FPS,
    group: int = 2 * FPS,
    kbps: int = 800,
) -> list[Unit]:
    """Return VP8 units of pictures, which begin a key frame where their size changes, as browsers' do."""
    encoder: av.VideoCodecContext | None = None
    units: list[Unit] = []
    since = 0
    for number, picture in enumerate(pictures):
        if encoder is None or (encoder.width, encoder.height) != (picture.width, picture.height):
            encoder, since = _vp8_encoder(picture.width, picture.height, fps, kbps), 0
        picture.pts, picture.time_base = number, Fraction(1, fps)
        picture.pict_type = av.video.frame.PictureType.I if since % group == 0 else av.video.frame.PictureType.NONE
        since += 1
        for packet in encoder.encode(picture):
            at_us = start_us + number * 1_000_000 // fps
            count = sequence + len(units)
            units.append(Unit(Codec.VP8, session, count, at_us, at_us, packet.is_keyframe, b"", bytes(packet)))
    return units


def plain(colour: tuple[int, int, int], seconds: float, size: tuple[int, int] = (320, 180)) -> list[av.VideoFrame]:
    """Return pictures of one colour (red, green, blue), as browsers encode it: BT.601, limited range."""
    image = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), colour, np.uint8), "rgb24")
    return [image.reformat(format="yuv420p", dst_colorspace="ITU601") for _ in range(round(seconds * FPS))]


def _vp8_encoder(width: int, height: int, fps: int, kbps: int) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.bit_rate = Fraction(1, fps), Fraction(fps), kbps * 1000
    encoder.thread_count, encoder.gop_size = 1, 1_000_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    encoder.open()
    return encoder
