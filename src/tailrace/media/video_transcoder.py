"""VideoTranscoder: VP8 of a browser to H.264 that looks alike, in a thread of its own.

Each picture is decoded, as others need it, but only those that come in time are encoded. The size is the source's, also
when a browser changes it, which it does all the time on a poor network; the frame rate, which x264 counts its bits by,
is measured.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tailrace.clock import Clock
from tailrace.media.picture_encoder import EncodedPicture, PictureEncoder
from tailrace.model.encoding import ALIKE_GOP, Colours, alike, choose
from tailrace.unit import Unit

# A picture that has waited longer is not encoded: the delay of a relay shall not grow with each hiccup of its machine.
LATE_SECONDS: Final = 0.25
# The largest start: 5 s at 60 pictures a second, and what is live meanwhile. Beyond, it waits for a key frame.
MAX_WAITING: Final = 400
# Until it is measured.
LIKELY_FPS: Final = 30
# x264's rate is right within this factor of the frame rate it was told; browsers go from 30 to 15 and to 7.
FPS_TOLERANCE: Final = 1.3
_GROUP_US: Final = ALIKE_GOP * 1_000_000


@dataclass(frozen=True, slots=True)
class Transcoded:
    """One H.264 access unit. `config` is its AVCDecoderConfigurationRecord, `at_us` the time that was fed."""

    at_us: int
    key: bool
    config: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Waiting:
    unit: Unit
    at_us: int
    came: float | None  # monotonic seconds; None: it is of the past, and only needed by later ones
    anew: bool  # the next picture made is a key frame


class VideoTranscoder:
    """Feed it all units of a stream from a key frame on; `ready` is called, in its thread, for each picture made.

    `preset` and `threads` are the configuration's (`model.encoding.choose`). `close` lets the thread end.
    """

    def __init__(self, preset: str, threads: int, clock: Clock, ready: Callable[[Transcoded], None]) -> None:
        self.left_out = 0
        """Pictures that were not encoded because this machine was too slow."""
        self.broken = 0
        """Units that could not be decoded."""
        self.done = 0
        """Units that the thread is done with, whatever became of them."""
        self._preset, self._threads = preset, threads
        self._clock = clock
        self._ready = ready
        self._units: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._at_work = False
        self._begin_anew = False  # with what is fed next
        self._key_wanted = False
        self._decoder = _decoder()
        self._wait_for_key = True
        self._encoder: PictureEncoder | None = None
        self._size = (0, 0)
        self._fps = LIKELY_FPS
        self._told_fps = 0  # the encoder
        self._odd_groups = 0  # whose rate was another one, in a row
        self._number = 0
        self._times: dict[int, int] = {}  # of the pictures inside the encoder
        self._group_us: int | None = None  # when the current group of pictures began
        self._group_pictures = 0  # of the source
        threading.Thread(target=self._run, name="transcode", daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether the thread has work."""
        with self._changed:
            return self._at_work or bool(self._units)

    def feed(self, unit: Unit, at_us: int, *, past: bool = False) -> None:
        """Take the next unit, which is seen at `at_us` of the output; `past`: it is not, but later ones need it."""
        with self._changed:
            if len(self._units) >= MAX_WAITING:
                self.left_out += len(self._units)
                self._units.clear()
                self._wait_for_key = True
            anew, self._begin_anew = self._begin_anew, False
            self._units.append(_Waiting(unit, at_us, None if past else self._clock.monotonic(), anew))
            self._changed.notify()

    def break_off(self) -> None:
        """Begin with a key frame, at what is fed next: something else was seen meanwhile."""
        with self._changed:
            self._units = deque(replace(waiting, came=None) for waiting in self._units)
            self._begin_anew = True

    def close(self) -> None:
        """Make no more pictures; the thread ends by itself, once the one in work is done."""
        with self._changed:
            self._closing = True
            self._units.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            self._key_wanted |= waiting.anew
            for frame in self._decode(waiting.unit):
                self._group_pictures += 1
                if waiting.came is None:
                    continue
                if self._encoder is not None and self._clock.monotonic() - waiting.came > LATE_SECONDS:
                    self.left_out += 1
                    continue
                self._encode(frame, waiting.at_us)
            self.done += 1

    def _next(self) -> _Waiting | None:
        with self._changed:
            self._at_work = False
            self._changed.wait_for(lambda: self._units or self._closing)
            if self._closing:
                return None
            self._at_work = True
            return self._units.popleft()

    def _decode(self, unit: Unit) -> list[VideoFrame]:
        if self._wait_for_key and not unit.key:
            return []
        self._wait_for_key = False
        try:
            return self._decoder.decode(av.Packet(unit.payload)) if unit.payload else []
        except av.FFmpegError:
            self.broken += 1
            self._wait_for_key = True
            return []

    def _encode(self, frame: VideoFrame, at_us: int) -> None:
        key = self._begins_group(at_us)
        encoder = self._encoder
        if encoder is None or (frame.width, frame.height) != self._size or self._told_fps != self._fps:
            encoder = self._open(frame)
        if (frame.width & 1, frame.height & 1, frame.format.name) != (0, 0, "yuv420p"):
            frame = frame.reformat(max(2, frame.width & ~1), max(2, frame.height & ~1), "yuv420p")
        self._number += 1
        self._times[self._number] = at_us
        self._hand_over(encoder.config, encoder.encode(frame, self._number, key))

    def _begins_group(self, at_us: int) -> bool:
        """Return whether this is to be a key frame; between two groups the frame rate may become another one."""
        if self._key_wanted or self._group_us is None:
            self._key_wanted = False
            return True
        elapsed_us = at_us - self._group_us
        if 0 <= elapsed_us < _GROUP_US:
            return False
        fps = min(60.0, max(1.0, self._group_pictures * 1_000_000 / max(1, elapsed_us)))
        fits = 1 / FPS_TOLERANCE < fps / self._fps < FPS_TOLERANCE
        self._odd_groups = 0 if fits else self._odd_groups + 1
        if self._odd_groups > 1:  # one may have a hole
            self._fps, self._odd_groups = round(fps), 0
        return True

    def _open(self, frame: VideoFrame) -> PictureEncoder:
        if self._encoder is not None:
            self._hand_over(self._encoder.config, self._encoder.flush())
        self._size, self._told_fps = (frame.width, frame.height), self._fps
        encoding = alike(*self._size, self._fps)
        settings = choose(encoding, os.cpu_count() or 1, self._preset, self._threads, Colours.BT601)
        self._times.clear()
        self._encoder = PictureEncoder(encoding, settings)
        return self._encoder

    def _hand_over(self, config: bytes, pictures: Iterable[EncodedPicture]) -> None:
        for picture in pictures:
            at_us = self._times.pop(picture.number)
            if picture.key:
                self._group_us, self._group_pictures = at_us, 0
            if not self._closing:
                self._ready(Transcoded(at_us, picture.key, config, picture.payload))


def _decoder() -> VideoCodecContext:
    decoder = av.CodecContext.create("vp8", "r")
    # One picture in, one out.
    decoder.thread_count = 1
    decoder.flags |= Flags.low_delay
    return decoder
