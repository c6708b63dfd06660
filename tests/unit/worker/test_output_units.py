"""Output units: what is on the reel, as units for those who watch."""

from tailrace.ids import Kind
from tailrace.model.plan import AudioEncoding
from tailrace.unit import MAX_UNIT_BYTES, Codec, Unit
from tailrace.worker.output_units import OutputUnits
from tailrace.worker.reel import Message, Reel
from tests.media.encoded import pictures

(_FIRST, *_) = pictures((0, 0, 0), 0.2)
CONFIG = _FIRST.config
SOUND_CONFIG = b"\x11\x90"


class Output:
    """A reel whose messages all become units."""

    def __init__(self, *, video: bool = True, wanted: bool = True) -> None:
        self.wanted = wanted
        self.live: list[Unit] = []
        self._units = OutputUnits(session=7)
        self.reel = Reel(AudioEncoding(), video, self._take)

    def start(self) -> list[Unit]:
        return self._units.start(self.reel.opening())

    def _take(self, message: Message) -> None:
        if unit := self._units.take(message, wanted=self.wanted):
            self.live.append(unit)


def play(output: Output, begin: int, end: int) -> None:
    """Put a picture each 40 ms, every fourth a key frame, and sound beside it."""
    for number in range(begin, end):
        at = number * 40
        output.reel.video_config(at, CONFIG)
        output.reel.audio_config(at, SOUND_CONFIG)
        output.reel.picture(at, 80, number % 4 == 0, b"picture %d" % number)
        output.reel.sound(at, b"sound %d" % number)


def test_messages_become_units_with_times_and_set_up() -> None:
    output = Output()

    play(output, 0, 2)

    assert output.live == [
        Unit(Codec.H264, 7, 0, 80_000, 0, True, CONFIG, b"picture 0"),
        Unit(Codec.AAC, 7, 0, 0, 0, True, SOUND_CONFIG, b"sound 0"),
        Unit(Codec.H264, 7, 1, 120_000, 40_000, False, b"", b"picture 1"),
        Unit(Codec.AAC, 7, 1, 40_000, 40_000, True, SOUND_CONFIG, b"sound 1"),
    ]


def test_a_start_is_the_group_of_pictures_numbered_as_it_was_live() -> None:
    output = Output()

    play(output, 0, 7)

    assert output.start() == [unit for unit in output.live if unit.dts_us >= 160_000]
    assert output.start()[0].key


def test_what_nobody_wanted_is_numbered_all_the_same() -> None:
    output = Output(wanted=False)
    play(output, 0, 7)

    output.wanted = True
    play(output, 7, 8)

    assert [unit.sequence for unit in output.live] == [7, 7]
    assert [unit.sequence for unit in output.start()] == [4, 4, 5, 5, 6, 6, 7, 7]


def test_without_pictures_a_start_is_the_latest_sound() -> None:
    output = Output(video=False)
    output.reel.audio_config(0, SOUND_CONFIG)
    for number in range(60):
        output.reel.sound(number * 21, b"%d" % number)

    assert output.start() == output.live[-1:]


def test_there_is_no_start_before_anything_came() -> None:
    assert Output().start() == []


def test_a_picture_that_does_not_fit_on_the_bus_leaves_a_gap_in_the_numbers() -> None:
    units = OutputUnits(session=7)
    play_one = [Message(Kind.VIDEO, at, b"\x27\x01\0\0\0" + bytes(size), starts=False) for at, size in
                ((0, 10), (40, MAX_UNIT_BYTES), (80, 10))]  # fmt: skip

    taken = [units.take(message, wanted=True) for message in play_one]

    assert [unit and unit.sequence for unit in taken] == [0, None, 2]
