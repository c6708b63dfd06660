"""Alignment: sound and picture of one sender beside each other, by what its sender reports say.

A report says which moment of the sender's wall clock a timestamp is. So both tracks can be laid on that clock. The
first report of the sound, or of a picture without sound, says where the wall clock lies on ours: the sound stays where
its arrival has put it, and pictures are moved to it, since a moved picture is not seen and moved sound is heard. Later
reports correct what sound card and wall clock drift apart, which is some ten parts in a million.

- An error of up to half a second is reached by slewing: arrival is hardly ever further off.
- A larger one is believed when two reports of each track agree with each other and with the time that has passed.
  Whoever is behind then steps forward at once: time is never taken back.
- A report whose timestamp is far from those that come, or without a wall clock, is left out. One that contradicts the
  one before in the time that passed, as when the sender's clock is set, makes what the other track has said worthless.
"""

from dataclasses import dataclass

from tailrace.wire.rtp.rtcp_report import SenderReport
from tailrace.wire.rtp.track_clock import TrackClock

_LARGEST_SLEWED_US = 500_000
# Reports and packets wait in queues of up to some hundred milliseconds on their way.
_LARGEST_DISAGREEMENT_US = 500_000
# Trusted for an error of any size.
_AGREEING_REPORTS = 2
# The timestamp in a report of sound is a guess of the sender's between two packets, a few milliseconds off, while a
# sound card drifts by less than one between two reports: a quarter of each error follows the drift and not the noise.
_SOUND_GAIN = 0.25
# Nothing may be that much later than its arrival, whatever a report says.
_FURTHEST_AHEAD_US = 10_000_000
_NTP_WRAP, _NTP_HALF = 1 << 64, 1 << 63


@dataclass(slots=True)
class _Reported:
    """What the last report of a track said."""

    clock: TrackClock
    arrival_us: int = 0
    wall_us: float = 0.0  # on the sender's clock, from the session's first report on
    raw_us: float = 0.0  # the same moment by the track's clock, without its shift
    restarts: int = 0  # of the clock, before the report
    agreeing: int = 0  # reports in a row that agree; 0: none is worth anything


class Alignment:
    """One session's: its sound and its picture, of which either may be None."""

    def __init__(self, sound: TrackClock | None, picture: TrackClock | None) -> None:
        self._sound = None if sound is None else _Reported(sound)
        self._picture = None if picture is None else _Reported(picture)
        self._first_ntp: int | None = None
        self._offset_us: float | None = None  # the session's clock minus the sender's wall clock

    def report(self, clock: TrackClock, report: SenderReport, now_us: int) -> None:
        """Take a sender report of the track that has this clock."""
        track = self._sound if self._sound is not None and self._sound.clock is clock else self._picture
        raw_us = clock.raw(report.rtp, now_us)
        if track is None or raw_us is None or report.ntp == 0:
            return
        wall_us = self._wall_us(report.ntp)
        self._notice_restarts()
        if track.agreeing:
            wall_passed_us = wall_us - track.wall_us
            if abs(wall_passed_us - (now_us - track.arrival_us)) > _LARGEST_DISAGREEMENT_US:
                self._forget()
            elif abs(raw_us - track.raw_us - wall_passed_us) > _LARGEST_DISAGREEMENT_US:
                track.agreeing = 0
        track.arrival_us, track.wall_us, track.raw_us = now_us, wall_us, raw_us
        track.agreeing += 1
        self._align(now_us)

    def _wall_us(self, ntp: int) -> float:
        if self._first_ntp is None:
            self._first_ntp = ntp
        # Signed, so that a clock that is set back, or one that wraps in 2036, is near.
        since = (ntp - self._first_ntp + _NTP_HALF) % _NTP_WRAP - _NTP_HALF
        return since * 1_000_000 / (1 << 32)

    def _notice_restarts(self) -> None:
        """Where a clock was joined anew, reports from before say nothing of it any more."""
        for track in (self._sound, self._picture):
            if track is not None and track.restarts != track.clock.restarts:
                track.restarts, track.agreeing = track.clock.restarts, 0
                if track is self._sound or self._sound is None:
                    self._offset_us = None

    def _forget(self) -> None:
        self._offset_us = None
        for track in (self._sound, self._picture):
            if track is not None:
                track.agreeing = 0

    def _align(self, now_us: int) -> None:
        sound, picture = self._sound, self._picture
        if self._offset_us is None:
            first = sound if sound is not None else picture
            if first is None or not first.agreeing:
                return
            self._offset_us = first.raw_us + first.clock.shift_us - first.wall_us
        offset_us = self._offset_us
        tracks = [track for track in (sound, picture) if track is not None and track.agreeing]
        errors = [offset_us - (track.raw_us + track.clock.shift_us - track.wall_us) for track in tracks]
        if all(abs(error) <= _LARGEST_SLEWED_US for error in errors):
            for track, error in zip(tracks, errors, strict=True):
                gain = _SOUND_GAIN if track is sound else 1.0
                track.clock.target_us = track.clock.shift_us + error * gain
        elif all(track.agreeing >= _AGREEING_REPORTS for track in tracks):
            self._step(tracks, errors, now_us)

    def _step(self, tracks: list[_Reported], errors: list[float], now_us: int) -> None:
        """Move everybody to whoever is furthest ahead."""
        back_us = min(*errors, 0.0)
        forward_us = [error - back_us for error in errors]
        for track, step_us in zip(tracks, forward_us, strict=True):
            if track.raw_us + track.clock.shift_us + step_us - now_us > _FURTHEST_AHEAD_US:
                self._forget()
                return
        if self._offset_us is not None:
            self._offset_us -= back_us
        for track, step_us in zip(tracks, forward_us, strict=True):
            track.clock.target_us = track.clock.shift_us + step_us
            track.clock.jump()
