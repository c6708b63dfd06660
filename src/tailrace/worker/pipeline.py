"""Pipeline: a publisher's units in, messages out: H.264 untouched, sound transcoded to the AAC that was asked for.

VP8 is transcoded to H.264, since RTMP cannot carry it. Both tracks get their place on the task's timeline. While the
publisher is away, stills and silence take it (`model/gap.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from av.audio.frame import AudioFrame

from tailrace.errors import PeerError
from tailrace.ids import Kind
from tailrace.media.audio import AacTranscoder
from tailrace.media.inserted_sei import inserted_sei
from tailrace.media.opus import COUNTED_US, OpusEncoder
from tailrace.media.video_transcoder import Transcoded, VideoTranscoder
from tailrace.model.gap import LARGEST_FILL_US, STILLS_PER_SECOND, Gap
from tailrace.model.joiner import Joiner
from tailrace.model.plan import Plan
from tailrace.model.sei_schedule import SeiSchedule
from tailrace.model.timeline import STEP_AFTER_BREAK_US, Placed, Timeline
from tailrace.unit import Codec, Unit
from tailrace.wire import h264, sei
from tailrace.worker.lane import Lane

if TYPE_CHECKING:
    from tailrace.media.still import Stills

_STILL_US = 1_000_000 // STILLS_PER_SECOND


class Pipeline:
    """Feed it units with `take`, and have it `fill` what is missing; it puts messages on `lane`.

    `now` is always monotonic seconds. `stills` are shown while pictures are missing, once they are there. `transcode`
    makes what VP8 needs; its pictures are to be handed to `show`. `close` at the end.
    """

    def __init__(self, plan: Plan, start_us: int, lane: Lane, transcode: Callable[[], VideoTranscoder]) -> None:
        self.joiner = Joiner()
        self.timeline = Timeline(start_us)
        self.gap = Gap()
        self.stills: Stills | None = None
        self.rejoins = 0
        self.rejected = 0
        self.transcoder: VideoTranscoder | None = None
        """Of the pictures, while they are VP8."""
        self._transcode = transcode
        self._shown_us = start_us - 1  # when the latest picture of the output is seen
        self._video = plan.video
        self._lane = lane
        self._sound = AacTranscoder(plan.audio)
        self._sound_comes = False
        self._opus: OpusEncoder | None = None
        self._opus_comes = False  # it is what rooms get, unless it is silence that is encoded
        self._start_us = start_us
        self._shown = 0  # stills so far of this gap
        self._user = plan.source.user if plan.source else ""
        self._size = (0, 0)
        self._schedule = SeiSchedule(plan.sei)
        self.change(plan)

    def change(self, plan: Plan) -> None:
        """Insert what another revision of the plan asks for, from the next picture on."""
        self._schedule.change(plan.sei)
        if plan.sei.layout_volume is None:
            self._sound.meter = None
        elif self._sound.meter is None:
            # Not in memory where nobody asked for it (`loading.py`).
            from tailrace.media.meter import Meter

            self._sound.meter = Meter()
        self._sound.also = self._encode_for_rooms if plan.feedback else None

    def join(self, units: Sequence[Unit], now: float) -> Iterator[None]:
        """Take the answer to a key-frame request, empty when there is no publisher, one unit a step.

        Seconds of sound are transcoded here, a tenth of a second of work: between the steps others can run, such as
        the dialling that the first key frame sets off.
        """
        self._sound_comes = self._sound_comes or any(not unit.codec.is_video for unit in units)
        usable = [unit for unit in units if self._kind(unit)]
        if usable and not self._is_back(max(usable, key=lambda unit: unit.dts_us), now):
            usable = []
        for unit in self._to_show(self.joiner.joined(usable)):
            self._use(unit, now)
            yield

    def end_of(self, units: Sequence[Unit]) -> int:
        """Return up to which output time these go, which are the next ones, in microseconds; a little more at most."""
        first, last = (kind(units, key=lambda unit: unit.dts_us) for kind in (min, max))
        known_us = self.timeline.expected(last.session, last.dts_us)
        span_us = last.dts_us - first.dts_us
        return max(known_us or 0, self.timeline.end_us + STEP_AFTER_BREAK_US + span_us)

    def take(self, unit: Unit, now: float) -> None:
        """Take one live unit."""
        if self._is_back(unit, now) and self.joiner.take(unit):
            self._use(unit, now)

    def go_on(self, kinds: Iterable[Kind], now: float) -> None:
        """Fill these tracks from the start on: an earlier run of the output had them."""
        kinds = frozenset(kinds)
        self._sound_comes = Kind.AUDIO in kinds
        self.gap.begin(kinds, self._start_us, now)

    def fill(self, now: float) -> None:
        """Put on the lane what is missing until now."""
        for kind in self.gap.look(now):
            begun_us = self.timeline.last_us(kind) or self._start_us
            self._fill(kind, min(self.gap.time_us(now), begun_us + LARGEST_FILL_US))

    def _kind(self, unit: Unit) -> Kind | None:
        """Return the track that a unit is used for."""
        if not unit.codec.is_video:
            return Kind.AUDIO
        return Kind.VIDEO if self._video else None

    def _is_back(self, unit: Unit, now: float) -> bool:
        """Whether the publisher of this unit, which just came, is there; after a gap its clock is put in order here."""
        kind = self._kind(unit)
        if kind is None or self.timeline.is_over(unit.session):
            return False
        if not self.gap.is_filling(kind):
            return True
        at_us = self.gap.returns_at(self.timeline.expected(unit.session, unit.dts_us), now)
        if at_us is not None and self.timeline.anchor(unit.session, unit.dts_us, at_us):
            self._rejoined()
        return at_us is not None

    def _to_show(self, units: list[Unit]) -> list[Unit]:
        """Return what is seen and heard of a start: all, but of VP8 the latest picture and what is not older.

        To encode seconds of the past would take a second. They are decoded, since the latest one needs them.
        """
        latest = next((unit for unit in reversed(units) if unit.codec.is_video), None)
        if latest is None or latest.codec is not Codec.VP8:
            return units
        for unit in units:
            if unit.codec is Codec.VP8 and unit is not latest:
                self._transcoding().feed(unit, 0, past=True)
        return [latest, *(unit for unit in units if not unit.codec.is_video and unit.dts_us >= latest.dts_us)]

    def _use(self, unit: Unit, now: float) -> None:
        kind = self._kind(unit)
        if kind is None:
            return
        if self.gap.is_filling(kind):
            self._fill(kind, self.timeline.expected(unit.session, unit.dts_us) or 0)
        placed = self._place(kind, unit)
        if (at_us := self.timeline.expected(unit.session, unit.dts_us)) is not None:
            self.gap.came(kind, at_us, now)
        if placed and kind is Kind.VIDEO:
            self.stills, self._shown = None, 0
            self._use_video(unit, placed)
        elif placed:
            self._use_audio(unit, placed)

    def _place(self, kind: Kind, unit: Unit) -> Placed | None:
        placed = self.timeline.place(kind, unit.session, unit.dts_us, unit.pts_us)
        if placed and placed.rejoined:
            self._rejoined()
        return placed

    def _rejoined(self) -> None:
        self.rejoins += 1
        # Sound that went on a little early, since it fits to what was before, would be early for ever.
        self._sound.break_off()

    def _fill(self, kind: Kind, until_us: int) -> None:
        if kind is Kind.AUDIO:
            self._fill_sound(until_us)
        elif self.stills is not None:
            self._fill_pictures(self.stills, until_us)

    def _fill_sound(self, until_us: int) -> None:
        self._opus_comes = False
        self._lane.audio_config(self._start_us // 1000, self._sound.config)
        for packet in self._sound.silence(self._start_us, until_us):
            self._lane.sound(packet.pts_us // 1000, packet.payload)
            self.timeline.fill(Kind.AUDIO, packet.pts_us)

    def _fill_pictures(self, stills: "Stills", until_us: int) -> None:
        last_us = self.timeline.last_us(Kind.VIDEO)
        at_us = self._start_us if last_us is None else last_us + _STILL_US
        while at_us < until_us:
            if not self._shown:
                # Decoders have other pictures now than those that the publisher's next ones refer to.
                self.joiner.lose_pictures()
                if self.transcoder is not None:
                    self.transcoder.break_off()
                self._lane.video_config(at_us // 1000, stills.config)
            picture = stills.pictures[self._shown % len(stills.pictures)]
            self._lane.picture(at_us // 1000, 0, picture.key, picture.payload)
            self.timeline.fill(Kind.VIDEO, at_us)
            self._shown_us = at_us
            self._shown += 1
            at_us += _STILL_US

    def _use_video(self, unit: Unit, placed: Placed) -> None:
        if unit.codec is Codec.VP8:
            self._transcoding().feed(unit, placed.pts_us)
            return
        self.close()
        self._show(unit.config if unit.key else None, unit.payload, placed.dts_us, placed.pts_us)

    def _transcoding(self) -> VideoTranscoder:
        if self.transcoder is None:
            self.transcoder = self._transcode()
        return self.transcoder

    def show(self, made: Transcoded) -> None:
        """Put a picture on the lane that was transcoded; one that something else has overtaken is left out."""
        if self.transcoder is not None and made.at_us > self._shown_us:
            self._show(made.config if made.key else None, made.payload, made.at_us, made.at_us)

    def close(self) -> None:
        """Transcode no more pictures."""
        if self.transcoder is not None:
            self.transcoder.close()
            self.transcoder = None

    def _show(self, config: bytes | None, payload: bytes, dts_us: int, pts_us: int) -> None:
        """Put a picture on the lane; with `config` it is a key frame."""
        at, key = dts_us // 1000, config is not None
        if config is not None:
            self._size = h264.picture_size(config)
            self._lane.video_config(at, config)
        if self._sound_comes:
            # As soon as possible, players may not expect it later: the encoder gives the first packet up to 256 ms
            # after its first input (2 frames at 8 kHz).
            self._lane.audio_config(at, self._sound.config)
        self._lane.picture(at, pts_us // 1000 - at, key, self._with_sei(payload, key, dts_us))
        self._shown_us = dts_us

    def _with_sei(self, payload: bytes, key: bool, dts_us: int) -> bytes:
        entries = self._schedule.due(dts_us, key)
        if not entries:
            return payload
        return sei.with_sei(payload, [inserted_sei(entry, self._size, self._regions) for entry in entries])

    def _regions(self) -> list[sei.Region]:
        """The one user fills the picture."""
        meter = self._sound.meter
        return [sei.Region(self._user, 0, meter.read() if meter else 0, 0, 0, *self._size)]

    def _encode_for_rooms(self, frame: AudioFrame, at_us: int) -> None:
        if self._opus_comes:
            return
        if self._opus is None:
            self._opus = OpusEncoder(COUNTED_US)
        for packet in self._opus.encode(frame, at_us):
            self._lane.opus(packet.pts_us, packet.payload)

    def _use_audio(self, unit: Unit, placed: Placed) -> None:
        self._opus_comes = unit.codec is Codec.OPUS
        if self._opus_comes and self._sound.also is not None:
            self._lane.opus(placed.pts_us, unit.payload)
        self._lane.audio_config(placed.dts_us // 1000, self._sound.config)
        try:
            packets = self._sound.feed(unit.codec, unit.config, unit.payload, placed.dts_us)
        except PeerError:
            self.rejected += 1
            return
        for packet in packets:
            self._lane.sound(packet.pts_us // 1000, packet.payload)
