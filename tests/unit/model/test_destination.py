"""DestinationLife: the sequences of spec/04 section 4.1, in virtual time."""

import math
from pathlib import Path

import pytest

from tailrace.errors import StateError
from tailrace.model.destination import (
    NEXT,
    PATIENCE,
    Closed,
    Command,
    DestinationLife,
    Dial,
    Event,
    GaveUp,
    Lost,
    MediaFlowed,
    Needed,
    Released,
    Report,
    Resumed,
    StopAsked,
    Ticked,
    Wake,
)
from tailrace.model.destination_fault import Fault
from tailrace.model.task import DestinationStatus as Status

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"

CONNECTING, RUNNING, RECOVERING = Status.CONNECTING, Status.RUNNING, Status.RECOVERING
FAILURE, DISCONNECTING, IDLE = Status.FAILURE, Status.DISCONNECTING, Status.IDLE


class Story:
    """A destination and its clock: ticks when it is told to, and each try fails `fails_after` seconds later."""

    def __init__(self, *events: Event, fails_after: float = 0.0, life: DestinationLife | None = None) -> None:
        self.life = life or DestinationLife()
        self.now = 1000.0
        self.waiting = False
        self.told: list[tuple[float, Status]] = []
        self.dials: list[float] = []
        self._fails_after = fails_after
        self._fails_at = self._wakes_at = math.inf
        self.happen(*events)

    @property
    def statuses(self) -> list[Status]:
        return [status for _, status in self.told]

    def happen(self, *events: Event) -> None:
        for event in events:
            self._do(self.life.handle(event, self.now))

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while (next_at := min(self._fails_at, self._wakes_at)) <= until and self.life.trying:
            self.now = next_at
            if self._fails_at <= self._wakes_at:
                self._fails_at = math.inf
                self.happen(Lost("refused", Fault.REFUSED))
            else:
                self._wakes_at = math.inf
                self.happen(Ticked(self.waiting))
        self.now = until

    def _do(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case Report(status):
                    self.told.append((self.now - 1000.0, status))
                case Dial(after):
                    self.dials.append(self.now - 1000.0 + after)
                    self._fails_at = math.inf if self.waiting else self.now + after + self._fails_after
                case Wake(after):
                    self._wakes_at = self.now + after


def test_a_start_is_connecting_then_running() -> None:
    assert Story(Needed(), MediaFlowed()).statuses == [CONNECTING, RUNNING]


def test_a_stop_is_disconnecting_then_idle() -> None:
    assert Story(Needed(), MediaFlowed(), StopAsked(), Closed()).statuses[2:] == [DISCONNECTING, IDLE]


def test_a_reconnect_is_recovering_then_running() -> None:
    story = Story(Needed(), MediaFlowed())
    story.pass_time(20.0)

    commands = story.life.handle(Lost("reset by peer"), story.now)

    assert commands == [Report(RECOVERING, "reset by peer"), Wake(5.0), Dial(after=0.25)]
    assert story.life.handle(MediaFlowed(), story.now + 0.5) == [Report(RUNNING, "")]


@pytest.mark.parametrize("fails_after", [0.0, 0.3, 4.9, 5.0, 5.1, 7.0])
@pytest.mark.parametrize("was_running", [False, True])
def test_what_never_connects_is_told_each_5_s_and_fails_at_60_s(was_running: bool, fails_after: float) -> None:
    story = Story(Needed(), fails_after=fails_after)
    trying = CONNECTING
    if was_running:
        trying = RECOVERING
        story.happen(MediaFlowed(), Lost("gone"))
        del story.told[:2]

    story.pass_time(3600.0)

    assert story.told == [*((float(at), trying) for at in range(0, 60, 5)), (60.0, FAILURE), (60.0, IDLE)]
    assert story.life.status is FAILURE
    assert (story.life.why, story.life.fault) == ("refused", Fault.REFUSED)
    assert story.dials[-1] < 60.0
    assert story.life.retry_at == 0.0


def test_pauses_between_tries_grow_to_5_s() -> None:
    story = Story(Needed())

    story.pass_time(60.0)

    pauses = [after - before for before, after in zip(story.dials, story.dials[1:], strict=False)]
    assert pauses[:6] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    assert max(pauses) == 5.0
    assert story.life.attempt == len(story.dials)


def test_a_try_that_hangs_does_not_put_off_the_failure() -> None:
    story = Story(Needed(), fails_after=math.inf)

    story.pass_time(60.0)

    assert story.told[-2:] == [(60.0, FAILURE), (60.0, IDLE)]


def test_a_try_that_fails_behind_the_failure_changes_nothing() -> None:
    story = Story(Needed(), fails_after=math.inf)
    story.pass_time(60.0)
    told, dials = list(story.told), list(story.dials)

    story.happen(Lost("reset", Fault.LOST))

    assert (story.told, story.dials, story.life.why, story.life.status) == (told, dials, "", FAILURE)


def test_a_late_clock_is_not_made_up_for_with_repetitions() -> None:
    story = Story(Needed(), fails_after=math.inf)
    story.now += 17.0
    story.happen(Ticked())

    story.pass_time(5.0)

    assert story.told == [(0.0, CONNECTING), (17.0, CONNECTING), (20.0, CONNECTING)]


def test_time_without_media_does_not_count_but_is_told_for_60_s_only() -> None:
    story = Story()
    story.waiting = True
    story.happen(Resumed("taken over"))
    story.pass_time(600.0)
    assert story.told == [(float(at), RECOVERING) for at in range(0, 60, 5)]

    story.waiting = False
    story.pass_time(3600.0)

    assert story.told[12:] == [(660.0, FAILURE), (660.0, IDLE)]


def test_a_running_destination_that_is_lost_again_has_a_whole_window_again() -> None:
    story = Story(Needed(), MediaFlowed(), fails_after=0.1)
    for _ in range(3):
        story.pass_time(50.0)
        story.happen(Lost("gone"))
        story.pass_time(50.0)
        story.happen(MediaFlowed())

    assert FAILURE not in story.statuses


def test_a_destination_that_runs_only_for_moments_is_dialled_less_and_less() -> None:
    story = Story(Needed(), MediaFlowed())
    pauses = []
    for _ in range(8):
        story.pass_time(1.0)
        before = story.now
        story.happen(Lost("reset"))
        pauses.append(story.life.retry_at - before)
        story.happen(MediaFlowed())
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert story.life.attempt == 9

    story.pass_time(PATIENCE.steady)
    story.happen(Lost("reset"))

    assert (story.life.attempt, story.life.retry_at - story.now) == (1, 0.25)


def test_chance_shortens_a_pause_by_half_at_most() -> None:
    life = DestinationLife()
    life.handle(Needed(), 0.0)

    assert life.handle(Lost("refused"), 0.0, chance=0.5)[-1] == Dial(after=0.25 * 0.75)


def test_a_child_that_takes_over_is_recovering_then_running() -> None:
    story = Story(Resumed("taken over"))

    assert story.dials == [0.0]
    story.happen(MediaFlowed())

    assert story.statuses == [RECOVERING, RUNNING]


@pytest.mark.parametrize(
    ("before", "status", "told"),
    [
        ([Needed()], CONNECTING, [CONNECTING]),
        ([Needed(), MediaFlowed()], RECOVERING, [CONNECTING, RUNNING, RECOVERING]),
        ([Resumed("")], RECOVERING, [RECOVERING]),
    ],
)
def test_a_child_that_lets_go_does_not_end_what_another_one_goes_on_with(
    before: list[Event], status: Status, told: list[Status]
) -> None:
    story = Story(*before, Released("moves"))

    assert (story.life.status, story.statuses) == (status, told)


def test_a_stop_while_it_tries_forgets_what_was_wrong() -> None:
    story = Story(Needed(), Lost("refused", Fault.REFUSED), StopAsked(), Closed())

    assert story.statuses == [CONNECTING, DISCONNECTING, IDLE]
    assert (story.life.why, story.life.fault, story.life.retry_at) == ("", Fault.NONE, 0.0)


EVENTS: list[Event] = [
    Needed(),
    Resumed(""),
    MediaFlowed(),
    Lost(""),
    Released(""),
    Ticked(),
    GaveUp(),
    StopAsked(),
    Closed(),
]


@pytest.mark.parametrize(
    ("status", "event"),
    [(status, event) for status in Status for event in EVENTS if (status, type(event)) not in NEXT],
)
def test_an_illegal_event_raises_and_changes_nothing(status: Status, event: Event) -> None:
    life = DestinationLife(status=status)

    with pytest.raises(StateError, match=type(event).__name__):
        life.handle(event, 0.0)

    assert life.status is status


def test_the_diagram_in_the_documentation_is_the_table() -> None:
    drawn = "\n".join(
        f"    {before.name.lower()} --> {after.name.lower()}: {event.__name__}"
        for (before, event), after in NEXT.items()
    )

    assert f"    [*] --> idle\n{drawn}\n```" in ARCHITECTURE.read_text()
