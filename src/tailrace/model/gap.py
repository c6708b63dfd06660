"""Gap: when an output must be filled because nothing comes from its publisher, up to which time, and when it is over.

While units come, output time is known by them: the latest one has its place there, and came just now. From then on it
goes on like the clock on the wall, and a track of which nothing has come for a while is filled up to there, so that
players see time go on steadily. Each track begins and ends by itself: a microphone may be switched off while pictures
go on. A track that there never was is not expected.

A publisher whose network stood still sends what it has kept as soon as it can. That time is filled already, so it
counts as away until it has caught up. One whose clock stood still never does; it is believed after a second.

Times are monotonic seconds, and microseconds of the output.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tailrace.ids import Kind

# So long nothing has come of a track, and of the others neither: networks of publishers on the move stand still for
# some tenths of a second all the time, and each filled gap costs the pictures up to the next key frame; players and
# CDNs keep 2 s and more.
PATIENCE = 1.0
# So long no picture has come although sound does: the lowest rate that the API knows is 1 frame per second, and a lost
# frame makes that 2 s. Sound has no such excuse.
PATIENCE_ALONE = 3.0
# What comes so much later than it should is what a publisher has kept while its network stood still.
LATE_US = 1_000_000
# What it has kept comes as fast as the network can; who is late for longer has a clock that stood still.
BELIEVED_AFTER = 1.0
# A gap that is found late, since this process stood still, is filled with so much at a time at most.
LARGEST_FILL_US = 5_000_000
# Enough that a player which waits for pictures before it plays sound does not stall, and cheap.
STILLS_PER_SECOND = 5


@dataclass(slots=True)
class _Track:
    came_at: float
    out_us: int
    count: int = 0
    step: float = 0.0  # between the last two, in seconds of the output


class Gap:
    """Tell it of each unit that is put on the output; ask it what to fill."""

    def __init__(self) -> None:
        self._tracks: dict[Kind, _Track] = {}
        self._filling: set[Kind] = set()
        self._known_at, self._known_us = 0.0, 0  # a moment, and the output time that it was
        self._awake_since = 0.0
        self._late: tuple[float, float] | None = None  # since when units have been late, and when the last one was

    @property
    def filling(self) -> frozenset[Kind]:
        """The tracks that are filled."""
        return frozenset(self._filling)

    def is_filling(self, kind: Kind) -> bool:
        """Return whether a track is filled."""
        return kind in self._filling

    @property
    def known(self) -> bool:
        """Whether there is or was anything."""
        return bool(self._tracks)

    @property
    def lost(self) -> bool:
        """Whether nothing at all comes from the publisher, and something did."""
        return bool(self._tracks) and self._filling == self._tracks.keys()

    def quiet_for(self, now: float) -> float:
        """Return for how many seconds the tracks that are filled have been quiet."""
        return now - min((self._tracks[kind].came_at for kind in self._filling), default=now)

    def count(self, kind: Kind) -> int:
        """Return how many units of a track came so far."""
        track = self._tracks.get(kind)
        return track.count if track else 0

    def begin(self, kinds: Iterable[Kind], out_us: int, now: float) -> None:
        """Fill these tracks from `out_us` on, at once: an earlier run of this output had them, and nobody is there."""
        for kind in kinds:
            self._tracks[kind] = _Track(now, out_us)
            self._filling.add(kind)
        self._known_at, self._known_us = now, out_us

    def came(self, kind: Kind, out_us: int, now: float) -> None:
        """Take note that a unit was put on the output."""
        track = self._tracks.get(kind)
        if track is None:
            track = self._tracks[kind] = _Track(now, out_us)
        else:
            track.step = (out_us - track.out_us) / 1_000_000
            track.came_at, track.out_us = now, out_us
        track.count += 1
        self._filling.discard(kind)
        self._late = None
        # Sound and picture do not come at the same time: whichever is ahead says how late it is.
        for other, one in self._tracks.items():
            if one.out_us > out_us and other not in self._filling:
                out_us = one.out_us
        self._known_at, self._known_us = now, out_us

    def held_up(self, now: float) -> None:
        """Take note that this process stood still until now: units may wait that it has not seen."""
        self._awake_since = now

    def look(self, now: float) -> frozenset[Kind]:
        """Return the tracks to be filled now."""
        for kind, track in self._tracks.items():
            if now - max(track.came_at, self._awake_since) >= self._patience(kind, now):
                self._filling.add(kind)
        return frozenset(self._filling)

    def time_us(self, now: float) -> int:
        """Return which output time is now, by the latest units."""
        return self._known_us + round((now - self._known_at) * 1_000_000)

    def returns_at(self, place_us: int | None, now: float) -> int | None:
        """Return where a unit that just came of a track that is filled goes; None: its publisher is still away.

        `place_us` is where it belongs by what is known of its clock; None when nothing is.
        """
        time_us = self.time_us(now)
        if place_us is None:
            return time_us
        if abs(time_us - place_us) <= LATE_US:
            return place_us
        if self._filling != self._tracks.keys():
            return None  # the others go on, and have the same clock
        if place_us > time_us:
            return time_us
        since, last = self._late or (now, now)
        self._late = (since if now - last < PATIENCE else now), now
        return time_us if now - self._late[0] >= BELIEVED_AFTER else None

    def _patience(self, kind: Kind, now: float) -> float:
        alone = any(now - track.came_at < PATIENCE for other, track in self._tracks.items() if other is not kind)
        if kind is Kind.VIDEO and alone:
            return PATIENCE_ALONE
        # Slow pictures are not missing yet.
        return min(max(PATIENCE, 3 * self._tracks[kind].step), PATIENCE_ALONE)
