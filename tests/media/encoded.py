"""Encoded test media: pictures of one colour and sound of one tone, as units."""

import math
from fractions import Fraction

import av
import numpy as np

from tailrace.unit import Codec, Unit

FPS = 25
RATE_HZ = 48000
WIDTH, HEIGHT = 320, 180


def pictures(
    colour: tuple[int, int, int], seconds: float, *, session: int = 1, start_us: int = 0, gop: int = 25
) -> list[Unit]:
    """Return H.264 units of a picture filled with `colour` (red, green, blue), without B-frames."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS, 1)
    encoder.gop_size = gop
    encoder.flags |= 0x400000  # AV_CODEC_FLAG_GLOBAL_HEADER
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "sc_threshold": "0"}
    encoder.open()
    config = avc_config(bytes(encoder.extradata or b""))
    packets = []
    for number in range(round(seconds * FPS)):
        frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), colour, np.uint8), "rgb24").reformat(
            format="yuv420p"
        )
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [
        Unit(
            Codec.H264,
            session,
            number,
            start_us + number * 1_000_000 // FPS,
            start_us + number * 1_000_000 // FPS,
            packet.is_keyframe,
            config if packet.is_keyframe else b"",
            length_prefixed(bytes(packet)),
        )
        for number, packet in enumerate(packets)
    ]


def sound(
    hertz: float, seconds: float, *, session: int = 1, start_us: int = 0, rate: int = RATE_HZ, channels: int = 2
) -> list[Unit]:
    """Return AAC units of a tone."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "stereo" if channels == 2 else "mono", "fltp"
    encoder.bit_rate = 128_000
    encoder.open()
    units: list[Unit] = []
    for start in range(0, int(seconds * rate), 1024):
        wave = 0.5 * np.sin(2 * math.pi * hertz * np.arange(start, start + 1024) / rate)
        samples = np.repeat(wave[None, :], channels, axis=0).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "fltp", encoder.layout.name)
        frame.sample_rate = rate
        for packet in encoder.encode(frame):
            # whole milliseconds, as RTMP brings them
            at_us = start_us + len(units) * 1024 * 1000 // rate * 1000
            units.append(
                Unit(Codec.AAC, session, len(units), at_us, at_us, True, bytes(encoder.extradata or b""), bytes(packet))
            )
    return units


def interleaved(*tracks: list[Unit]) -> list[Unit]:
    """Return the units of several tracks in the order of their times."""
    return sorted((unit for track in tracks for unit in track), key=lambda unit: unit.dts_us)


def nals(annex_b: bytes) -> list[bytes]:
    """Split an Annex B stream at its start codes."""
    pieces = annex_b.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [piece for piece in pieces if piece]


def length_prefixed(annex_b: bytes) -> bytes:
    """Return an access unit with 4-byte lengths."""
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals(annex_b))


def avc_config(annex_b: bytes) -> bytes:
    """Return the AVCDecoderConfigurationRecord of SPS and PPS in Annex B form."""
    sps = next(nal for nal in nals(annex_b) if nal[0] & 31 == 7)
    pps = next(nal for nal in nals(annex_b) if nal[0] & 31 == 8)
    return (
        bytes([1, *sps[1:4], 0xFF, 0xE1])
        + len(sps).to_bytes(2, "big")
        + sps
        + bytes([1])
        + len(pps).to_bytes(2, "big")
        + pps
    )


def mean_colour(frame: av.VideoFrame) -> tuple[float, float, float]:
    """Return the mean red, green and blue of a picture."""
    red, green, blue = frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
    return float(red), float(green), float(blue)


def pitch(samples: np.ndarray, rate: int) -> float:
    """Return the frequency in hertz of the loudest tone in mono samples."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))
