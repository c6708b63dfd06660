"""Sound and picture of one sender come to lie beside each other, and no report can make time go back."""

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tailrace.wire.rtp.alignment import Alignment
from tailrace.wire.rtp.rtcp_report import SenderReport
from tailrace.wire.rtp.track_clock import TrackClock

NTP_START = 3_900_000_000 << 32


@dataclass
class Track:
    """A sender's track. Real time is in seconds; `rate_error` is its clock's, in parts of one."""

    clock: TrackClock
    ssrc: int
    rate_hz: int
    first_timestamp: int
    rate_error: float = 0.0
    paused: float = 0.0  # by how much its timestamps are behind since a pause that they did not count
    times: list[tuple[float, int]] = field(default_factory=list)

    def timestamp(self, at: float) -> int:
        return (self.first_timestamp + round((at - self.paused) * self.rate_hz * (1 + self.rate_error))) % (1 << 32)

    def send(self, at: float, delay: float) -> None:
        self.times.append((at, self.clock.at(self.timestamp(at), round((at + delay) * 1_000_000))))

    def report(self, at: float, wall: float | None = None) -> SenderReport:
        ntp = NTP_START + int((at if wall is None else wall) * (1 << 32))
        return SenderReport(self.ssrc, ntp % (1 << 64), self.timestamp(at), 0, 0)

    def error(self) -> float:
        """By how many seconds the last time is later than the real one."""
        at, us = self.times[-1]
        return us / 1_000_000 - at


class Sender:
    """A sound and a picture; the picture takes longer on its way."""

    def __init__(self) -> None:
        self.sound = Track(TrackClock(48_000, 0.004), 2, 48_000, (1 << 32) - 100_000)
        self.picture = Track(TrackClock(90_000, 0.1), 1, 90_000, 123_456)
        self.alignment = Alignment(self.sound.clock, self.picture.clock)
        self.now = 0.0

    def run(self, seconds: float, picture_delay: float = 0.090) -> None:
        end = self.now + seconds
        while self.now < end:
            self.sound.send(self.now, 0.020)
            self.picture.send(self.now, picture_delay)
            self.now = round(self.now + 0.02, 6)

    def report(self, track: Track, wall: float | None = None) -> None:
        self.alignment.report(track.clock, track.report(self.now, wall), round((self.now + 0.03) * 1_000_000))

    def both(self) -> None:
        self.report(self.sound)
        self.report(self.picture)

    @property
    def apart_ms(self) -> float:
        """By how much the picture is later than the sound."""
        return (self.picture.error() - self.sound.error()) * 1000

    def never_went_back(self) -> bool:
        return all(
            after[1] >= before[1] for track in (self.sound, self.picture) for before, after in pairwise(track.times)
        )

    def largest_step_ms(self, track: Track) -> float:
        return max((after[1] - before[1]) / 1000 for before, after in pairwise(track.times))


def test_before_any_report_arrival_counts() -> None:
    sender = Sender()
    sender.run(5)

    assert abs(sender.apart_ms - 70) < 0.1


def test_with_reports_the_picture_comes_to_lie_beside_the_sound_which_is_not_touched() -> None:
    sender = Sender()
    sender.run(1)
    sender.report(sender.picture)
    sender.run(1)
    assert abs(sender.apart_ms - 70) < 0.1
    sender.report(sender.sound)
    sender.run(2)

    assert abs(sender.apart_ms) < 1
    assert abs(sender.sound.error() - 0.020) < 0.001
    assert sender.never_went_back()
    assert sender.largest_step_ms(sender.picture) <= 20 * 1.1 + 0.01
    assert sender.largest_step_ms(sender.sound) <= 20.01


def test_they_stay_there_for_an_hour_though_the_sound_cards_clock_is_another_one() -> None:
    sender = Sender()
    sender.sound.rate_error = 100e-6  # 360 ms in an hour
    for _ in range(720):
        sender.run(5)
        sender.both()

    assert abs(sender.apart_ms) < 3
    assert abs(sender.sound.error() - 0.020) < 0.010  # so sound goes by the wall clock, too
    assert sender.never_went_back()
    assert sender.largest_step_ms(sender.sound) <= 20 * 1.005


def test_reports_of_sound_that_are_guesses_are_evened_out() -> None:
    sender = Sender()
    for number in range(60):
        sender.run(1)
        sender.report(sender.sound, sender.now + (0.004 if number % 2 else -0.004))
        sender.report(sender.picture)

    assert abs(sender.apart_ms) < 6
    assert sender.largest_step_ms(sender.sound) <= 20 * 1.005


def test_a_large_error_is_believed_only_when_two_reports_of_each_say_it_and_whoever_is_behind_steps_forward() -> None:
    sender = Sender()
    sender.run(1, picture_delay=2.0)  # 1.98 s too late at first
    sender.both()
    sender.run(1, picture_delay=0.09)
    assert sender.apart_ms > 1900
    sender.both()
    sender.run(0.1, picture_delay=0.09)

    assert abs(sender.apart_ms) < 1
    assert sender.never_went_back()
    assert sender.largest_step_ms(sender.sound) > 1900
    assert sender.largest_step_ms(sender.picture) < 25


def test_sound_that_paused_without_counting_steps_over_the_pause() -> None:
    sender = Sender()
    sender.both()
    sender.run(10)
    sender.both()
    sender.sound.paused = 3.0
    sender.now += 3.0
    for _ in range(4):
        sender.run(2)
        sender.both()
    sender.run(0.1)

    assert abs(sender.apart_ms) < 1
    assert sender.never_went_back()


def test_a_wall_clock_that_is_set_moves_nothing() -> None:
    sender = Sender()
    for second in range(60):
        sender.run(1)
        step = -3600.0 if second > 20 else 0.0
        if second % 5 == 0:
            sender.report(sender.sound, sender.now + step)
        sender.report(sender.picture, sender.now + step)

    assert abs(sender.apart_ms) < 1
    assert sender.largest_step_ms(sender.picture) <= 22.01
    assert sender.largest_step_ms(sender.sound) <= 20.1


def test_a_sender_without_a_wall_clock_is_left_alone() -> None:
    sender = Sender()
    for _ in range(5):
        sender.run(1)
        for track in (sender.sound, sender.picture):
            report = SenderReport(track.ssrc, 0, track.timestamp(sender.now), 0, 0)
            sender.alignment.report(track.clock, report, round(sender.now * 1_000_000))

    assert abs(sender.apart_ms - 70) < 0.1


def test_the_wall_clock_wraps_in_2036_without_a_trace() -> None:
    sender = Sender()
    near_end = ((1 << 32) - 3_900_000_000) - 10.0  # ten seconds before its seconds wrap
    for _ in range(20):
        sender.run(1)
        sender.report(sender.sound, sender.now + near_end)
        sender.report(sender.picture, sender.now + near_end)

    assert abs(sender.apart_ms) < 1
    assert sender.largest_step_ms(sender.picture) <= 22.01


def test_a_picture_alone_follows_the_senders_wall_clock() -> None:
    picture = Track(TrackClock(90_000, 0.1), 1, 90_000, 0, rate_error=500e-6)
    alignment = Alignment(None, picture.clock)
    for number in range(3000):
        now = number / 10
        picture.send(now, 0.0)
        if number % 10 == 0:
            alignment.report(picture.clock, picture.report(now), round(now * 1_000_000))

    assert abs(picture.error()) < 0.002


REPORTS = st.tuples(st.booleans(), st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 32) - 1) | st.none())


@given(st.lists(REPORTS, max_size=30))
def test_wild_reports_never_make_time_go_back_or_run_away(reports: list[tuple[bool, int, int | None]]) -> None:
    sender = Sender()
    for of_sound, ntp, rtp in reports:
        sender.run(0.1)
        track = sender.sound if of_sound else sender.picture
        report = SenderReport(track.ssrc, ntp, track.timestamp(sender.now) if rtp is None else rtp, 0, 0)
        sender.alignment.report(track.clock, report, round(sender.now * 1_000_000))
    sender.run(0.1)

    assert sender.never_went_back()
    assert -0.5 < sender.sound.error() < 11
    assert -0.5 < sender.picture.error() < 11
