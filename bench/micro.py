"""Micro: processor time of each step that a unit takes on its way: `python -m bench.micro [CLIP]`.

Every figure is that of this process, in microseconds per message, on the messages of the clip of the other benchmarks
(or of CLIP, an FLV file of H.264 and AAC). The last column is what the step costs a stream of 30 pictures and 46.9
pieces of sound each second, in % of a core. "At a stream's pace" holds what waking up costs, which a loop at full speed
does not show.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from bench import clip, rtp_in
from bench.rtmp_core import publishing
from tailrace.bus.connection import connect
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.media import Publisher, subscribe
from tailrace.bus.outbox import Outbox, sending
from tailrace.clock import SystemClock
from tailrace.ids import Kind, Room, SdkAppId, Stream, UserId
from tailrace.ingest.intake import Intake
from tailrace.media.audio import AacTranscoder
from tailrace.media.video_transcoder import VideoTranscoder
from tailrace.model.plan import AudioEncoding, Plan
from tailrace.unit import Codec, Unit
from tailrace.wire import flv
from tailrace.wire.rtmp.client import ClientConnection
from tailrace.wire.rtmp.event import Audio, Video
from tailrace.worker.lane import Junction
from tailrace.worker.pipeline import Pipeline
from tailrace.worker.reel import Reel

_SECONDS = 20
_PICTURES, _SOUNDS = clip.PICTURES_PER_SECOND, 48000 / 1024
_REPEATS = 3
_PACED_SECONDS = 4.0
_STREAM = Stream(Room(SdkAppId(1), "room", False), UserId("user"))


@dataclass(frozen=True, slots=True)
class Step:
    """One figure. `per_second`: messages of this step in a second of a stream."""

    name: str
    microseconds: float
    per_second: float


def timed(name: str, work: Callable[[], object], messages: int, per_second: float) -> Step:
    """Run `work` a few times; the fastest counts, as the others were disturbed."""
    best = min(_spent(work) for _ in range(_REPEATS))
    return Step(name, best / messages * 1e6, per_second)


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def rtmp_steps(tags: list[flv.Tag]) -> Iterable[Step]:
    """Write and read the clip, one message a time, as they come from a live publisher."""
    both = _PICTURES + _SOUNDS
    client, server = publishing()
    yield timed("RTMP write", lambda: _write(client, tags), len(tags), both)
    pieces = _write(client, tags)
    began = time.process_time()
    events = [event for piece in pieces for event in server.receive(piece)]
    yield Step("RTMP read", (time.process_time() - began) / len(events) * 1e6, both)
    media = [event for event in events if isinstance(event, Video | Audio)]
    yield timed("message to unit (intake)", lambda: _units(media), len(media), both)


def unit_steps(units: list[Unit]) -> Iterable[Step]:
    """Write and read units; take them through a relay's pipeline."""
    both = _PICTURES + _SOUNDS
    encoded = [unit.encode() for unit in units]
    yield timed("unit encode", lambda: [unit.encode() for unit in units], len(units), both)
    yield timed("unit decode", lambda: [Unit.decode(data) for data in encoded], len(units), both)
    pictures = [unit for unit in units if unit.codec is Codec.H264]
    sounds = [unit for unit in units if unit.codec is Codec.AAC]
    yield timed("pipeline, picture", lambda: _pipeline(pictures), len(pictures), _PICTURES)
    yield timed("pipeline, sound (with AAC)", lambda: _pipeline(sounds), len(sounds), _SOUNDS)
    yield timed("AAC to AAC alone", lambda: _transcode(sounds), len(sounds), _SOUNDS)


def browser_steps(units: list[Unit]) -> Iterable[Step]:
    """Take a browser's packets, decrypted, to units, and make the reports that go back."""
    pictures = [unit for unit in units if unit.codec is Codec.H264]
    seconds = (pictures[-1].pts_us - pictures[0].pts_us) / 1e6
    sent = rtp_in.datagrams(pictures, seconds)
    if rtp_in.receive(sent) < len(pictures) + int(seconds * 50):
        raise RuntimeError("fewer units came than were sent")
    yield timed("RTP to unit, packet", lambda: rtp_in.receive(sent), len(sent), len(sent) / seconds)


async def bus_steps(server: EmbeddedServer, units: list[Unit]) -> list[Step]:
    """Publish and subscribe over NATS, both in this process; the figures hold both ends, nats-server's are not in."""
    publishing, subscribing = await connect(server.url, "publish"), await connect(server.url, "subscribe")
    try:
        async with sending(publishing) as outbox:
            carried = _Carried(outbox)
            subscription = await subscribe(subscribing, _STREAM, carried.take)
            await subscribing.nc.flush()
            both = _PICTURES + _SOUNDS
            pausing = await _measured(carried.paced([None] * len(units), both))
            steps = [
                Step("NATS publish + subscribe", await _measured(carried.all(units)), both),
                Step("the same, at a stream's pace", await _measured(carried.paced(units, both)) - pausing, both),
            ]
            await subscription.close()
        return steps
    finally:
        await publishing.close()
        await subscribing.close()


class _Carried:
    """Units on their way from one connection to the other; its methods return how many there were."""

    def __init__(self, outbox: Outbox) -> None:
        self._publisher = Publisher(outbox, _STREAM)
        self._arrived = asyncio.Event()

    async def take(self, _unit: Unit) -> None:
        """Note that one has arrived."""
        self._arrived.set()

    async def all(self, units: list[Unit]) -> int:
        """Send each once the one before has arrived."""
        for unit in units:
            self._arrived.clear()
            self._publisher.publish(unit)
            await self._arrived.wait()
        return len(units)

    async def paced(self, units: Sequence[Unit | None], per_second: float) -> int:
        """Send them as a publisher does; of None, only the pause is made."""
        began = time.monotonic()
        count = int(_PACED_SECONDS * per_second)
        for number, unit in enumerate(units[:count]):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            if unit is not None:
                self._publisher.publish(unit)
        return count


async def _measured(work: Awaitable[int]) -> float:
    """Return microseconds of processor time per message."""
    began = time.process_time()
    count = await work
    return (time.process_time() - began) / count * 1e6


def _write(client: ClientConnection, tags: list[flv.Tag]) -> list[bytes]:
    pieces = []
    for tag in tags:
        send = client.send_video if tag.type is flv.TagType.VIDEO else client.send_audio
        send(tag.timestamp_ms, tag.body)
        pieces.append(client.data_to_send())
    return pieces


def _units(media: list[Video | Audio]) -> list[Unit]:
    intake = Intake(session=1)
    taken = [
        intake.video(event.timestamp_ms, event.payload)
        if isinstance(event, Video)
        else intake.audio(event.timestamp_ms, event.payload)
        for event in media
    ]
    return [unit for unit in taken if unit is not None]


def _pipeline(units: list[Unit]) -> None:
    delivered: list[Kind] = []
    plan = Plan(_STREAM.room, UserId("robot"), (), _STREAM)
    reel = Reel(plan.audio, plan.video, lambda message: delivered.append(message.kind))
    lane = Junction(reel, plan.video, lambda _now_us: None, lambda _revision: None).lane()
    pipeline = Pipeline(plan, 0, lane, lambda: VideoTranscoder("auto", 1, SystemClock(), lambda _made: None))
    for _ in pipeline.join([], 0.0):
        pass
    for unit in units:
        pipeline.take(unit, unit.dts_us / 1_000_000)
    if len(delivered) < len(units) // 2:
        raise RuntimeError(f"the pipeline delivered {len(delivered)} messages of {len(units)} units")


def _transcode(sounds: list[Unit]) -> None:
    transcoder = AacTranscoder(AudioEncoding())
    for unit in sounds:
        transcoder.feed(unit.codec, unit.config, unit.payload, unit.pts_us)


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as temporary:
        folder = Path(temporary)
        film = Path(sys.argv[1]) if sys.argv[1:] else clip.make(folder / "clip.flv", _SECONDS)
        tags = [tag for tag in flv.Reader().receive(film.read_bytes()) if tag.type is not flv.TagType.SCRIPT]
        steps = list(rtmp_steps(tags))
        units = _units([(Video if t.type is flv.TagType.VIDEO else Audio)(t.timestamp_ms, t.body) for t in tags])
        steps += unit_steps(units)
        steps += browser_steps(units)
        server = EmbeddedServer(folder)
        server.start()
        try:
            server.wait_ready(10)
            steps += uvloop.run(bus_steps(server, units))
        finally:
            server.stop()
    table = Table("step", "µs", "% of a core per stream", title="Steps of a relay", title_justify="left")
    for step in steps:
        table.add_row(step.name, f"{step.microseconds:.1f}", f"{step.microseconds * step.per_second / 1e4:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
