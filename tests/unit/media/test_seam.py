"""Seam: sound that a browser did not send, or a network lost, is silence without a click; its clock is followed."""

from array import array
from collections.abc import Iterable

import numpy as np
import pytest
from av.audio.frame import AudioFrame
from hypothesis import given
from hypothesis import strategies as st

from tailrace.media.seam import FADE, LARGEST_ERROR_US, LONGEST_HOLE_US, RATE_HZ, Seam, stretch
from tests.media.encoded import pitch

SIZE = 1024
PACKET = 960
PACKET_US = 20_000
HERTZ, LEVEL = 440, 0.5
# The largest step of the tone from one sample to the next, and of a fade beside it; a click is many times as large.
SMOOTH = 2 * np.pi * HERTZ / RATE_HZ * LEVEL + LEVEL / FADE


def frame(number: int, samples: int = PACKET) -> AudioFrame:
    """Return a piece of an endless tone, stereo, that begins with this sample."""
    wave = LEVEL * np.sin(2 * np.pi * HERTZ * np.arange(number, number + samples) / RATE_HZ)
    made = AudioFrame.from_ndarray(np.tile(wave.astype(np.float32), (2, 1)), "fltp", "stereo")
    made.sample_rate = RATE_HZ
    return made


def sewn(packets: Iterable[tuple[int, int]], seam: Seam | None = None) -> np.ndarray:
    """Return the samples that packets make: each the number of its first sample, and its time."""
    seam = seam or Seam("stereo", SIZE)
    taken: list[AudioFrame] = []
    for number, at_us in packets:
        seam.put(frame(number), at_us)
        taken += seam.take()
    taken += seam.drain()
    assert {(piece.samples, piece.sample_rate) for piece in taken} == {(SIZE, RATE_HZ)}
    return np.concatenate([piece.to_ndarray() for piece in taken], axis=1)


def packets(count: int, begin_us: int = 7_000_000) -> list[tuple[int, int]]:
    return [(number * PACKET, begin_us + number * PACKET_US) for number in range(count)]


def largest_step(samples: np.ndarray) -> float:
    return float(np.abs(np.diff(samples[0])).max())


def test_sound_without_holes_is_not_changed_but_for_its_begin_and_end() -> None:
    count = 50 * PACKET

    samples = sewn(packets(50))

    wave = frame(0, count).to_ndarray()
    assert np.array_equal(samples[:, FADE : count - FADE], wave[:, FADE : count - FADE])
    assert np.abs(samples[:, count:]).max() == 0
    assert largest_step(samples) < SMOOTH


@pytest.mark.parametrize("lost", [[20], [20, 21, 22], range(10, 40)], ids=["one", "three", "a pause"])
def test_what_is_missing_is_silence_of_its_length_and_nothing_clicks(lost: Iterable[int]) -> None:
    lost = list(lost)
    come = [packet for number, packet in enumerate(packets(50)) if number not in lost]

    samples = sewn(come)

    begin, end = lost[0] * PACKET, (lost[-1] + 1) * PACKET
    wave = frame(0, 50 * PACKET).to_ndarray()
    assert np.abs(samples[:, begin:end]).max() < 0.001
    assert np.array_equal(samples[:, FADE : begin - FADE], wave[:, FADE : begin - FADE])
    assert np.array_equal(samples[:, end + FADE : 49 * PACKET], wave[:, end + FADE : 49 * PACKET])
    assert largest_step(samples) < SMOOTH


@pytest.mark.parametrize("ppm", [300, -300])
def test_a_sound_card_that_is_fast_or_slow_is_followed_without_a_click(ppm: int) -> None:
    count = 1500
    come = [(number * PACKET, round(number * PACKET_US * (1 + ppm / 1e6))) for number in range(count)]

    samples = sewn(come)

    lasted = np.flatnonzero(np.abs(samples[0]) > 0.01)[-1]
    wanted = count * PACKET * (1 + ppm / 1e6)
    assert lasted == pytest.approx(wanted, abs=0.002 * RATE_HZ)
    assert largest_step(samples) < SMOOTH
    assert pitch(samples[0][: 10 * RATE_HZ], RATE_HZ) == pytest.approx(HERTZ, abs=0.5)


def test_sound_that_has_run_ahead_of_its_clock_is_left_out_until_it_fits() -> None:
    first = packets(20)
    # Its clock was set back by 100 ms, in which it stands still.
    stands = [((20 + number) * PACKET, 7_000_000 + 20 * PACKET_US - 1) for number in range(5)]
    goes_on = [((25 + number) * PACKET, 7_000_000 + (20 + number) * PACKET_US) for number in range(50)]

    samples = sewn([*first, *stands, *goes_on])

    lasted = np.flatnonzero(np.abs(samples[0]) > 0.01)[-1] / RATE_HZ * 1e6
    assert lasted == pytest.approx(70 * PACKET_US, abs=LARGEST_ERROR_US + 2_000)
    assert largest_step(samples) < SMOOTH


def test_what_follows_is_known_by_its_time() -> None:
    seam = Seam("stereo", SIZE)
    assert not seam.follows(0)

    seam.put(frame(0), 1_000_000)

    end_us = 1_000_000 + PACKET_US
    assert seam.follows(end_us)
    assert seam.follows(end_us + LONGEST_HOLE_US)
    assert not seam.follows(end_us + LONGEST_HOLE_US + 1)
    assert not seam.follows(end_us - LONGEST_HOLE_US - 1)
    seam.drain()
    assert not seam.follows(end_us)


def test_an_empty_seam_has_nothing_to_drain() -> None:
    seam = Seam("mono", SIZE)

    assert seam.drain() == []


@pytest.mark.parametrize("count", [955, 960, 965])
def test_stretched_sound_is_the_same_sound_that_lasts_longer(count: int) -> None:
    samples = array("f", frame(0).to_ndarray()[0])

    made = stretch(samples, count)

    at = np.arange(count) * (PACKET / count)
    ideal = LEVEL * np.sin(2 * np.pi * HERTZ * at / RATE_HZ)
    assert made[0] == samples[0]
    assert np.abs(np.array(made) - ideal).max() < 0.0005


@given(
    st.lists(
        st.tuples(st.sampled_from([120, 240, 480, 960, 2880]), st.integers(-100_000, LONGEST_HOLE_US)),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_the_times_are_what_comes_out_is_bounded_and_whole(pieces: list[tuple[int, int]]) -> None:
    seam = Seam("stereo", SIZE)
    at_us, taken, put = 0, 0, 0
    for samples, late_us in pieces:
        at_us += late_us
        if put and not seam.follows(at_us):
            taken += sum(piece.samples for piece in seam.drain())
        seam.put(frame(0, samples), at_us)
        put += samples + max(0, late_us) * RATE_HZ // 1_000_000 + 16
        taken += sum(piece.samples for piece in seam.take())
        at_us += round(samples * 1e6 / RATE_HZ)
    taken += sum(piece.samples for piece in seam.drain())

    assert taken % SIZE == 0
    assert taken <= put + SIZE * len(pieces)
