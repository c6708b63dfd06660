"""VideoSource: one stream's pictures, decoded and scaled in a thread of their own, ready when they are due."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tailrace.errors import PeerError
from tailrace.media.scaler import Scaled, Scaler, Shape
from tailrace.model.playout import Playout
from tailrace.unit import Codec, Unit
from tailrace.wire import sei

_log = logging.getLogger(__name__)

# Units that wait for the decoder. What is not due yet waits here, encoded: 1 s is the longest delay, the largest
# start 5 s at 60 pictures a second. Beyond, the decoder is too slow, and what waits is left out up to a key frame.
MAX_WAITING = 400
# A decoder that is further behind goes on with the next key frame: better a jump than people who are seconds late.
MOST_BEHIND_US = 1_000_000
# Decoded pictures that wait until they are due: 2 would do, 4 keep a thread that is held up for 100 ms from being late.
MAX_AHEAD = 4
# SEI units that wait for the next output frame; a picture has one or two.
MAX_SEI = 32
_DECODERS = {Codec.H264: "h264", Codec.VP8: "vp8"}


@dataclass(slots=True)
class _Picture:
    pts_us: int
    playout: Playout
    frame: VideoFrame
    scaled: Scaled

    @property
    def due_us(self) -> int:
        return self.playout.at(self.pts_us)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The output's ticks: from `begin_us` on, one each `period_us`."""

    begin_us: int
    period_us: float

    def tick(self, due_us: int) -> int:
        return -int((self.begin_us - due_us) // self.period_us)


class VideoSource:
    """Feed it units from one thread, look at it from another one; after `close` its thread ends by itself.

    `on_picture` is called in its thread when there is a first picture.
    """

    def __init__(self, name: str, shape: Shape, keep_sei: bool, on_picture: Callable[[], None]) -> None:
        self.dropped = 0
        """Pictures left out because the decoder was too slow."""
        self.broken = 0
        """Units that could not be decoded."""
        self.shape = shape
        self.keep_sei = keep_sei
        self._on_picture = on_picture
        self._units: deque[tuple[Unit, Playout]] = deque()
        self._ahead: deque[_Picture] = deque()
        self._sei: deque[bytes] = deque(maxlen=MAX_SEI)
        self._shown: _Picture | None = None
        self._grid: _Grid | None = None
        self._lock = threading.RLock()
        # Two, so that a look, which makes room 15 times a second, does not wake a thread that waits for a unit.
        self._more = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._closing = False
        self._decoder: VideoCodecContext | None = None
        self._config = b""
        self._wait_for_key = True
        self._scaler = Scaler()
        threading.Thread(target=self._run, name=f"decode {name}", daemon=True).start()

    def feed(self, unit: Unit, playout: Playout) -> None:
        """Take a unit, in the order of decoding; it is due when `playout` says."""
        with self._lock:
            if len(self._units) >= MAX_WAITING:
                self._drop_waiting()
                self._wait_for_key = True
            elif unit.key and self._behind_us > MOST_BEHIND_US:
                self._drop_waiting()  # this one needs none of them
            self._units.append((unit, playout))
            self._more.notify()

    @property
    def live(self) -> bool:
        """Whether there is a picture to show."""
        return self._shown is not None

    @property
    def _behind_us(self) -> int:
        """How long ago the oldest unit that waits was due."""
        if self._grid is None or not self._units:
            return 0
        unit, playout = self._units[0]
        return self._grid.begin_us - playout.at(unit.pts_us)

    def _drop_waiting(self) -> None:
        self.dropped += len(self._units)
        self._units.clear()

    def look(self, now_us: int, period_us: float) -> tuple[VideoFrame, Scaled] | None:
        """Return the picture that is shown from output time `now_us` on, scaled to a shape that may be an earlier one.

        None before the first. The next look will be a period later.
        """
        with self._lock:
            self._grid = _Grid(now_us, period_us)
            while self._ahead and self._ahead[0].due_us <= now_us:
                self._shown = self._ahead.popleft()
                self._room.notify()
            return (self._shown.frame, self._shown.scaled) if self._shown else None

    def take_sei(self) -> list[bytes]:
        """Return the SEI units that came since the last call."""
        with self._lock:
            found = list(self._sei)
            self._sei.clear()
        return found

    def close(self) -> None:
        """Let the thread end, once the picture in work is decoded; the last picture stays."""
        with self._lock:
            self._closing = True
            self._more.notify()
            self._room.notify()

    def _run(self) -> None:
        while (found := self._next()) is not None:
            unit, playout = found
            if self.keep_sei and unit.codec is Codec.H264:
                self._keep_sei(unit)
            for frame in self._decode(unit):
                if not self._is_overtaken(unit.pts_us, playout):
                    scaled = self._scaler.scale(frame, self.shape)
                    self._put(_Picture(unit.pts_us, playout, frame, scaled))

    def _keep_sei(self, unit: Unit) -> None:
        try:
            self._sei.extend(sei.upstream(unit.payload))
        except PeerError:
            self.broken += 1  # the decoder will say so too, or find pictures in it all the same

    def _next(self) -> tuple[Unit, Playout] | None:
        with self._lock:
            self._more.wait_for(lambda: self._units or self._closing)
            return None if self._closing else self._units.popleft()

    def _decode(self, unit: Unit) -> list[VideoFrame]:
        if unit.key and (self._decoder is None or unit.config != self._config):
            self._open(unit)
        if self._decoder is None or (self._wait_for_key and not unit.key) or not unit.payload:
            return []  # without a payload it would be the end of the stream to FFmpeg
        self._wait_for_key = False
        try:
            return self._decoder.decode(av.Packet(unit.payload))
        except av.FFmpegError:
            self.broken += 1
            self._wait_for_key = True
            return []

    def _open(self, unit: Unit) -> None:
        decoder = cast(VideoCodecContext, av.CodecContext.create(_DECODERS[unit.codec], "r"))
        decoder.extradata = unit.config
        # One picture in, one out: several threads would hold some back, and each source has its own thread already.
        decoder.thread_count = 1
        decoder.flags |= Flags.low_delay
        self._decoder, self._config = decoder, unit.config

    def _is_overtaken(self, pts_us: int, playout: Playout) -> bool:
        """Whether the next picture is due at the same tick, so that nobody would ever see this one."""
        with self._lock:
            if not self._units:
                return False
            later, its_playout = self._units[0]
            if self._grid is None:
                return True
            if self._shown is None and not self._ahead:
                return False  # somebody looks already: an old picture is better than none
            due_us = its_playout.at(later.pts_us)
            return self._grid.tick(due_us) <= max(0, self._grid.tick(playout.at(pts_us)))

    def _put(self, picture: _Picture) -> None:
        with self._lock:
            self._room.wait_for(lambda: len(self._ahead) < MAX_AHEAD or self._closing)
            if self._grid is None:
                # Nobody has looked yet: the latest one is what shall be seen first.
                first, self._shown = self._shown is None, picture
            else:
                first = False
                self._ahead.append(picture)
        if first:
            self._on_picture()
