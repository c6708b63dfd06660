"""Voice: what is due is heard, at the right time and without a click, whatever is missing, late or off its clock."""

import random
from fractions import Fraction

import av
import numpy as np
import pytest

from tailrace.errors import PeerError
from tailrace.media.voice import Voice, stretch
from tailrace.model.playout import Playout
from tailrace.unit import Codec
from tests.media import browser
from tests.media.encoded import pitch
from tests.media.voices import (
    AMPLITUDE,
    BLOCK,
    BLOCK_US,
    CLOCK_US,
    RATE_HZ,
    Publisher,
    heard,
    hertz,
    largest_step,
    play,
    publisher,
    smooth_step,
    steady,
)

PERIODS = 21
# The tone's own largest step is 0.064; a click would be many times as large.
SMOOTH = smooth_step(PERIODS)
# AAC frames of two different tones do not fit together: their overlap is this much louder by itself.
CODED = 1.25
SILENT = 0.001
# While the playout delay shrinks and its clock is followed, sound is stretched by up to 0.5 %.
IN_TUNE = 0.0055


@pytest.mark.parametrize("lost", [[60], [60, 61], range(60, 80)], ids=["one", "two", "a pause"])
def test_lost_opus_neither_clicks_nor_makes_what_follows_early(lost: list[int]) -> None:
    voice, seconds = Voice(RATE_HZ, 2, Playout()), 3
    units = browser.opus(browser.tone(hertz(PERIODS), AMPLITUDE), seconds, lost=lost, start_us=CLOCK_US)
    blocks: list[np.ndarray] = []
    for number in range(int(seconds * 1_000_000 / BLOCK_US)):
        out_us = round(number * BLOCK_US)
        while units and units[0].pts_us <= CLOCK_US + out_us:
            unit = units.pop(0)
            voice.playout.arrived(unit.pts_us, out_us)
            voice.feed(unit.codec, unit.config, unit.payload, unit.pts_us)
        block = voice.read(out_us, BLOCK)
        blocks.append(np.zeros(BLOCK, np.float32) if block is None else block[0].copy())
    samples = np.concatenate(blocks)

    assert largest_step(samples) < SMOOTH * CODED
    quiet = np.flatnonzero(np.abs(samples[RATE_HZ // 2 : -RATE_HZ // 2]) > SILENT)
    missing_us = len(lost) * 20_000
    # The silence is as long as what is missing: with less, all that follows would be early. It may be stretched.
    assert np.diff(quiet).max() / RATE_HZ * 1e6 == pytest.approx(missing_us, abs=2_000 + IN_TUNE * missing_us)


def test_nothing_is_heard_before_anything_came() -> None:
    assert Voice(RATE_HZ, 2, Playout()).read(0, BLOCK) is None


def test_a_tone_is_heard_as_it_is_once_the_playout_delay_is_over() -> None:
    samples = heard(publisher(), 2.0)

    assert np.abs(samples[: RATE_HZ // 20]).max() < SILENT
    assert pitch(samples[RATE_HZ // 2 :], RATE_HZ) == pytest.approx(hertz(PERIODS), rel=IN_TUNE)
    assert np.abs(samples[RATE_HZ // 2 :]).max() == pytest.approx(AMPLITUDE, rel=0.05)
    assert largest_step(samples) < SMOOTH


def test_sound_is_not_changed_when_there_is_nothing_to_correct() -> None:
    source = publisher()
    decoder = av.CodecContext.create("aac", "r")
    config, payload = steady(PERIODS)
    decoder.extradata = config
    decoded = [frame.to_ndarray()[0] for _ in range(5) for frame in decoder.decode(av.Packet(payload))][-1]

    # A second from the start the delay has not yet shrunk by enough to be followed.
    samples = heard(source, 0.9)

    last = samples[-BLOCK:]
    shift = next(shift for shift in range(BLOCK) if np.array_equal(np.roll(decoded, shift), last))
    assert 0 <= shift < BLOCK


def test_a_beep_is_heard_when_it_is_due() -> None:
    tone, silence = steady(PERIODS), steady(PERIODS, amplitude=0.0)
    source = Publisher(Voice(RATE_HZ, 2, Playout()), lambda number: tone if number >= 50 else silence)

    samples = heard(source, 2.0)

    # The frame before the first one with the tone overlaps into it: half of its loudness is in its middle.
    begun = int(np.argmax(np.abs(samples) > AMPLITUDE / 2)) / RATE_HZ
    due = source.voice.playout.at(CLOCK_US + round(50 * BLOCK_US)) / 1e6
    assert begun == pytest.approx(due + BLOCK_US / 2e6, abs=0.006)


@pytest.mark.parametrize("late_us", [75_000, 85_000, 95_000, 105_000])
def test_sound_is_beside_the_pictures_as_soon_as_those_need_a_longer_delay(late_us: int) -> None:
    # A delay that grew by less than 60 ms was made up for little by little: for up to 12 s lips did not match.
    tone, silence = steady(PERIODS), steady(PERIODS, amplitude=0.0)
    hum = steady(PERIODS, amplitude=AMPLITUDE / 10)
    beep_at = 110
    source = Publisher(Voice(RATE_HZ, 2, Playout()), lambda n: hum if n < 100 else silence if n < beep_at else tone)
    blocks = []
    for number, block in enumerate(play(source, 3.0)):
        blocks.append(block[0])
        if number == beep_at - 10:
            now_us = round(number * BLOCK_US)
            source.voice.playout.arrived(CLOCK_US + now_us - late_us, now_us)

    samples = np.concatenate(blocks)

    begun = int(np.argmax(np.abs(samples) > AMPLITUDE / 2)) / RATE_HZ
    due = source.voice.playout.at(CLOCK_US + round(beep_at * BLOCK_US)) / 1e6
    assert begun == pytest.approx(due + BLOCK_US / 2e6, abs=0.020 + 0.006)
    assert largest_step(samples) < CODED * SMOOTH


@pytest.mark.parametrize("lost", [1, 2, 10, 40, 100, 400])
def test_what_is_lost_is_silence_without_a_click_at_either_side(lost: int) -> None:
    tone = steady(PERIODS)
    source = publisher()
    source.frame = lambda number: None if 100 <= number < 100 + lost else tone

    samples = heard(source, 4.0 + lost * BLOCK_US / 1e6)

    assert largest_step(samples) < SMOOTH
    level = np.abs(samples).reshape(-1, BLOCK).max(axis=1)
    assert (level[10:] < SILENT).sum() == pytest.approx(lost if lost > 2 else 0, abs=2)
    assert level[-1] == pytest.approx(AMPLITUDE, rel=0.05)


@pytest.mark.parametrize("stall_us", [60_000, 200_000, 1_500_000, 4_000_000])
def test_a_stall_of_the_network_makes_no_click(stall_us: int) -> None:
    source = publisher()
    source.delay_us = lambda number: stall_us if number == 100 else 0

    samples = heard(source, 10.0)

    assert largest_step(samples) < SMOOTH
    assert np.abs(samples[-RATE_HZ:]).max() == pytest.approx(AMPLITUDE, rel=0.05)


@pytest.mark.parametrize("jump_us", [-3_600_000_000, -500_000, -100_000, 100_000, 500_000, 5_000_000, 3_600_000_000])
def test_a_clock_that_is_set_makes_no_click_and_nothing_old_is_heard_again(jump_us: int) -> None:
    tone, other = steady(PERIODS), steady(PERIODS + 30)
    source = publisher()
    source.frame = lambda number: tone if number < 200 else other
    source.clock_us = lambda number: CLOCK_US + (jump_us if number >= 200 else 0)

    samples = heard(source, 12.0)

    assert largest_step(samples) < CODED * smooth_step(PERIODS + 30)
    after = samples[RATE_HZ * 6 :]
    assert pitch(after, RATE_HZ) == pytest.approx(hertz(PERIODS + 30), rel=IN_TUNE)
    assert np.abs(after[-RATE_HZ:]).max() == pytest.approx(AMPLITUDE, rel=0.05)
    window = 2048
    heard_pitches = [
        pitch(piece, RATE_HZ) for piece in samples[: len(samples) // window * window].reshape(-1, window)[210:]
    ]
    assert not [tone for tone in heard_pitches if tone == pytest.approx(hertz(PERIODS), abs=30)]


def test_a_new_session_is_taken_up_without_a_click() -> None:
    source = publisher()
    first = heard(source, 2.0)
    source.voice.playout = Playout()
    source.clock_us = lambda _: 5_000_000

    blocks = [first]
    for number in range(len(first) // BLOCK, len(first) // BLOCK + 100):
        source.feed((number + 1) * BLOCK_US)
        block = source.voice.read(round(number * BLOCK_US), BLOCK)
        blocks.append(np.zeros(BLOCK, np.float32) if block is None else block[0])

    samples = np.concatenate(blocks)
    assert largest_step(samples) < SMOOTH
    assert np.abs(samples[-RATE_HZ:]).max() == pytest.approx(AMPLITUDE, rel=0.05)


def onsets(samples: np.ndarray, apart: int) -> np.ndarray:
    loud = np.flatnonzero(np.abs(samples) > AMPLITUDE / 2)
    return loud[np.flatnonzero(np.diff(loud, prepend=-apart) >= apart)]


@pytest.mark.parametrize("ppm", [-200, 200, 1000])
def test_a_publishers_clock_that_is_off_is_followed_for_minutes(ppm: int) -> None:
    dice = random.Random(ppm)
    tone, silence = steady(PERIODS), steady(PERIODS, amplitude=0.0)
    source = Publisher(
        Voice(RATE_HZ, 2, Playout()),
        lambda number: tone if number % 50 < 40 else silence,
        ppm=ppm,
        delay_us=lambda _: dice.uniform(0, 5_000),
    )

    samples = heard(source, 180.0)

    assert largest_step(samples) < CODED * SMOOTH
    # Each beep was sent when the 50th unit was; since then only the playout delay has passed.
    delay = source.voice.playout.delay_us / 1e6
    late = [onset / RATE_HZ % (50 * BLOCK_US / 1e6) - delay - BLOCK_US / 2e6 for onset in onsets(samples, 4 * BLOCK)]
    assert len(late) >= 160
    assert max(abs(error) for error in late[-20:]) < (0.005 if abs(ppm) == 200 else 0.016)


@pytest.mark.parametrize("ppm", [-200, 200])
def test_a_tone_stays_in_tune_while_its_clock_is_followed(ppm: int) -> None:
    source = publisher()
    source.ppm = ppm

    samples = heard(source, 120.0)[RATE_HZ * 60 :]

    assert largest_step(samples) < SMOOTH
    heard_hz = [pitch(piece, RATE_HZ) for piece in samples[: RATE_HZ * 56].reshape(-1, RATE_HZ * 2)]
    assert all(tone == pytest.approx(hertz(PERIODS), rel=0.001) for tone in heard_hz)


def test_the_volume_is_that_since_it_was_asked_last() -> None:
    source = publisher()
    assert source.voice.volume() == 0  # from here on it is measured
    heard(source, 1.0)

    first, at_once = source.voice.volume(), source.voice.volume()

    assert first == pytest.approx(100 * AMPLITUDE, abs=6)  # it begins with the playout delay
    assert at_once == 0


def test_rubbish_is_refused_and_the_sound_after_it_keeps_its_time() -> None:
    tone = steady(PERIODS)
    source = publisher()
    source.frame = lambda number: (tone[0], b"\xff" * 50) if number == 100 else tone

    samples = heard(source, 4.0)

    assert largest_step(samples) < CODED * SMOOTH
    quiet = np.abs(samples[20 * BLOCK :]).reshape(-1, BLOCK // 4).max(axis=1) < SILENT
    assert quiet.sum() in (2, 3, 4)  # one unit less two fades
    with pytest.raises(PeerError, match="cannot be decoded"):
        source.voice.feed(Codec.AAC, tone[0], b"\xff" * 50, CLOCK_US + 4_000_000)


def test_a_block_in_which_a_new_clock_begins_holds_nothing_of_the_old_one() -> None:
    tone = steady(PERIODS)
    voice = Voice(RATE_HZ, 2, Playout())
    voice.playout.arrived(0, 0)
    set_us = 20_000_000
    for number in range(10):
        voice.feed(Codec.AAC, *tone, round(number * BLOCK_US))
    for number in range(10):
        voice.feed(Codec.AAC, *tone, set_us + round(number * BLOCK_US))

    block = voice.read(voice.playout.at(set_us - round(BLOCK_US / 2)), BLOCK)

    assert block is not None
    assert not block[:, : BLOCK // 2 - 2].any()
    assert np.abs(block[:, -100:]).max() > AMPLITUDE / 2


def opus(tone_hz: float, seconds: float) -> tuple[bytes, list[bytes]]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE_HZ, "stereo", "flt", 128_000
    encoder.time_base = Fraction(1, RATE_HZ)
    encoder.open()
    wave = AMPLITUDE * np.sin(2 * np.pi * tone_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)
    packets = []
    for start in range(0, len(wave) - 959, 960):
        samples = np.repeat(wave[start : start + 960], 2)[None].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, "flt", "stereo")
        frame.sample_rate = RATE_HZ
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return bytes(encoder.extradata or b""), packets


@pytest.mark.parametrize("with_head", [False, True])
def test_opus_is_heard_with_and_without_set_up_data(with_head: bool) -> None:
    config, packets = opus(1000, 2.0)
    voice = Voice(RATE_HZ, 2, Playout())
    blocks, fed = [], 0
    for number in range(90):
        now_us = (number + 1) * BLOCK_US
        while fed < len(packets) and fed * 20_000 <= now_us:
            voice.playout.arrived(CLOCK_US + fed * 20_000, round(now_us))
            voice.feed(Codec.OPUS, config if with_head else b"", packets[fed], CLOCK_US + fed * 20_000)
            fed += 1
        block = voice.read(round(number * BLOCK_US), BLOCK)
        blocks.append(np.zeros(BLOCK, np.float32) if block is None else block[0])

    samples = np.concatenate(blocks)
    assert pitch(samples[RATE_HZ // 2 :], RATE_HZ) == pytest.approx(1000, rel=IN_TUNE)
    assert np.abs(samples[RATE_HZ // 2 :]).max() == pytest.approx(AMPLITUDE, rel=0.05)


def test_stretching_by_nothing_changes_nothing() -> None:
    samples = np.random.default_rng(1).random((2, BLOCK + 3), np.float32)

    assert np.array_equal(stretch(samples, BLOCK), samples[:, 1:-2])


@pytest.mark.parametrize("taken", [BLOCK - 5, BLOCK - 1, BLOCK + 1, BLOCK + 5])
def test_a_stretched_tone_is_the_tone_at_a_slightly_other_pitch(taken: int) -> None:
    tone = 2 * np.pi * 1000 / RATE_HZ
    samples = np.sin(tone * np.arange(-1, taken + 2))[None].astype(np.float32)

    stretched = stretch(samples, BLOCK)

    ideal = np.sin(tone * np.arange(BLOCK) * taken / BLOCK)
    assert np.abs(stretched[0] - ideal).max() < 0.0005
