"""Comparison: `python -m tailrace.media.comparison FILE SHEET.png < QUESTION` looks at a mix around an update.

The update adds a watermark: pictures that have it are those after it. In each half it is counted in how many pictures
each guest's colour is found in his window, and how loud each guest's tone is; and the sheet shows both halves side by
side. The question and the answer are JSON (`Question`, `look.Seen` and `Found`).
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from tailrace.media.canvas import colour_of, planes_of
from tailrace.media.guest import GUESTS, Guest
from tailrace.media.look import look
from tailrace.media.pair_sheet import PairSheet

# Half of what the guests' colours are apart (media/guest.py).
_SAME: Final = 25
# A portrait is his colour in more than half of it, also when it is cut to a narrow window.
_MIN_SHARE: Final = 0.3
# Letters cover a part of the watermark's ground.
_MIN_MARK: Final = 0.4
# Each fourth pixel in both directions: a window of a fourth of the width still has 3600 of them.
_STEP: Final = 4
_RATE: Final = 48000
# Long enough to tell tones apart that are 40 Hz from each other.
_CHUNK: Final = _RATE // 4
# A mixer that follows a publisher's clock plays him up to half a percent faster or slower (media/voice.py).
_STRETCHES: Final = (0.995, 0.9975, 1.0, 1.0025, 1.005)

_Plane = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the mix in pixels; `guest` is the number of who should be in it, 0: nobody with a portrait."""

    x: int
    y: int
    width: int
    height: int
    layer: int = 0
    guest: int = 0

    def slices(self) -> tuple[slice, slice]:
        """Return rows and columns of the thinned picture."""
        return (
            slice(self.y // _STEP, (self.y + self.height) // _STEP),
            slice(self.x // _STEP, (self.x + self.width) // _STEP),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """`halves` are the windows before and after; what lies before `settled` seconds is not judged.

    `mark` is the watermark's place, `colour` (0xRRGGBB) its ground. `captions` stand above the two halves.
    """

    settled: float
    mark: Box
    colour: int
    halves: tuple[tuple[Box, ...], tuple[Box, ...]]
    guests: tuple[int, ...]
    captions: tuple[str, str]
    title: str

    @classmethod
    def read(cls, text: str) -> "Question":
        """Return it from JSON."""
        values: dict[str, Any] = json.loads(text)
        before, after = ([Box(**box) for box in half] for half in values.pop("halves"))
        mark = Box(**values.pop("mark"))
        return cls(**values, mark=mark, halves=(tuple(before), tuple(after)))


@dataclass(slots=True)
class Half:
    """What was found in one half: in how many of its pictures each guest was, and each tone's median amplitude."""

    pictures: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    heard: dict[int, float] = field(default_factory=dict)


class Comparison:
    """Takes the frames of a stream one after the other."""

    def __init__(self, question: Question) -> None:
        self.halves = Half(), Half()
        self.switch_at: float | None = None
        self.longest_gap = 0.0
        self._question = question
        self._sheet = PairSheet(question.title, question.captions)
        self._last: float | None = None
        self._ear = Ear([GUESTS[number - 1] for number in question.guests])

    def take(self, frame: VideoFrame | AudioFrame) -> None:
        """Take the next frame."""
        if isinstance(frame, AudioFrame):
            self._ear.take(frame)
            return
        at = frame.time or 0.0
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, at - self._last)
        self._last = at
        if at < self._question.settled:
            return
        planes = _thinned(frame)
        if self.switch_at is None and _share(planes, self._question.colour, self._question.mark) >= _MIN_MARK:
            self.switch_at = at
        number = 0 if self.switch_at is None else 1
        half = self.halves[number]
        half.pictures += 1
        for guest in _found(planes, self._question.halves[number], self._question.mark if number else None):
            half.seen[guest] = half.seen.get(guest, 0) + 1
        self._sheet.take(number, frame)

    def finish(self, sheet: Path) -> None:
        """Save the sheet, and say how loud everybody was in each half."""
        self._sheet.save(sheet)
        for half, (begin, end) in zip(
            self.halves,
            ((self._question.settled, self.switch_at or float("inf")), (self.switch_at or float("inf"), float("inf"))),
            strict=True,
        ):
            half.heard = self._ear.heard(begin, end)


class Ear:
    """Says how loud the tones of some guests are in a mix, quarter of a second by quarter of a second."""

    def __init__(self, guests: list[Guest]) -> None:
        self._guests = guests
        at = np.arange(_CHUNK) / _RATE
        window = np.hanning(_CHUNK)
        pitches = np.array([[guest.tone_hz * stretch] for guest in guests for stretch in _STRETCHES])
        waves = np.exp(-2j * np.pi * pitches.reshape(-1, 1) * at)
        self._waves = 2 * waves * window / window.sum()
        self._resampler = AudioResampler("fltp", "stereo", _RATE)
        self._waiting = np.zeros(0, np.float32)
        self._at = 0.0
        self._chunks: list[tuple[float, list[float]]] = []

    def take(self, frame: AudioFrame) -> None:
        """Take the next piece of sound."""
        if not self._guests:
            return
        if not len(self._waiting):
            self._at = frame.time or 0.0
        pieces = [piece.to_ndarray().mean(axis=0) for piece in self._resampler.resample(frame)]
        self._waiting = np.concatenate([self._waiting, *pieces])
        while len(self._waiting) >= _CHUNK:
            levels = np.abs(self._waves @ self._waiting[:_CHUNK]).reshape(-1, len(_STRETCHES)).max(axis=1)
            self._chunks.append((self._at, [float(level) for level in levels]))
            self._waiting = self._waiting[_CHUNK:]
            self._at += _CHUNK / _RATE

    def heard(self, begin: float, end: float) -> dict[int, float]:
        """Return each guest's median amplitude between two times, by number."""
        chunks = [levels for at, levels in self._chunks if begin <= at < end]
        return {
            guest.number: round(median(levels[index] for levels in chunks), 4) if chunks else 0.0
            for index, guest in enumerate(self._guests)
        }


def _thinned(frame: VideoFrame) -> tuple[_Plane, _Plane, _Plane]:
    """Return each fourth pixel of the three planes; their differences need a sign."""
    y, u, v = planes_of(frame.reformat(format="yuv420p"))
    half = _STEP // 2
    thinned = [plane.astype(np.int16) for plane in (y[::_STEP, ::_STEP], u[::half, ::half], v[::half, ::half])]
    return thinned[0], thinned[1], thinned[2]


def _found(planes: tuple[_Plane, _Plane, _Plane], windows: tuple[Box, ...], mark: Box | None) -> list[int]:
    """Return the guests whose colour is seen in the part of their window that nothing covers."""
    ordered = sorted(windows, key=lambda window: window.layer)
    on_top = np.zeros(planes[0].shape, np.uint8)
    for number, window in enumerate(ordered, 1):
        on_top[window.slices()] = number
    if mark is not None:
        on_top[mark.slices()] = 0
    found = []
    for number, window in enumerate(ordered, 1):
        visible = on_top[window.slices()] == number
        if window.guest and _share(planes, GUESTS[window.guest - 1].colour, window, visible) >= _MIN_SHARE:
            found.append(window.guest)
    return found


def _share(
    planes: tuple[_Plane, _Plane, _Plane], colour: int, box: Box, visible: NDArray[np.bool_] | None = None
) -> float:
    """Return the part of what is visible of a box that has this colour."""
    distance = np.zeros(planes[0][box.slices()].shape, np.int32)
    for plane, part in zip(planes, colour_of(colour), strict=True):
        distance += (plane[box.slices()].astype(np.int32) - part) ** 2
    same = distance <= _SAME**2
    if visible is not None:
        same = same[visible]
    return float(same.mean()) if same.size else 0.0


def main() -> int:
    """Print what was seen; return the exit status."""
    comparison = Comparison(Question.read(sys.stdin.read()))
    try:
        seen = look(Path(sys.argv[1]), None, comparison.take)
        comparison.finish(Path(sys.argv[2]))
    except (av.FFmpegError, OSError) as error:
        print(error.strerror or error, file=sys.stderr)
        return 1
    answer = {name: value for name, value in asdict(seen).items() if not name.startswith("_")} | {
        "halves": [asdict(half) for half in comparison.halves],
        "switch_at": comparison.switch_at,
        "longest_gap": round(comparison.longest_gap, 3),
    }
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
