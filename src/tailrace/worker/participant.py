"""Participant: one stream that a mix receives; its pictures and its sound, each while somebody sees or hears it."""

import asyncio
from collections.abc import Callable, Sequence

from tailrace.bus.media import listen
from tailrace.bus.reception import PictureReception
from tailrace.ids import Kind, Stream
from tailrace.media.mixer import Mixer
from tailrace.media.scaler import Shape
from tailrace.media.video_source import VideoSource
from tailrace.media.voice import Voice
from tailrace.model.joiner import Joiner
from tailrace.model.plan import AudioEncoding
from tailrace.model.playout import Playout
from tailrace.supervise import start
from tailrace.unit import Unit
from tailrace.worker.feed import Stage


class Participant:
    """`see` and `listen` say what is wanted; `source` and `voice` are there as long as it is.

    `on_picture` is called, in another thread, when there is a first picture.
    """

    def __init__(
        self,
        stage: Stage,
        stream: Stream,
        audio: AudioEncoding,
        mixer: Mixer,
        on_picture: Callable[[], None],
        group: asyncio.TaskGroup,
    ) -> None:
        self.source: VideoSource | None = None
        self.voice: Voice | None = None
        self._stage = stage
        self._stream = stream
        self._audio = audio
        self._mixer = mixer
        self._on_picture = on_picture
        self._group = group
        self._session = -1
        self._playout = Playout()
        self._receiving: dict[Kind, asyncio.Task[None]] = {}
        self._joiner = Joiner()

    def see(self, shape: Shape | None, keep_sei: bool) -> None:
        """Have the pictures made for `shape`; None: no pictures."""
        if shape is None:
            self._stop(Kind.VIDEO)
            if self.source is not None:
                self.source.close()
                self.source = None
        elif self.source is None:
            self.source = VideoSource(self._stream.user, shape, keep_sei, self._on_picture)
            self._joiner = Joiner()
            reception = PictureReception(self._stage.bus, self._stream, self._join, self._take_picture)
            self._receiving[Kind.VIDEO] = start(self._group, reception.run(), "pictures")
        else:
            self.source.shape, self.source.keep_sei = shape, keep_sei

    def listen(self, wanted: bool) -> None:
        """Have the sound, or not."""
        if not wanted:
            self._stop(Kind.AUDIO)
            self.voice = None
        elif self.voice is None:
            self.voice = Voice(self._audio.sample_rate_hz, self._audio.channels, self._playout)
            self._receiving[Kind.AUDIO] = start(self._group, self._hear(), "sound")

    def close(self) -> None:
        """Receive nothing more."""
        self.see(None, keep_sei=False)
        self.listen(False)

    def _stop(self, kind: Kind) -> None:
        if (task := self._receiving.pop(kind, None)) is not None:
            task.cancel()

    async def _hear(self) -> None:
        listening = await listen(self._stage.bus, self._stream, self._take_sound, Kind.AUDIO)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await listening.close()

    def _take_sound(self, unit: Unit) -> None:
        if self.voice is not None and self._is_current(unit):
            self._playout.arrived(unit.pts_us, self._mixer.now_us())
            self.voice.playout = self._playout
            self._mixer.hear(self.voice, unit)

    def _join(self, units: Sequence[Unit]) -> None:
        """Take the group of pictures so far. Its sound is of the past, and what is live comes anyway."""
        for unit in self._joiner.joined([unit for unit in units if unit.codec.is_video]):
            if self.source is not None and self._is_current(unit):
                self._playout.joined(unit.dts_us, self._mixer.now_us())
                self.source.feed(unit, self._playout)

    def _take_picture(self, unit: Unit) -> bool:
        if self._joiner.take(unit) and self.source is not None and self._is_current(unit):
            self._playout.arrived(unit.dts_us, self._mixer.now_us())
            self.source.feed(unit, self._playout)
        return self._joiner.wants_start

    def _is_current(self, unit: Unit) -> bool:
        """Return whether a unit is of the present session, which it may have begun, and not of an earlier one."""
        if unit.session < self._session:
            return False
        if unit.session > self._session:
            # Another session has another clock. Pictures of the old one keep their own until they have gone by.
            self._session, self._playout = unit.session, Playout()
        return True
