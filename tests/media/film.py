"""A film whose pictures and sound say when they are due: a code in each picture, a flash and a beep each second."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 25
RATE_HZ = 48000
WIDTH, HEIGHT = 320, 180
# 8 s are 200 pictures and exactly 375 frames of AAC, so the film can be looped without a hole in its sound.
SECONDS = 8
FLASH_PICTURES = 3
BEEP_SECONDS = FLASH_PICTURES / FPS
# The number of a picture in black and white blocks along its top edge, lowest bit first.
BITS = 8
BLOCK = 32

Colour = tuple[int, int, int]
RED: Colour = (200, 30, 30)
GREEN: Colour = (30, 160, 40)
BLUE: Colour = (30, 40, 190)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one decoded picture shows. `colour` is the mean of the lower part, where nothing flashes."""

    number: int
    flash: bool
    colour: Colour

    def looks(self, colour: Colour) -> bool:
        """Whether the picture has this colour; the encoder moves each part by a few steps."""
        return all(abs(here - wanted) < 25 for here, wanted in zip(self.colour, colour, strict=True))


def make_film(file: Path, colour: Colour, hertz: float, *, video: bool = True, audio: bool = True) -> Path:
    """Write SECONDS of film as FLV, with a key frame each second and no B-frames."""
    with av.open(str(file), "w", format="flv") as out:
        tracks: list[list[av.Packet[Any]]] = []
        if video:
            tracks.append(_pictures(out, colour))
        if audio:
            tracks.append(_sound(out, hertz))
        for packet in sorted((p for track in tracks for p in track), key=lambda p: (p.dts or 0) * (p.time_base or 0)):
            out.mux(packet)
    return file


def see(picture: av.VideoFrame) -> Seen:
    """Read what a decoded picture shows."""
    image = picture.to_ndarray(format="rgb24")
    middle = range(BLOCK // 2, BITS * BLOCK, BLOCK)
    bits = [image[BLOCK // 4 : BLOCK * 3 // 4, x - 8 : x + 8].mean() > 128 for x in middle]
    red, green, blue = image[HEIGHT * 2 // 3 :].reshape(-1, 3).mean(axis=0)
    return Seen(
        number=sum(bit << at for at, bit in enumerate(bits)),
        flash=bool(image[BLOCK + 16 : HEIGHT // 2].mean() > 220),
        colour=(round(red), round(green), round(blue)),
    )


def _pictures(out: av.container.OutputContainer, colour: Colour) -> "list[av.Packet[Any]]":
    stream = out.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.time_base = Fraction(1, FPS)
    stream.codec_context.gop_size = FPS
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "sc_threshold": "0"}
    packets: list[av.Packet[Any]] = []
    for number in range(SECONDS * FPS):
        image = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
        image[:BLOCK] = 0
        for bit in range(BITS):
            image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 * (number >> bit & 1)
        image[BLOCK : HEIGHT // 2 + 8] = 255 if number % FPS < FLASH_PICTURES else 0
        frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _sound(out: av.container.OutputContainer, hertz: float) -> "list[av.Packet[Any]]":
    stream = out.add_stream("aac", rate=RATE_HZ)
    stream.layout = "stereo"
    stream.bit_rate = 96_000
    at = np.arange(SECONDS * RATE_HZ)
    beeping = at % RATE_HZ < BEEP_SECONDS * RATE_HZ
    wave = (0.5 * np.sin(2 * np.pi * hertz * at / RATE_HZ) * beeping).astype(np.float32)
    packets: list[av.Packet[Any]] = []
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(np.tile(wave[start : start + 1024], (2, 1)), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    # The encoder's lead-in lies before 0. FLV has no word for that and would move everything behind it.
    return [packet for packet in packets if packet.pts is not None and packet.pts >= 0]
