"""Tap: units for those who watch, and none for nobody."""

from typing import cast

from tailrace.bus.connection import Bus
from tailrace.clock import Clock
from tailrace.ids import Kind, Output, SdkAppId, TaskId
from tailrace.model.plan import AudioEncoding
from tailrace.worker.reel import Reel
from tailrace.worker.tap import WATCHED_FOR, Tap
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox

OUTPUT = Output(SdkAppId(1), TaskId("task"))


class Tapped:
    """A reel of sound alone, 50 pieces a second, with a tap; nobody is there who would say that he watches."""

    def __init__(self, epoch: int) -> None:
        self.clock, self.out = ManualClock(), FakeOutbox()
        tap = Tap(cast(Bus, None), self.out.outbox, OUTPUT, epoch, lambda: self.reel.opening(), cast(Clock, self.clock))
        self.reel = Reel(AudioEncoding(), False, tap.offer)
        self.reel.audio_config(0, b"\x11\x90")
        self._pieces = 0

    def play(self, seconds: int) -> list[int]:
        """Go on, and return the numbers of the units that were sent."""
        before = len(self.out.units)
        for _ in range(50 * seconds):
            self.reel.sound(self._pieces * 20, b"sound")
            self._pieces += 1
            self.clock.pass_time(0.02)
        return [unit.sequence for unit in self.out.units[before:]]


def test_while_nobody_watches_nothing_is_sent() -> None:
    assert Tapped(epoch=1).play(5) == []


def test_a_child_that_takes_over_begins_as_if_it_were_watched_and_ends_unless_somebody_says_so() -> None:
    tapped = Tapped(epoch=2)

    assert tapped.play(1) == [*range(50)]
    assert {unit.session for unit in tapped.out.units} == {2}
    assert {subject for subject, _ in tapped.out.sent} == {f"media.{OUTPUT.token}.{Kind.AUDIO}"}
    tapped.play(int(WATCHED_FOR))
    assert tapped.play(1) == []


def test_a_bus_that_is_away_takes_nothing_and_stops_nothing() -> None:
    tapped = Tapped(epoch=2)
    tapped.out.away = True
    assert tapped.play(1) == []
    tapped.out.away = False

    assert tapped.play(1) == [*range(50, 100)]
