"""Tape: samples keep their place in time, gaps and new clocks make edges, and memory is bounded."""

import numpy as np
import pytest

from tailrace.media.tape import KEPT_SECONDS, LARGEST_JITTER_US, Tape

RATE = 8000
UNIT = 800  # 100 ms
UNIT_US = 100_000
START_US = 5_000_000


def unit(value: float = 1.0, count: int = UNIT) -> np.ndarray:
    return np.full((1, count), value, np.float32)


def filled(units: int = 3) -> Tape:
    tape = Tape(RATE, 1)
    for number in range(units):
        tape.append(unit(number + 1), START_US + number * UNIT_US)
    return tape


def test_before_anything_came_no_time_has_a_number() -> None:
    assert Tape(RATE, 1).number_at(START_US) is None


def test_samples_are_found_by_their_time() -> None:
    tape = filled()

    assert tape.number_at(START_US) == 0
    number = tape.number_at(START_US + UNIT_US)
    assert number == UNIT
    assert tape.read(number, 2).tolist() == [[2.0, 2.0]]
    assert tape.edges(1, 3 * UNIT - 2) == []


def test_where_there_are_no_samples_are_zeros() -> None:
    tape = filled(1)

    assert tape.read(-2, 4).tolist() == [[0, 0, 1, 1]]
    assert tape.read(UNIT - 1, 3).tolist() == [[1, 0, 0]]
    assert tape.read(UNIT + 5, 2).tolist() == [[0, 0]]
    assert tape.read(-UNIT, 2).tolist() == [[0, 0]]


def test_times_that_jitter_move_nothing() -> None:
    tape = Tape(RATE, 1)
    for number in range(50):
        jitter = LARGEST_JITTER_US // 2 * (1 if number % 2 else -1) if number else 0
        tape.append(unit(), START_US + number * UNIT_US + jitter)

    assert tape.end == 50 * UNIT
    assert tape.number_at(START_US + 40 * UNIT_US) == pytest.approx(40 * UNIT, abs=RATE // 500)


def test_times_that_drift_are_followed() -> None:
    tape = Tape(RATE, 1)
    slower = 1.001
    for number in range(600):
        tape.append(unit(), START_US + number * UNIT_US * slower)

    assert tape.number_at(round(START_US + 599 * UNIT_US * slower)) == pytest.approx(599 * UNIT, abs=RATE * 0.005)


def test_a_gap_becomes_silence_between_two_edges() -> None:
    tape = filled(1)

    tape.append(unit(2), START_US + 3 * UNIT_US)

    assert tape.read(UNIT, 2 * UNIT).any() == np.False_
    assert tape.read(3 * UNIT, 1).tolist() == [[2]]
    assert tape.edges(1, 4 * UNIT - 2) == [UNIT, 3 * UNIT]
    assert tape.number_at(START_US + 3 * UNIT_US) == 3 * UNIT


def test_after_a_broken_unit_even_a_short_gap_is_kept() -> None:
    tape = filled(1)
    tape.break_off()

    tape.append(unit(2), START_US + UNIT_US + 20_000)

    assert tape.number_at(START_US + UNIT_US + 20_000) == UNIT + RATE // 50
    assert tape.edges(1, 2 * UNIT) == [UNIT, UNIT + RATE // 50]


@pytest.mark.parametrize("set_to", [0, START_US - 50_000, START_US + 30_000_000])
def test_a_clock_that_is_set_begins_anew_and_what_was_before_has_no_time(set_to: int) -> None:
    tape = filled(3)

    tape.append(unit(9), set_to)

    assert tape.number_at(set_to) == 3 * UNIT
    assert tape.begin == 3 * UNIT
    assert tape.edges(1, 4 * UNIT - 2) == [3 * UNIT]


def test_only_the_last_seconds_are_kept() -> None:
    tape = filled(100 * KEPT_SECONDS)

    kept = tape.end - tape.begin
    assert KEPT_SECONDS * RATE <= kept <= 2 * KEPT_SECONDS * RATE
    assert tape.end == 100 * KEPT_SECONDS * UNIT
    last = tape.number_at(START_US + (100 * KEPT_SECONDS - 1) * UNIT_US)
    assert last is not None
    assert tape.read(last, 1).tolist() == [[100 * KEPT_SECONDS]]


def test_a_unit_longer_than_the_tape_is_cut() -> None:
    tape = Tape(RATE, 1)

    tape.append(unit(count=10 * KEPT_SECONDS * RATE), START_US)

    assert tape.end - tape.begin == KEPT_SECONDS * RATE


def test_edges_of_dropped_samples_are_forgotten() -> None:
    tape = Tape(RATE, 1)
    for number in range(2000):
        tape.append(unit(), START_US + number * 2 * UNIT_US)

    assert len(tape.edges(0, tape.end)) <= 4 * KEPT_SECONDS * 10 + 2
