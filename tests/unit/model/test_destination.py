"""DestinationLife: the sequences of spec/04 section 4.1, as scripts of what happened and what to do."""

from pathlib import Path

import pytest

from tailrace.errors import StateError
from tailrace.model.destination import (
    NEXT,
    RETRY_WINDOW,
    Closed,
    DestinationLife,
    Dial,
    Event,
    GaveUp,
    Lost,
    MediaFlowed,
    Needed,
    Report,
    StopAsked,
)
from tailrace.model.task import DestinationStatus as Status

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"


def statuses(*events: Event) -> list[Status]:
    life, seen = DestinationLife(), list[Status]()
    for event in events:
        seen += [command.status for command in life.handle(event, 0.0) if isinstance(command, Report)]
    return seen


def test_a_start_is_connecting_then_running() -> None:
    assert statuses(Needed(), MediaFlowed()) == [Status.CONNECTING, Status.RUNNING]


def test_a_stop_is_disconnecting_then_idle() -> None:
    after_running = statuses(Needed(), MediaFlowed(), StopAsked(), Closed())[2:]

    assert after_running == [Status.DISCONNECTING, Status.IDLE]


def test_a_reconnect_is_recovering_then_running() -> None:
    life = DestinationLife()
    life.handle(Needed(), 0.0)
    life.handle(MediaFlowed(), 0.1)

    commands = life.handle(Lost("reset by peer"), 10.0)

    assert commands == [Report(Status.RECOVERING, "reset by peer"), Dial(after=0.25)]
    assert life.handle(MediaFlowed(), 10.5) == [Report(Status.RUNNING, "")]


@pytest.mark.parametrize("was_running", [False, True])
def test_tries_end_in_failure_after_the_window(was_running: bool) -> None:
    life, now = DestinationLife(), 0.0
    life.handle(Needed(), now)
    if was_running:
        life.handle(MediaFlowed(), now)
    pauses = list[float]()
    commands = life.handle(Lost("refused"), now)
    while isinstance(dial := commands[-1], Dial):
        pauses.append(dial.after)
        now += dial.after
        commands = life.handle(Lost("refused"), now)

    assert pauses[:5] == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert max(pauses) == 5.0
    assert RETRY_WINDOW - 5.0 < now <= RETRY_WINDOW
    assert commands[-1] == Report(Status.FAILURE, "refused")


def test_a_running_destination_that_is_lost_again_has_a_whole_window_again() -> None:
    life = DestinationLife()
    for now in (0.0, 50.0, 100.0):
        life.handle(Needed() if now == 0.0 else Lost("gone"), now)
        life.handle(MediaFlowed(), now + 1)

    assert life.handle(Lost("gone"), 150.0)[1] == Dial(after=0.25)


def test_chance_shortens_a_pause_by_half_at_most() -> None:
    life = DestinationLife()
    life.handle(Needed(), 0.0)

    assert life.handle(Lost("refused"), 0.0, chance=0.5)[-1] == Dial(after=0.25 * 0.75)


EVENTS: list[Event] = [Needed(), MediaFlowed(), Lost(""), GaveUp(""), StopAsked(), Closed()]


@pytest.mark.parametrize(
    ("status", "event"),
    [(status, event) for status in Status for event in EVENTS if (status, type(event)) not in NEXT],
)
def test_an_illegal_event_raises_and_changes_nothing(status: Status, event: Event) -> None:
    life = DestinationLife()
    life.status = status

    with pytest.raises(StateError, match=type(event).__name__):
        life.handle(event, 0.0)

    assert life.status is status


def test_the_diagram_in_the_documentation_is_the_table() -> None:
    drawn = "\n".join(
        f"    {before.name.lower()} --> {after.name.lower()}: {event.__name__}"
        for (before, event), after in NEXT.items()
    )

    assert f"    [*] --> idle\n{drawn}\n```" in ARCHITECTURE.read_text()
