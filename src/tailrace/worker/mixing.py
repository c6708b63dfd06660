"""Mixing: the feed of many people in one picture and one sound.

It follows who is in the rooms, decides by `model/layout.py` and `model/voices.py` who is seen and heard, receives just
that, and tells the mixer what to show.
"""

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress

from tailrace.ids import Stream
from tailrace.media.compositor import Marked, Showing, Shown, shape_of
from tailrace.media.mixer import Mixer
from tailrace.media.output_tracks import MixedPicture, MixedSound, Tuning
from tailrace.model.cast import Member, rooms_of, taking_part
from tailrace.model.layout import Window, arrange
from tailrace.model.mix import ImageMark, Mix, Scene, TextMark
from tailrace.model.plan import Plan
from tailrace.model.task import WindowReport
from tailrace.model.voices import heard
from tailrace.net.guard import Guard
from tailrace.supervise import start
from tailrace.unit import Codec
from tailrace.worker.attendance import Attendance
from tailrace.worker.feed import Stage
from tailrace.worker.gallery import Gallery, Item, canvas_image, items_of, placeholder, template, watermark, words
from tailrace.worker.hand_over import HandOver
from tailrace.worker.participant import Participant

# How long the output waits, once somebody is there, for its images and the first picture of all who shall be seen; what
# comes later steps into the running output. The start of a mix of four is promised within 400 ms.
FIRST_PICTURES_TIMEOUT = 0.25
# How long a change waits for its texts, for images that are there in another size (a 720p one takes 30 ms), and for the
# first pictures of people who were not seen before (a group of 60 pictures of 720p takes 150 ms).
MAKING_TIMEOUT = 0.2
# Messages that wait for the event loop: 5 s of pictures and sound. Beyond, this process stands still.
MAX_WAITING = 600


class Mixing:
    """Its output goes on at `start_us`."""

    def __init__(self, plan: Plan, revision: int, stage: Stage, start_us: int) -> None:
        self._plan, self._revision = plan, revision
        self._stage = stage
        self._start_us = start_us
        self._loop = asyncio.get_running_loop()
        job = stage.job
        self._mixer = Mixer(plan.audio, Tuning(job.preset, job.threads), self._from_mixer)
        self._gallery = Gallery(Guard(job.allow_private), self._rearrange_soon)
        self._attendance = Attendance(stage.rooms, self._rearrange_soon)
        self._attendance.watch(rooms_of(plan.room, _mix(plan)))
        self._people: dict[Stream, Participant] = {}
        self._windows: tuple[Window, ...] = ()
        self._rearranged = asyncio.Event()
        self._somebody = asyncio.Event()
        self._first_picture = asyncio.Event()
        self._images = asyncio.Event()
        self._made: HandOver[MixedPicture | MixedSound] = HandOver(self._put, stage.still_ours, MAX_WAITING)
        # Each is written by one thread, the one that makes these.
        self._made_so_far: dict[type, int] = {MixedPicture: 0, MixedSound: 0}
        self._began = False
        self._seed = zlib.crc32(plan.robot.encode())

    async def run(self) -> None:
        """Mix until cancelled."""
        self._rearrange_soon()
        try:
            async with asyncio.TaskGroup() as group:
                start(group, self._attendance.run(), "rooms")
                start(group, self._gallery.run(), "images")
                start(group, self._arrange(), "arrange")
                start(group, self._begin(), "begin")
                start(group, self._made.run(), "hand over")
        finally:
            self._mixer.close()
            for person in self._people.values():
                person.close()

    def suits(self, plan: Plan) -> bool:
        """Return whether `plan` is a mix as well."""
        return plan.mix is not None

    def change(self, plan: Plan, revision: int) -> None:
        """Show what another revision of the plan says, from the next frame on."""
        self._plan, self._revision = plan, revision
        self._attendance.watch(rooms_of(plan.room, _mix(plan)))
        self._rearrange_soon()

    def made(self) -> tuple[int, ...]:
        """Return how many pictures, if there is a picture, and pieces of sound the mixer has made since it runs."""
        if not self._mixer.running:
            return ()
        sound = self._made_so_far[MixedSound]
        return (sound,) if _mix(self._plan).scene is None else (self._made_so_far[MixedPicture], sound)

    def notes(self) -> tuple[str, ...]:
        """Return in words where the output differs from what was asked."""
        left_out = self._mixer.skipped
        slow = (f"this machine is too slow: output frames left out so far: {left_out}",) if left_out else ()
        return *slow, *self._gallery.notes()

    def windows(self) -> tuple[WindowReport, ...]:
        """Return what the mixed picture shows."""
        return tuple(self._report(window) for window in self._windows)

    def _report(self, window: Window) -> WindowReport:
        place = window.x, window.y, window.width, window.height, window.layer
        if window.member is None:
            return WindowReport(*place)
        stream = window.member.stream
        person = self._people.get(stream)
        live = person is not None and person.source is not None and person.source.live
        return WindowReport(*place, stream.room.room_id, stream.user, stream.type, live and window.shows_picture)

    # What they see and hear of each other

    def _rearrange_soon(self) -> None:
        self._rearranged.set()

    async def _arrange(self) -> None:
        """Bring who is received and what is shown up to date whenever something has changed."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._rearranged.wait()
                self._rearranged.clear()
                if self._mixer.running:
                    await self._settle(group)
                self._mixer.show(self._showing(group))
                self._stage.changed()
                if self._gallery.complete():
                    self._images.set()

    async def _settle(self, group: asyncio.TaskGroup) -> None:
        """Let what will be shown be made, which would be missing for some frames otherwise.

        Those are images and texts of an update, and the first pictures of people who were not seen before.
        """
        mix = _mix(self._plan)
        if mix.scene is None:
            return
        self._gallery.want(items_of(mix.scene))
        windows = self._arranged(mix.scene, self._taking_part())
        for stream, window in _seen(windows).items():
            person = self._people.get(stream) or self._add(stream, group)
            if person.source is None:
                person.see(shape_of(window), window.keep_sei)
        with suppress(TimeoutError):
            async with asyncio.timeout(MAKING_TIMEOUT):
                await self._gallery.settle()
                await self._first_pictures()

    def _showing(self, group: asyncio.TaskGroup) -> Showing:
        plan, mix = self._plan, _mix(self._plan)
        scene = mix.scene
        members = self._taking_part()
        if scene is not None:
            self._windows = self._arranged(scene, members)
            self._gallery.want(items_of(scene))
        levels = heard(mix, self._windows, members, plan.room)
        self._receive(_seen(self._windows), set(levels), group)
        taking = {window.member.stream for window in self._windows if window.member} | set(levels)
        self._stage.present(bool(taking))
        if taking:
            self._stage.need()
            self._somebody.set()
        voices = {voice: level for stream, level in levels.items() if (voice := self._people[stream].voice)}
        if scene is None:
            return Showing(self._revision, levels=voices, sei=plan.sei, for_rooms=bool(plan.feedback))
        return Showing(
            self._revision,
            scene.encoding,
            scene.colour,
            self._gallery.picture(canvas_image(scene)),
            self._layers(scene),
            voices,
            plan.sei,
            self._seed,
            for_rooms=bool(plan.feedback),
        )

    def _taking_part(self) -> Sequence[Member]:
        plan = self._plan
        return taking_part(self._attendance.members, plan.room, _mix(plan), feeds_back=bool(plan.feedback))

    def _arranged(self, scene: Scene, members: Sequence[Member]) -> tuple[Window, ...]:
        size = scene.encoding.width, scene.encoding.height
        return arrange(scene.layout, members, self._plan.room, *size, before=self._windows)

    def _add(self, stream: Stream, group: asyncio.TaskGroup) -> Participant:
        person = self._people[stream] = Participant(
            self._stage, stream, self._plan.audio, self._mixer, self._on_first_picture, group
        )
        return person

    def _receive(self, seen: dict[Stream, Window], listened: set[Stream], group: asyncio.TaskGroup) -> None:
        for stream in self._people.keys() - seen.keys() - listened:
            self._people.pop(stream).close()
        for stream in seen.keys() | listened:
            person = self._people.get(stream) or self._add(stream, group)
            window = seen.get(stream)
            person.see(shape_of(window) if window else None, keep_sei=window.keep_sei if window else False)
            person.listen(stream in listened)

    def _layers(self, scene: Scene) -> tuple[Shown | Marked, ...]:
        """Return windows and watermarks from bottom to top; at equal layers watermarks stand above (spec/03 3.4)."""
        layers: list[tuple[tuple[int, bool], Shown | Marked]] = [
            ((window.layer, False), self._shown(window)) for window in self._windows if window.width and window.height
        ]
        marks: list[tuple[ImageMark | TextMark, Item]] = [(mark, watermark(mark)) for mark in scene.image_marks]
        marks += [(mark, words(mark)) for mark in scene.text_marks]
        for mark, item in marks:
            if (picture := self._gallery.picture(item)) is not None:
                layers.append(((mark.layer, True), Marked(mark, picture)))
        return tuple(layer for _, layer in sorted(layers, key=lambda entry: entry[0]))

    def _shown(self, window: Window) -> Shown:
        person = self._people.get(window.member.stream) if window.member else None
        slot = window.slot
        return Shown(
            window,
            person.source if person and window.shows_picture else None,
            person.voice if person else None,
            self._gallery.picture(placeholder(window.number, slot)) if slot else None,
            self._gallery.mask(template(window.number, slot)) if slot else None,
        )

    # What comes out

    async def _begin(self) -> None:
        """Start the output once somebody is there, and all that shall be seen is there or had enough time."""
        await self._somebody.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_PICTURES_TIMEOUT):
                await self._first_pictures()
                await self._images.wait()
        self._mixer.start(self._start_us)

    async def _first_pictures(self) -> None:
        """Wait until everybody who is seen has a picture; for one caller at a time."""
        while not all(person.source.live for person in self._people.values() if person.source is not None):
            await self._first_picture.wait()
            self._first_picture.clear()

    def _on_first_picture(self) -> None:
        """Called in a source's thread."""
        self._loop.call_soon_threadsafe(self._first_picture.set)

    def _from_mixer(self, made: MixedPicture | MixedSound) -> None:
        """Called in the mixer's thread for each kind."""
        self._made_so_far[type(made)] += 1
        self._made.put(made)

    def _put(self, made: MixedPicture | MixedSound) -> None:
        lane, at_ms = self._stage.lane, made.at_us // 1000
        if not self._began:
            self._began = True
            lane.began(made.at_us)
            # The first picture is there before the first sound. What CDNs are told of the stream shall have both.
            lane.audio_config(at_ms, self._mixer.sound_config)
        if isinstance(made, MixedSound) and made.codec is Codec.OPUS:
            lane.opus(made.at_us, made.payload)
        elif isinstance(made, MixedSound):
            lane.audio_config(at_ms, made.config)
            lane.sound(at_ms, made.payload)
        else:
            if made.key:
                lane.video_config(at_ms, made.config)
            lane.picture(at_ms, 0, made.key, made.payload)
        if isinstance(made, MixedPicture) or _mix(self._plan).scene is None:
            lane.shows(made.revision)


def _seen(windows: Iterable[Window]) -> dict[Stream, Window]:
    return {window.member.stream: window for window in windows if window.member and window.shows_picture}


def _mix(plan: Plan) -> Mix:
    if plan.mix is None:
        raise AssertionError("a mixed feed has a plan with a mix")
    return plan.mix
