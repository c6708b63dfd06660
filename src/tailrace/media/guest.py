"""Guest: the sixteen generated people of the demo, each with a name, a colour and a tone that tell them apart.

What makes them (media/films.py) and what finds them in a mix (media/comparison.py) both read this.
"""

from dataclasses import dataclass
from typing import Final

# Amplitude of each tone: sixteen together are 0.8 of full scale, so that no limiter has to work.
LEVEL: Final = 0.05
# After this everything about a guest begins again: 24 pictures, 75 frames of AAC, and whole waves of every tone.
ROUND_MS: Final = 1600
# Dark, so that white letters can be read on it and every guest's colour stands out from it.
CANVAS: Final = 0x14181F
# The ground of the demo's watermark: no guest has it.
MARK: Final = 0x008C95
# At least 50 steps apart in Y, U, V from each other and from CANVAS, MARK, black and white: half of that may be
# lost in encoding without one being taken for another. A test keeps them so; the first four are the friendliest.
_COLOURS: Final = (
    0x6565EC,
    0xE3931C,
    0x18BF4A,
    0xE3301C,
    0x65DEEC,
    0xEF80EF,
    0x764D0F,
    0xECEC65,
    0x1C1CE3,
    0x80E31C,
    0xE31CE3,
    0xE17070,
    0x176D28,
    0xD1BD9F,
    0x822B79,
    0x729A13,
)
# Pentatonic, so that any of them sound well together; rounded to 20 Hz, so that a round has whole waves of each.
_TONES_HZ: Final = (260, 300, 340, 400, 440, 520, 580, 660, 780, 880, 1040, 1180, 1320, 1560, 1760, 2080)
_NAMES: Final = (
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gia",
    "Hugo",
    "Iris",
    "Jan",
    "Kim",
    "Leo",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
)


@dataclass(frozen=True, slots=True)
class Guest:
    """One of them; `number` counts from 1, `colour` is 0xRRGGBB."""

    number: int
    name: str
    colour: int
    tone_hz: int


GUESTS: Final = tuple(
    Guest(number, name, colour, tone_hz)
    for number, (name, colour, tone_hz) in enumerate(zip(_NAMES, _COLOURS, _TONES_HZ, strict=True), 1)
)
