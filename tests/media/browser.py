"""What browsers publish, as units: Opus and VP8, with the times that a receiver of RTP gives them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from tailrace.unit import Codec, Unit
from tests.media.encoded import avc_config, interleaved, length_prefixed
from tests.media.people import Person, Sound

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


def video(
    codec: Codec,
    pictures: Iterable[av.VideoFrame],
    *,
    session: int = 1,
    start_us: int = 0,
    fps: int = FPS,
    group: int = 2 * FPS,
    kbps: int = 800,
) -> list[Unit]:
    """Return H.264 or VP8 units of pictures; where their size changes there is a key frame, as in browsers' streams."""
    encoder: av.VideoCodecContext | None = None
    units: list[Unit] = []
    since = 0
    for number, picture in enumerate(pictures):
        if encoder is None or (encoder.width, encoder.height) != (picture.width, picture.height):
            encoder, since = _encoder(codec, picture.width, picture.height, fps, kbps), 0
        picture.pts, picture.time_base = number, Fraction(1, fps)
        picture.pict_type = PictureType.I if since % group == 0 else PictureType.NONE
        since += 1
        for packet in encoder.encode(picture):
            at_us = start_us + number * 1_000_000 // fps
            h264 = codec is Codec.H264
            config = avc_config(bytes(encoder.extradata or b"")) if h264 and packet.is_keyframe else b""
            payload = length_prefixed(bytes(packet)) if h264 else bytes(packet)
            units.append(Unit(codec, session, len(units), at_us, at_us, packet.is_keyframe, config, payload))
    return units


def person_in_browser(
    person: Person, seconds: float, codec: Codec = Codec.VP8, *, start_us: int = 0, half: bool = False, **sound: Any
) -> list[Unit]:
    """Return a person's pictures, and sound as Opus, in the order of their times.

    `half`: from the middle on the pictures have half the size.
    """
    count = round(seconds * person.fps)
    small = replace(person, width=person.width // 2, height=person.height // 2)
    pictures = ((small if half and at >= count // 2 else person).picture(at) for at in range(count))
    shown = video(codec, pictures, start_us=start_us, fps=person.fps, group=2 * person.fps, kbps=person.kbps)
    heard = opus(person.wave, seconds, start_us=start_us, **sound) if person.sound is not Sound.NONE else []
    return interleaved(shown, heard)


def plain(colour: tuple[int, int, int], seconds: float, size: tuple[int, int] = (320, 180)) -> list[av.VideoFrame]:
    """Return pictures of one colour (red, green, blue), as browsers encode it: BT.601, limited range."""
    image = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), colour, np.uint8), "rgb24")
    return [image.reformat(format="yuv420p", dst_colorspace="ITU601") for _ in range(round(seconds * FPS))]


def _encoder(codec: Codec, width: int, height: int, fps: int, kbps: int) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264" if codec is Codec.H264 else "libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.bit_rate = Fraction(1, fps), Fraction(fps), kbps * 1000
    encoder.thread_count, encoder.gop_size = 1, 1_000_000
    if codec is Codec.H264:
        encoder.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"}
    else:
        encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    encoder.open()
    return encoder
