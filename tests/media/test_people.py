"""The test people and what judges them, on each other: pictures and sound that are made up, scaled and encoded."""

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest

from tailrace.media.canvas import Canvas, Patch, colour_of, planes_of
from tailrace.unit import Codec
from tests.media import code
from tests.media.people import COLOURS, FLASH_SECONDS, RATE_HZ, TONES_HZ, Person, Sound, film, units
from tests.media.tones import beeps, levels
from tests.media.windows import Said, Window, said_in, shows_colour, who_is_at, windows_found

GREY = 0x808080


def mixed(size: tuple[int, int], windows: list[Window], number: int, fps: int = 25) -> Canvas:
    """Lay people onto a grey canvas, scaled as a mixer would."""
    canvas = Canvas(*size).fill(colour_of(GREY), 0, 0, *size)
    for window in windows:
        picture = Person(window.person, fps=fps).picture(number)
        scaled = picture.reformat(window.width, window.height, "yuv420p", interpolation="AREA", threads=1)
        canvas.lay(Patch(*planes_of(scaled)), window.x, window.y)
    return canvas


def through_x264(picture: av.VideoFrame, kbps: int = 300) -> av.VideoFrame:
    """Encode one picture with few bits, and decode it."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuv420p"
    encoder.time_base = encoder_rate = Fraction(1, 25)
    encoder.framerate, encoder.bit_rate = 1 / encoder_rate, kbps * 1000
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "maxrate": f"{kbps}k", "bufsize": f"{kbps}k"}
    picture.pts, picture.time_base = 0, encoder_rate
    packets = [*encoder.encode(picture), *encoder.encode(None)]
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    return frames[0]


def grid(columns: int, width: int, height: int) -> list[Window]:
    return [Window(n, n % columns * width, n // columns * height, width, height) for n in range(columns**2)]


@pytest.mark.parametrize("number", [0, 1, 255, 2730, code.LIMIT - 1])
def test_a_code_is_read_after_it_was_drawn(number: int) -> None:
    luma = np.full((90, 160), 60, np.uint8)

    code.draw(luma, number, code.CORNER)

    assert code.read(luma, code.CORNER) == number


@pytest.mark.parametrize("level", [16, 128, 235])
def test_a_plain_picture_has_no_code(level: int) -> None:
    assert code.read(np.full((90, 160), level, np.uint8), code.CORNER) is None


def test_two_codes_blended_are_none() -> None:
    one, other = (np.full((90, 160), 60, np.uint8) for _ in range(2))
    code.draw(one, 1234, code.CORNER)
    code.draw(other, 1235, code.CORNER)

    assert code.read(((one.astype(int) + other) // 2).astype(np.uint8), code.CORNER) is None


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="4096 does not fit"):
        code.draw(np.zeros((90, 160), np.uint8), code.LIMIT, code.CORNER)


def test_no_two_colours_and_no_two_tones_are_alike() -> None:
    for one, other in combinations([colour_of(rgb) for rgb in COLOURS], 2):
        assert np.hypot(np.hypot(one[1] - other[1], one[2] - other[2]), 0.6 * (one[0] - other[0])) > 55
    for low, high in combinations(TONES_HZ, 2):
        assert all(abs(low * times - high) > 10 for times in range(1, 10))


@pytest.mark.parametrize(("columns", "width", "height"), [(4, 480, 270), (4, 160, 90), (4, 80, 44), (2, 640, 360)])
def test_each_of_a_grid_is_found_where_it_stands_and_its_code_read_after_x264(
    columns: int, width: int, height: int
) -> None:
    windows = grid(columns, width, height)

    picture = through_x264(mixed((columns * width, columns * height), windows, 1234).frame, kbps=1000)

    found = windows_found(picture)
    assert [window.person for window in found] == [window.person for window in windows]
    for window, right in zip(found, windows, strict=True):
        assert window.at(right.x, right.y, right.width, right.height), (window, right)
        assert who_is_at(picture, right.x, right.y, right.width, right.height) == right.person
        if height >= 90:
            assert said_in(picture, right).number == 1234


def test_who_is_not_there_is_not_found_and_the_canvas_is_seen() -> None:
    windows = [Window(3, 0, 0, 320, 180), Window(9, 320, 180, 320, 180)]

    picture = through_x264(mixed((640, 360), windows, 7).frame)

    assert [window.person for window in windows_found(picture)] == [3, 9]
    assert who_is_at(picture, 320, 0, 320, 180) is None
    assert shows_colour(picture, GREY, 324, 4, 312, 172)
    assert not shows_colour(picture, GREY, 4, 4, 312, 172)
    assert not shows_colour(picture, 0x000000, 324, 4, 312, 172)


def test_a_window_that_others_cover_in_part_is_found_whole() -> None:
    windows = [Window(0, 0, 0, 640, 360), Window(1, 20, 250, 160, 90), Window(2, 200, 250, 160, 90)]

    found = windows_found(through_x264(mixed((640, 360), windows, 7).frame))

    assert len(found) == 3
    assert all(w.at(r.x, r.y, r.width, r.height) for w, r in zip(found, windows, strict=True)), found


def test_a_code_is_read_in_a_cropped_picture_when_it_is_said_what_is_shown() -> None:
    whole = mixed((640, 360), [Window(5, 0, 0, 640, 360)], 99)
    y, u, v = (plane[:, plane.shape[1] // 20 : plane.shape[1] * 19 // 20] for plane in planes_of(whole.frame))
    middle = Patch(y, u, v)
    cut = Canvas(576, 360).lay(middle, 0, 0)

    assert said_in(cut.frame, (0, 0, 576, 360), code.Place(0.05, 0, 0.9, 1)) == Said(99, flash=False)


def test_a_picture_flashes_from_each_whole_second_on() -> None:
    flashing = [
        said_in(mixed((160, 90), [Window(1, 0, 0, 160, 90)], number).frame, (0, 0, 160, 90)).flash
        for number in range(20, 32)
    ]

    assert flashing == [False] * 5 + [True] * round(25 * FLASH_SECONDS) + [False] * 2


def heard(file: Path) -> np.ndarray:
    with av.open(str(file)) as source:
        return np.concatenate([frame.to_ndarray().mean(axis=0) for frame in source.decode(audio=0)])


def test_a_film_has_its_pictures_its_tone_and_whole_seconds(tmp_path: Path) -> None:
    person = Person(2, fps=15, seconds=8, sound=Sound.TONE)

    file = film(person, tmp_path)

    with av.open(str(file)) as source:
        pictures = list(source.decode(video=0))
    assert [said_in(picture, (0, 0, 640, 360)).number for picture in pictures] == list(range(120))
    assert [round(float(picture.time or 0) * 15) for picture in pictures] == list(range(120))
    found = levels(heard(file)[RATE_HZ:], RATE_HZ)
    assert found.pop(2) == pytest.approx(person.level, rel=0.05)
    assert max(found.values()) < person.level / 30
    assert film(person, tmp_path) == file


def test_a_film_without_one_of_the_tracks_has_the_other(tmp_path: Path) -> None:
    seen, only_heard = Person(0, seconds=8, sound=Sound.NONE), Person(1, seconds=8, video=False)

    assert {unit.codec for unit in units(film(seen, tmp_path))} == {Codec.H264}
    assert {unit.codec for unit in units(film(only_heard, tmp_path))} == {Codec.AAC}


def test_units_go_round_without_a_hole(tmp_path: Path) -> None:
    taken = units(film(Person(4), tmp_path), session=7, start_us=5_000_000, rounds=2)

    sound = [unit for unit in taken if unit.codec is Codec.AAC]
    pictures = [unit for unit in taken if unit.codec is Codec.H264]
    assert (len(sound), len(pictures)) == (750, 400)
    assert all(abs(unit.pts_us - 5_000_000 - n * 1024e6 / 48000) <= 1000 for n, unit in enumerate(sound))
    assert all(unit.pts_us == 5_000_000 + n * 40_000 for n, unit in enumerate(pictures))
    assert {unit.session for unit in taken} == {7}


def test_a_tone_goes_round_without_a_click(tmp_path: Path) -> None:
    taken = units(film(Person(4, video=False, sound=Sound.TONE), tmp_path), rounds=2)
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = taken[0].config
    wave = np.concatenate([f.to_ndarray()[0] for unit in taken for f in decoder.decode(av.Packet(unit.payload))])

    seam = wave[8 * RATE_HZ - 3000 : 8 * RATE_HZ + 3000]

    assert np.abs(seam).max() < 0.06
    assert levels(seam, RATE_HZ)[4] == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_every_voice_of_sixteen_has_its_level(rate: int) -> None:
    at = np.arange(rate) / rate
    right = {person: 0.01 + 0.003 * person for person in range(16)}

    found = levels(np.sum([right[p] * np.sin(2 * np.pi * TONES_HZ[p] * (1 + 2e-4) * at + p) for p in right], 0), rate)

    assert found == pytest.approx(right, rel=0.02)


def test_beeps_of_sixteen_at_once_are_each_told_to_the_millisecond() -> None:
    late = [0.0137 * person for person in range(16)]
    waves = [Person(p).wave(-round(late[p] * RATE_HZ), 5 * RATE_HZ) for p in range(16)]

    found = [beeps(np.sum(waves, axis=0), RATE_HZ, person) for person in range(16)]

    for person in range(16):
        right = [second + late[person] for second in range(0 if late[person] > 0.025 else 1, 5)]
        assert [time for time in right if time + FLASH_SECONDS < 5] == pytest.approx(found[person], abs=0.002), person


def test_beeps_are_told_to_the_millisecond_after_aac(tmp_path: Path) -> None:
    assert beeps(heard(film(Person(11), tmp_path)), RATE_HZ, 11) == pytest.approx(range(1, 8), abs=0.002)


@pytest.mark.parametrize("missing", [0.01, 0.03, 0.06, 0.18])
def test_a_beep_within_which_sound_begins_is_left_out_but_no_whole_one(missing: float) -> None:
    samples = Person(7).wave(-RATE_HZ // 2, 4 * RATE_HZ)
    samples[: round((0.5 + missing) * RATE_HZ)] = 0

    assert beeps(samples, RATE_HZ, 7) == pytest.approx([1.5, 2.5, 3.5], abs=0.002)


def test_nobody_beeps_in_silence_or_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 0.002, 3 * RATE_HZ)

    assert [beeps(samples, RATE_HZ, 3) for samples in (np.zeros(RATE_HZ), noise)] == [[], []]
