"""SeiSchedule: in its rhythm, with key frames where asked, never twice with one picture."""

from dataclasses import replace

import pytest

from tailrace.model.mix import LayoutVolume, PassThrough, Sei
from tailrace.model.sei_schedule import SeiSchedule

VOLUME = LayoutVolume()
OWN = PassThrough("data", 100)


def frames(seconds: float, fps: int = 30, first: int = 0) -> list[int]:
    return [number * 1_000_000 // fps for number in range(first, first + round(seconds * fps))]


def sent(schedule: SeiSchedule, times: list[int], key_frames: tuple[int, ...] = ()) -> list[int]:
    """Return the places in `times` where something went out."""
    return [place for place, out_us in enumerate(times) if schedule.due(out_us, place in key_frames)]


def test_nothing_is_due_when_nothing_was_asked_for() -> None:
    assert sent(SeiSchedule(Sei()), frames(3), (0, 30)) == []


def test_the_first_picture_carries_it_then_one_each_interval() -> None:
    assert sent(SeiSchedule(Sei(VOLUME)), frames(3.5)) == [0, 30, 60, 90]


def test_both_kinds_go_out_with_one_picture_each_in_its_own_rhythm() -> None:
    schedule = SeiSchedule(Sei(VOLUME, replace(OWN, interval=0.5)))

    due = [schedule.due(out_us, False) for out_us in frames(1.5)]

    own = replace(OWN, interval=0.5)
    assert [(place, entries) for place, entries in enumerate(due) if entries] == [
        (0, [VOLUME, own]),
        (15, [own]),
        (30, [VOLUME, own]),
    ]


def test_an_interval_shorter_than_a_picture_sends_one_with_each() -> None:
    assert sent(SeiSchedule(Sei(replace(VOLUME, interval=0.001))), frames(1)) == list(range(30))


@pytest.mark.parametrize("fps", [7, 24, 25, 30, 60])
def test_the_rate_is_right_when_no_picture_falls_on_the_grid(fps: int) -> None:
    schedule = SeiSchedule(Sei(replace(VOLUME, interval=0.31)))

    assert len(sent(schedule, frames(60, fps))) == pytest.approx(60 / 0.31, abs=1)


def test_key_frames_carry_it_as_well_without_moving_the_grid() -> None:
    times = frames(2.1)

    assert sent(SeiSchedule(Sei(VOLUME)), times, (0, 10, 30)) == [0, 30, 60]
    assert sent(SeiSchedule(Sei(replace(VOLUME, with_key_frames=True))), times, (0, 10, 30)) == [0, 10, 30, 60]


def test_what_a_hole_in_the_output_kept_back_is_not_made_up_for() -> None:
    schedule = SeiSchedule(Sei(VOLUME))
    sent(schedule, frames(1))

    assert sent(schedule, frames(2, first=130)) == [0, 20, 50]


def test_an_update_of_the_content_keeps_the_rhythm() -> None:
    schedule = SeiSchedule(Sei(VOLUME))
    sent(schedule, frames(1.5))
    news = replace(VOLUME, app_data="news")

    schedule.change(Sei(news))

    due = [schedule.due(out_us, False) for out_us in frames(1, first=45)]
    assert [(place, entries) for place, entries in enumerate(due) if entries] == [(15, [news])]


def test_an_update_of_one_entry_does_not_double_the_other() -> None:
    schedule = SeiSchedule(Sei(VOLUME))
    sent(schedule, frames(1.5))

    schedule.change(Sei(VOLUME, OWN))

    due = [schedule.due(out_us, False) for out_us in frames(1.5, first=45)]
    assert [(place, entries) for place, entries in enumerate(due) if entries] == [
        (0, [OWN]),
        (15, [VOLUME]),
        (30, [OWN]),
    ]


def test_a_new_interval_holds_from_the_next_picture() -> None:
    schedule = SeiSchedule(Sei(replace(VOLUME, interval=3600.0)))
    sent(schedule, frames(1))

    schedule.change(Sei(VOLUME))

    assert sent(schedule, frames(1.5, first=30)) == [0, 30]


def test_what_an_update_takes_away_is_not_sent_and_may_come_back() -> None:
    schedule = SeiSchedule(Sei(VOLUME, OWN))
    sent(schedule, frames(1))

    schedule.change(Sei())
    assert sent(schedule, frames(2, first=30), (0, 30)) == []

    schedule.change(Sei(VOLUME))
    assert schedule.due(3_000_000, False) == [VOLUME]
