"""People: sixteen test participants, each with a colour, a moving code, flashes, and a tone or beeps of an own pitch.

A person's picture is filled with the person's colour. On it stand the picture's number as a code, and below it a field
that is black, and white for FLASH_SECONDS from each whole second on. The sound is silent but for a beep with each
flash, or a steady tone. All of it goes round after `seconds`, without a seam.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tailrace.ingest.intake import Intake
from tailrace.media.canvas import Canvas, colour_of, planes_of
from tailrace.unit import Unit
from tailrace.wire import flv
from tests.media import code

RATE_HZ = 48000
FLASH_SECONDS = 0.2
# One frame of AAC; 8 s are exactly 375 of them.
_AAC = 1024
# What is encoded before the part that is kept, so that it begins in the middle of the sound.
_LEAD_IN = 8 * _AAC
# A beep rises and falls as half a cosine of this length: a sudden one would be heard at the pitches of others.
_RAMP_SECONDS = 0.006

# As far apart in Y, U, V as sixteen colours that are clearly no grey can be: 60 steps and more (luma counts 0.6).
COLOURS = (
    0xA5F000,
    0xFF00FF,
    0x0096FF,
    0xFF3C00,
    0x00FF78,
    0xE196FF,
    0x3C0FFF,
    0x0F6900,
    0xFFC378,
    0x870F4B,
    0x78F0F0,
    0x002D87,
    0x00FFFF,
    0x2DFF00,
    0x874B00,
    0xFF004B,
)
# Below 3.4 kHz, so that they are heard at 8 kHz too; none is a multiple of another one, as distortion makes those.
TONES_HZ = tuple(397 + 187 * index for index in range(len(COLOURS)))

# Where code and flash stand in the picture; the colour is left around and between them.
CODE = code.Place(0.1, 0.12, 0.8, 0.4)
FLASH = code.Place(0.1, 0.62, 0.8, 0.26)


class Sound(Enum):
    """What a person is heard doing."""

    BEEPS = auto()
    TONE = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Person:
    """One participant. `level` is the amplitude of the tone; all sixteen together stay below full scale."""

    index: int
    width: int = 640
    height: int = 360
    fps: int = 25
    seconds: int = 8
    video: bool = True
    sound: Sound = Sound.BEEPS
    level: float = 0.05
    kbps: int = 600

    @property
    def user(self) -> str:
        """The user id."""
        return f"person{self.index}"

    @property
    def colour(self) -> int:
        """0xRRGGBB."""
        return COLOURS[self.index]

    @property
    def hertz(self) -> int:
        """The pitch of the tone or the beeps."""
        return TONES_HZ[self.index]

    def picture(self, number: int) -> av.VideoFrame:
        """Draw the picture of that number."""
        canvas = Canvas(self.width, self.height).fill(colour_of(self.colour), 0, 0, self.width, self.height)
        planes = planes_of(canvas.frame)
        for place in (CODE, FLASH):
            for half in (1, 2):
                rows, columns = _rectangle(place, self.width // 2, self.height // 2)
                planes[half][rows, columns] = 128
        code.draw(planes[0], number, CODE)
        rows, columns = _rectangle(FLASH, self.width, self.height)
        planes[0][rows, columns] = code.WHITE if number % self.fps < FLASH_SECONDS * self.fps else code.BLACK
        return canvas.frame

    def wave(self, first: int, count: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
        """Return samples of the endless sound at RATE_HZ."""
        at = np.arange(first, first + count) / RATE_HZ
        wave = self.level * np.sin(2 * np.pi * self.hertz * at)
        if self.sound is Sound.BEEPS:
            # Half way up at the whole second, half way down FLASH_SECONDS later.
            away = np.abs((at - FLASH_SECONDS / 2 + 0.5) % 1.0 - 0.5) - FLASH_SECONDS / 2
            wave *= 0.5 - 0.5 * np.sin(np.pi * np.clip(away / _RAMP_SECONDS, -0.5, 0.5))
        elif self.sound is Sound.NONE:
            wave *= 0
        return wave.astype(np.float32)


def film(person: Person, folder: Path) -> Path:
    """Return the FLV of a person, with a key frame each second and no B-frames; made at the first call."""
    name = "-".join(str(getattr(person, field)) for field in person.__slots__)
    file = folder / f"{name}.flv"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        with av.open(str(unfinished), "w", format="flv") as out:
            tracks = [
                *([_pictures(out, person)] if person.video else []),
                *([_sound(out, person)] if person.sound is not Sound.NONE else []),
            ]
            for packet in sorted((p for t in tracks for p in t), key=lambda p: (p.dts or 0) * (p.time_base or 0)):
                out.mux(packet)
        unfinished.rename(file)
    return file


def units(file: Path, *, session: int = 1, start_us: int = 0, rounds: int = 1) -> list[Unit]:
    """Return what a room would make of the film, played `rounds` times, from `start_us` on."""
    tags = [tag for tag in flv.Reader().receive(file.read_bytes()) if tag.type is not flv.TagType.SCRIPT]
    intake = Intake(session)
    taken: list[Unit] = []
    for number in range(rounds):
        for tag in tags:
            at = start_us // 1000 + tag.timestamp_ms + number * lasts_ms(tags)
            unit = (intake.video if tag.type is flv.TagType.VIDEO else intake.audio)(at, tag.body)
            if unit is not None:
                taken.append(unit)
    return taken


def lasts_ms(tags: list[flv.Tag]) -> int:
    """Return how long a film lasts: films are of whole seconds."""
    return -(-max(tag.timestamp_ms for tag in tags) // 1000) * 1000


def _rectangle(place: code.Place, width: int, height: int) -> tuple[slice, slice]:
    top, left = round(place.top * height), round(place.left * width)
    return (
        slice(top, top + round(place.height * height)),
        slice(left, left + round(place.width * width)),
    )


def _pictures(out: av.container.OutputContainer, person: Person) -> "list[av.Packet[Any]]":
    stream = out.add_stream("libx264", rate=person.fps)
    stream.width, stream.height, stream.pix_fmt = person.width, person.height, "yuv420p"
    stream.time_base = Fraction(1, person.fps)
    context = stream.codec_context
    context.gop_size, context.bit_rate = person.fps, person.kbps * 1000
    # Tagged as what they are: BT.709, limited range.
    context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 1
    stream.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "sc_threshold": "0"}
    packets: list[av.Packet[Any]] = []
    for number in range(person.seconds * person.fps):
        frame = person.picture(number)
        frame.pts = number
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _sound(out: av.container.OutputContainer, person: Person) -> "list[av.Packet[Any]]":
    stream = out.add_stream("aac", rate=RATE_HZ)
    stream.layout, stream.bit_rate, stream.time_base = "stereo", 128_000, Fraction(1, RATE_HZ)
    count = person.seconds * RATE_HZ
    packets: list[av.Packet[Any]] = []
    for start in range(-_LEAD_IN, count + 4 * _AAC, _AAC):
        frame = av.AudioFrame.from_ndarray(np.tile(person.wave(start, _AAC), (2, 1)), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start + _LEAD_IN, Fraction(1, RATE_HZ)
        packets += stream.encode(frame)
    kept = []
    for packet in packets:
        packet.pts = packet.dts = (packet.pts or 0) - _LEAD_IN
        if 0 <= packet.pts < count:
            kept.append(packet)
    return kept
