"""Gap: when it begins, what time it is meanwhile, and how a publisher comes back."""

import pytest

from tailrace.ids import Kind
from tailrace.model.gap import BELIEVED_AFTER, LATE_US, PATIENCE, PATIENCE_ALONE, Gap

SECOND = 1_000_000
NOTHING: frozenset[Kind] = frozenset()
SOUND, PICTURES = frozenset({Kind.AUDIO}), frozenset({Kind.VIDEO})
BOTH = frozenset(Kind)


def fed(seconds: float, *kinds: Kind, fps: float = 25.0) -> Gap:
    """Return a gap after so many seconds of units, each at its own time."""
    gap = Gap()
    for number in range(round(seconds * fps) + 1):
        for kind in kinds or tuple(Kind):
            gap.came(kind, round(number / fps * SECOND), number / fps)
    return gap


def test_nothing_is_filled_before_anything_came() -> None:
    gap = Gap()

    assert gap.look(1000.0) == NOTHING
    assert not gap.lost
    assert not gap.known


def test_a_gap_begins_when_nothing_has_come_for_a_while() -> None:
    gap = fed(10)

    assert gap.look(10 + PATIENCE - 0.01) == NOTHING
    assert gap.look(10 + PATIENCE) == BOTH
    assert gap.lost
    assert gap.quiet_for(10 + PATIENCE) == pytest.approx(PATIENCE)


def test_output_time_goes_on_like_the_clock_on_the_wall() -> None:
    gap = fed(10)

    assert gap.time_us(10) == 10 * SECOND
    assert gap.time_us(17.25) == 17_250_000


def test_a_track_that_never_came_is_not_filled() -> None:
    assert fed(10, Kind.AUDIO).look(20) == SOUND
    assert fed(10, Kind.VIDEO).look(20) == PICTURES


def test_sound_that_stops_alone_is_filled() -> None:
    gap = fed(10)
    for number in range(50):
        gap.came(Kind.VIDEO, 10 * SECOND + number * 40_000, 10 + number / 25)

    assert gap.look(11.96) == SOUND
    assert not gap.lost


def test_pictures_that_stop_alone_are_given_more_time() -> None:
    gap = fed(10)
    for number in range(1, 200):
        now = 10 + number / 50
        gap.came(Kind.AUDIO, round(now * SECOND), now)
        assert gap.look(now) == (PICTURES if now >= 10 + PATIENCE_ALONE else NOTHING)


def test_slow_pictures_are_not_missing() -> None:
    gap = fed(10, Kind.VIDEO, fps=1)

    assert gap.look(12.5) == NOTHING
    assert gap.look(10 + PATIENCE_ALONE) == PICTURES


def test_a_unit_ends_the_filling_of_its_track_only() -> None:
    gap = fed(10)
    gap.look(12)

    gap.came(Kind.AUDIO, 12 * SECOND, 12)

    assert gap.filling == PICTURES
    assert not gap.lost


def test_a_process_that_stood_still_itself_waits_for_what_has_come_meanwhile() -> None:
    gap = fed(10)
    gap.held_up(60.0)

    assert gap.look(60.5) == NOTHING
    assert gap.look(60.0 + PATIENCE) == BOTH


def test_an_earlier_run_is_gone_on_with_at_once() -> None:
    gap = Gap()

    gap.begin([Kind.VIDEO], 61 * SECOND, 5.0)

    assert gap.look(5.0) == PICTURES
    assert gap.time_us(6.0) == 62 * SECOND


def test_a_publisher_of_whose_clock_nothing_is_known_returns_now() -> None:
    gap = fed(10)
    gap.look(15)

    assert gap.returns_at(None, 15) == 15 * SECOND


def test_a_publisher_whose_clock_went_on_returns_where_it_says() -> None:
    gap = fed(10)
    gap.look(15)

    assert gap.returns_at(15 * SECOND - 80_000, 15) == 15 * SECOND - 80_000
    assert gap.returns_at(15 * SECOND + 80_000, 15) == 15 * SECOND + 80_000


def test_what_was_kept_while_a_network_stood_still_is_not_the_publisher_back() -> None:
    gap = fed(10)
    gap.look(15)

    assert [gap.returns_at(10 * SECOND + kept * SECOND, 15.1) for kept in range(4)] == [None] * 4
    assert gap.returns_at(15 * SECOND, 15.1) == 15 * SECOND


def test_a_publisher_whose_clock_stood_still_is_believed_in_the_end() -> None:
    gap = fed(10)
    gap.look(15)

    assert gap.returns_at(10 * SECOND, 15) is None
    assert gap.returns_at(10 * SECOND + 500_000, 15.5) is None
    assert gap.returns_at(11 * SECOND, 15 + BELIEVED_AFTER) == 16 * SECOND


def test_who_was_late_once_is_not_believed_the_sooner_the_next_time() -> None:
    gap = fed(10)
    gap.look(15)
    gap.returns_at(10 * SECOND, 15)

    assert gap.returns_at(10 * SECOND + 40_000, 25) is None


def test_a_clock_that_was_set_ahead_counts_from_now() -> None:
    gap = fed(10)
    gap.look(15)

    assert gap.returns_at(15 * SECOND + 2 * LATE_US, 15) == 15 * SECOND


def test_a_track_that_is_off_beside_another_one_does_not_move_both() -> None:
    gap = fed(10)
    for number in range(200):
        gap.came(Kind.VIDEO, 10 * SECOND + number * 40_000, 10 + number / 25)
    gap.look(18)

    assert gap.returns_at(20 * SECOND, 18) is None
    assert gap.returns_at(10 * SECOND, 18) is None
    assert gap.returns_at(18 * SECOND, 18) == 18 * SECOND


def test_units_are_counted_for_each_track() -> None:
    gap = fed(1, fps=10)

    assert gap.count(Kind.VIDEO) == 11
    assert Gap().count(Kind.VIDEO) == 0
