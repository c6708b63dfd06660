"""Output tracks: the pictures and the sound of a mixed output, made one after the other on their grids."""

import os
from dataclasses import dataclass

from av.video.frame import VideoFrame

from tailrace.media.compositor import Compositor, Showing, Shown
from tailrace.media.inserted_sei import inserted_sei
from tailrace.media.opus import COUNTED_US, OpusEncoder
from tailrace.media.picture_encoder import EncodedPicture, PictureEncoder
from tailrace.media.sound import SoundMixer
from tailrace.model.encoding import choose
from tailrace.model.lateness import Lateness
from tailrace.model.mix import NO_SEI, VideoEncoding
from tailrace.model.plan import AudioEncoding
from tailrace.model.sei_schedule import SeiSchedule
from tailrace.unit import Codec
from tailrace.wire import sei

_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class MixedPicture:
    """One encoded picture, at output time `at_us`. `config` is its set-up data, `revision` that of what it shows."""

    at_us: int
    key: bool
    payload: bytes
    config: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class MixedSound:
    """One AAC frame, or one packet of Opus, for rooms."""

    at_us: int
    payload: bytes
    config: bytes
    revision: int
    codec: Codec = Codec.AAC


@dataclass(frozen=True, slots=True)
class Tuning:
    """The configuration's wishes for the encoder; see `model.encoding.choose`."""

    preset: str
    threads: int


class SoundTrack:
    """The sound of the output. `shift_us` is added to the mixer's time."""

    def __init__(self, audio: AudioEncoding, begin_us: int, shift_us: int) -> None:
        self._mixer = SoundMixer(audio, begin_us)
        self._shift_us = shift_us
        self._opus: OpusEncoder | None = None

    @property
    def config(self) -> bytes:
        """Its AudioSpecificConfig, there from the start."""
        return self._mixer.config

    @property
    def due_us(self) -> int:
        """When the next piece is due, on the mixer's clock: when all of it should have come."""
        return self._mixer.next_us

    def make(self, showing: Showing) -> list[MixedSound]:
        """Return what the next piece completes."""
        at_us = self._mixer.due_us
        made = [
            MixedSound(packet.pts_us + self._shift_us, packet.payload, self._mixer.config, showing.revision)
            for packet in self._mixer.mix(showing.levels)
        ]
        return made + self._for_rooms(at_us, showing.revision) if showing.for_rooms else made

    def _for_rooms(self, at_us: int, revision: int) -> list[MixedSound]:
        """Return what the piece that was just mixed completes of Opus."""
        if self._opus is None:
            self._opus = OpusEncoder(COUNTED_US)
        packets = self._opus.encode(self._mixer.block, at_us) if self._mixer.block else []
        return [
            MixedSound(packet.pts_us + self._shift_us, packet.payload, b"", revision, Codec.OPUS) for packet in packets
        ]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture before it is encoded, and the SEI units of those whom it shows."""

    frame: VideoFrame
    number: int
    showing: Showing
    upstream: list[bytes]


class PictureTrack:
    """The pictures of the output with one encoding, from `begin_us` on; another track takes over where one ends."""

    def __init__(
        self, encoding: VideoEncoding, tuning: Tuning, begin_us: int, shift_us: int, before: "PictureTrack | None"
    ) -> None:
        self.encoding = encoding
        self._begin_us = begin_us
        self._shift_us = shift_us
        self._number = 0
        self._compositor = Compositor(encoding.width, encoding.height)
        settings = choose(encoding, os.cpu_count() or 1, tuning.preset, tuning.threads)
        self._encoder = PictureEncoder(encoding, settings)
        self._config = self._encoder.config
        self._lateness: Lateness = before._lateness if before else Lateness()
        self._schedule: SeiSchedule = before._schedule if before else SeiSchedule(NO_SEI)
        self._inside: dict[int, tuple[int, list[bytes]]] = {}  # of pictures that x264 has: revision and SEI, by number

    @property
    def due_us(self) -> int:
        """When the next picture is due, on the mixer's clock."""
        return self._begin_us + self._number * _SECOND_US // self.encoding.fps

    def skip(self, now_us: int) -> int:
        """Leave out pictures that are too late; return how many."""
        too_late_us = self._lateness.excess(now_us - self.due_us, now_us)
        if too_late_us <= 0:
            return 0
        skipped = too_late_us * self.encoding.fps // _SECOND_US + 1
        self._number += skipped
        return skipped

    def draw(self, showing: Showing) -> Drawn:
        """Return the next picture. The frames of the last MOST ones are still as they were."""
        number, at_us = self._number, self.due_us
        self._number += 1
        frame = self._compositor.draw(showing, at_us, number, self.encoding.fps)
        return Drawn(frame, number, showing, _upstream_sei(showing))

    def encode(self, drawn: Drawn) -> list[MixedPicture]:
        """Return what a picture completes. Pictures are encoded in their order; this may be another thread."""
        self._inside[drawn.number] = drawn.showing.revision, drawn.upstream
        return [self._finish(picture, drawn.showing) for picture in self._encoder.encode(drawn.frame, drawn.number)]

    def end(self, showing: Showing) -> list[MixedPicture]:
        """Return what x264 still holds; nothing can be made after it."""
        return [self._finish(picture, showing) for picture in self._encoder.flush()]

    def _finish(self, picture: EncodedPicture, showing: Showing) -> MixedPicture:
        at_us = self._begin_us + picture.number * _SECOND_US // self.encoding.fps + self._shift_us
        revision, units = self._inside.pop(picture.number)
        self._schedule.change(showing.sei)
        size = self.encoding.width, self.encoding.height
        for entry in self._schedule.due(at_us, picture.key):
            units.append(inserted_sei(entry, size, lambda: _regions(showing)))
        return MixedPicture(at_us, picture.key, sei.with_sei(picture.payload, units), self._config, revision)


def _upstream_sei(showing: Showing) -> list[bytes]:
    sources = [layer.source for layer in showing.layers if isinstance(layer, Shown) and layer.source]
    return [unit for source in sources for unit in source.take_sei()]


def _regions(showing: Showing) -> list[sei.Region]:
    return [_region(layer) for layer in showing.layers if isinstance(layer, Shown) and _is_live(layer)]


def _is_live(shown: Shown) -> bool:
    return shown.source is not None and shown.source.live


def _region(shown: Shown) -> sei.Region:
    window, member = shown.window, shown.window.member
    volume = shown.voice.volume() if shown.voice else 0
    name = member.stream.user if member else ""
    return sei.Region(name, window.layer, volume, window.x, window.y, window.width, window.height)
