"""Mixer: the steady clock of a mixed output, in a thread of its own: compose, mix, hand over; x264 has another thread.

Output frames stand on a grid of the asked rate and are made when their time has come, whatever sources do. The clock of
everything in here is the mixer's own (`now_us`); what is handed over begins at the time that was asked for.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from tailrace.errors import PeerError
from tailrace.media.compositor import Showing
from tailrace.media.in_order import InOrder
from tailrace.media.output_tracks import MixedPicture, MixedSound, PictureTrack, SoundTrack, Tuning
from tailrace.media.voice import Voice
from tailrace.model.plan import AudioEncoding
from tailrace.unit import Unit

_log = logging.getLogger(__name__)

# Units of sound that wait for the mixer: 16 voices for 2 s.
MAX_SOUND_WAITING = 1600
_SECOND_US = 1_000_000


class Mixer:
    """`deliver` is called from two threads, one for each kind, in order of time for each of them."""

    def __init__(
        self, audio: AudioEncoding, tuning: Tuning, deliver: Callable[[MixedPicture | MixedSound], None]
    ) -> None:
        self.skipped = 0
        """Output frames left out because this machine was too slow."""
        self.sound_config = b""
        """The sound's set-up data, there before anything is handed over."""
        self._audio = audio
        self._tuning = tuning
        self._deliver = deliver
        self._zero_us = time.monotonic_ns() // 1000
        self._showing: Showing | None = None
        self._sound: deque[tuple[Voice, Unit]] = deque(maxlen=MAX_SOUND_WAITING)
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def now_us(self) -> int:
        """Return the time of the mixer's clock."""
        return time.monotonic_ns() // 1000 - self._zero_us

    def hear(self, voice: Voice, unit: Unit) -> None:
        """Take a unit of sound; `voice.playout` knows it already."""
        self._sound.append((voice, unit))

    def show(self, showing: Showing) -> None:
        """Let the next frame and all after it be made of this."""
        self._showing = showing

    @property
    def running(self) -> bool:
        """Whether the output has begun."""
        return self._thread is not None

    def start(self, start_us: int) -> None:
        """Begin the output, at output time `start_us`; `show` was called before."""
        self._thread = threading.Thread(target=self._run, args=(start_us,), name="mixer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the threads; what is in work is finished first."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, start_us: int) -> None:
        begin_us = self.now_us()
        shift_us = start_us - begin_us
        sound = SoundTrack(self._audio, begin_us, shift_us + _half_a_period_us(self._showing))
        self.sound_config = sound.config
        encoding = InOrder("encode", self._wake.set)
        try:
            self._make(sound, encoding, begin_us, shift_us)
        finally:
            encoding.close()

    def _make(self, sound: SoundTrack, encoding: InOrder, begin_us: int, shift_us: int) -> None:
        pictures: PictureTrack | None = None
        begun = False
        while not self._closing and (showing := self._showing) is not None:
            if showing.encoding is not None and (pictures is None or pictures.encoding != showing.encoding):
                if pictures is not None:
                    encoding.put(partial(self._hand_over, partial(pictures.end, showing)))
                due_us = begin_us if pictures is None else pictures.due_us
                pictures = PictureTrack(showing.encoding, self._tuning, due_us, shift_us, pictures)
            now_us = self.now_us()
            # What is due first is made first, so that both come in the order of their times, however late. While x264
            # has enough to do the next picture waits, and becomes late; sound does not.
            drawn = pictures is not None and encoding.has_room and pictures.due_us <= sound.due_us
            due_us = pictures.due_us if pictures is not None and drawn else sound.due_us
            if due_us > now_us:
                self._wake.wait((due_us - now_us) / _SECOND_US)
                self._wake.clear()
            elif pictures is not None and drawn:
                self.skipped += pictures.skip(now_us)
                work = partial(self._hand_over, partial(pictures.encode, pictures.draw(showing)))
                if begun:
                    encoding.put(work)
                else:
                    work()  # here, so that no sound comes before the picture with which destinations begin
                begun = True
            else:
                self._listen()
                self._hand_over(partial(sound.make, showing))

    def _hand_over(self, make: Callable[[], Sequence[MixedPicture | MixedSound]]) -> None:
        for made in make():
            self._deliver(made)

    def _listen(self) -> None:
        """Give voices what has come, to each one all of its units in a row: so its decoder is in the processor's cache.

        Measured with nine voices: a tenth less than unit by unit in turns.
        """
        waiting = [self._sound.popleft() for _ in range(len(self._sound))]
        for voice, unit in sorted(waiting, key=lambda entry: id(entry[0])):
            try:
                voice.feed(unit.codec, unit.config, unit.payload, unit.pts_us)
            except PeerError as error:
                _log.debug("sound not understood", extra={"error": str(error)})


def _half_a_period_us(showing: Showing | None) -> int:
    """Return how much later than its own time sound is heard, for as long as the output runs.

    A picture waits for its tick, for half a period on average: so they are off by half a period at most, not by a whole
    one, which at 15 frames a second would be more than the 40 ms of the promise.
    """
    return 0 if showing is None or showing.encoding is None else _SECOND_US // (2 * showing.encoding.fps)
