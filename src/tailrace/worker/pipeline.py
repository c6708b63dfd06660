"""Pipeline: a publisher's units in, messages out: pictures untouched, sound transcoded to the AAC that was asked for.

Both get their place on the task's timeline.
"""

from collections.abc import Iterator, Sequence

from tailrace.errors import PeerError
from tailrace.ids import Kind
from tailrace.media.audio import AacTranscoder
from tailrace.media.inserted_sei import inserted_sei
from tailrace.media.meter import Meter
from tailrace.model.joiner import Joiner
from tailrace.model.plan import Plan
from tailrace.model.sei_schedule import SeiSchedule
from tailrace.model.timeline import Placed, Timeline
from tailrace.unit import Codec, Unit
from tailrace.wire import h264, sei
from tailrace.worker.lane import Lane


class Pipeline:
    """Feed it units with `take`; it puts messages on `lane`."""

    def __init__(self, plan: Plan, start_us: int, lane: Lane) -> None:
        self.joiner = Joiner()
        self.timeline = Timeline(start_us)
        self.rejoins = 0
        self.rejected = 0
        self._video = plan.video
        self._lane = lane
        self._transcoder = AacTranscoder(plan.audio)
        self._sound_comes = False
        self._user = plan.source.user if plan.source else ""
        self._size = (0, 0)
        self._schedule = SeiSchedule(plan.sei)
        self.change(plan)

    def change(self, plan: Plan) -> None:
        """Insert what another revision of the plan asks for, from the next picture on."""
        self._schedule.change(plan.sei)
        if plan.sei.layout_volume is None:
            self._transcoder.meter = None
        elif self._transcoder.meter is None:
            self._transcoder.meter = Meter()

    def join(self, units: Sequence[Unit]) -> Iterator[None]:
        """Take the answer to a key-frame request, empty when there is no publisher, one unit a step.

        Seconds of sound are transcoded here, a tenth of a second of work: between the steps others can run, such as
        the dialling that the first key frame sets off.
        """
        self._sound_comes = self._sound_comes or any(unit.codec is Codec.AAC for unit in units)
        for unit in self.joiner.joined(list(units)):
            self._use(unit)
            yield

    def take(self, unit: Unit) -> None:
        """Take one live unit."""
        if self.joiner.take(unit):
            self._use(unit)

    def _use(self, unit: Unit) -> None:
        if unit.codec is Codec.H264:
            if self._video and (placed := self._place(Kind.VIDEO, unit)):
                self._use_video(unit, placed)
        elif unit.codec is Codec.AAC and (placed := self._place(Kind.AUDIO, unit)):
            self._use_audio(unit, placed)

    def _place(self, kind: Kind, unit: Unit) -> Placed | None:
        placed = self.timeline.place(kind, unit.session, unit.dts_us, unit.pts_us)
        if placed and placed.rejoined:
            self.rejoins += 1
        return placed

    def _use_video(self, unit: Unit, placed: Placed) -> None:
        at = placed.dts_us // 1000
        if unit.key:
            self._size = h264.picture_size(unit.config)
            self._lane.video_config(at, unit.config)
        if self._sound_comes:
            # As soon as possible, players may not expect it later: the encoder gives the first packet up to 256 ms
            # after its first input (2 frames at 8 kHz).
            self._lane.audio_config(at, self._transcoder.config)
        self._lane.picture(at, placed.pts_us // 1000 - at, unit.key, self._with_sei(unit, placed))

    def _with_sei(self, unit: Unit, placed: Placed) -> bytes:
        entries = self._schedule.due(placed.dts_us, unit.key)
        if not entries:
            return unit.payload
        return sei.with_sei(unit.payload, [inserted_sei(entry, self._size, self._regions) for entry in entries])

    def _regions(self) -> list[sei.Region]:
        """The one user fills the picture."""
        meter = self._transcoder.meter
        return [sei.Region(self._user, 0, meter.read() if meter else 0, 0, 0, *self._size)]

    def _use_audio(self, unit: Unit, placed: Placed) -> None:
        self._lane.audio_config(placed.dts_us // 1000, self._transcoder.config)
        try:
            packets = self._transcoder.feed(unit.config, unit.payload, placed.dts_us)
        except PeerError:
            self.rejected += 1
            return
        for packet in packets:
            self._lane.sound(packet.pts_us // 1000, packet.payload)
