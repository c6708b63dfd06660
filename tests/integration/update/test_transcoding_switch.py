"""A relay of one becomes a mix and a relay of one again, on the same connection (spec/02 section 2)."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tailrace.wire.flv import AvcPacket, parse_audio, parse_video
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import (
    ENCODE,
    FPS,
    GRID,
    Places,
    custom,
    publishing,
    single,
)
from tests.integration.update.watching import around, change_of, latest_ms, pictures_of, shows
from tests.media.people import Person
from tests.media.received import Received, largest_step, rises
from tests.media.sync import offsets

MIXED = {"VideoParams": {"VideoEncode": ENCODE, "LayoutParams": GRID}}
# Both flash and beep each second, which tells whether their sound is in step.
ANNA, BERT = (Person(index, 320, 180) for index in (4, 5))
# The third one comes later.
TRIO = (4, 5, 6)
# Nothing of a person is cut in these windows.
SIDES: Places = {4: (40, 40, 320, 180), 5: (440, 40, 320, 180)}
SIDE_BY_SIDE: dict[str, Any] = {"VideoParams": {"VideoEncode": ENCODE, "LayoutParams": custom(SIDES)}}
GAP_SECONDS = 0.3
IN_STEP = 0.040
# A group of pictures sent at once would be up to a second.
AHEAD_SECONDS = 0.2


@pytest.fixture(scope="module", autouse=True)
def duo(served: Served, films: Path) -> Iterator[None]:
    """Two people in a room of their own."""
    with publishing(served, films, "duo", [ANNA, BERT]):
        yield


def part(stream: Stream, begin_ms: int, end_ms: int) -> Received:
    """Return what came between two output times, from a key frame on, with the set-up data that it needs."""
    video = [(at, raw, body) for at, raw in list(stream.video) if (body := parse_video(raw)) is not None]
    audio = [(at, raw, parse_audio(raw)) for at, raw in list(stream.audio)]
    begin_ms = min(at for at, _, body in video if body.key and body.packet is AvcPacket.UNITS and at >= begin_ms)
    config = [raw for at, raw, body in video if body.packet is AvcPacket.CONFIG and at <= begin_ms][-1]
    return Received(
        [(begin_ms, config), *((at, raw) for at, raw, body in video if begin_ms <= at < end_ms and config != raw)],
        [
            *[(at, raw) for at, raw, body in audio if body.config][:1],
            *((at, raw) for at, raw, body in audio if begin_ms <= at < end_ms and not body.config),
        ],
    )


def longest_silence(stream: Stream) -> float:
    """Return the longest time between two pictures, in seconds of the real clock."""
    return max(later - earlier for earlier, later in pairwise(stream.video_arrived))


def ahead(stream: Stream, at_ms: int) -> float:
    """Return by how much a picture's time is ahead of its arrival, in seconds from an unknown zero."""
    arrived = next(arrived for (at, _), arrived in zip(stream.video, stream.video_arrived, strict=False) if at >= at_ms)
    return at_ms / 1000 - arrived


def count_threads(process: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


def alone(person: int) -> Places:
    """Where one is who is passed through."""
    return {person: (0, 0, 320, 180)}


def test_one_becomes_a_mix_and_another_one_on_the_same_connection(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("duo", "person4", [cdn.url("switch")])
    cdn.until("switch", 3 * FPS)
    stream = cdn.stream("switch")
    marks = [latest_ms(stream)]
    cloud.update(task, 1, **SIDE_BY_SIDE)
    until_visible(cloud, task, 1)
    cdn.until_more("switch", 4 * FPS)
    marks.append(latest_ms(stream))
    cloud.update(task, 2, mix=False, SingleSubscribeParams=single("person5"))
    until_visible(cloud, task, 2)
    told = cloud.describe(task)
    cdn.until_more("switch", 4 * FPS)
    marks.append(latest_ms(stream))
    cloud.stop(task)
    cdn.until_ended("switch")

    assert (told["WithTranscoding"], told["UserId"], told["Windows"]) == (0, "person5", [])
    assert len(cdn.streams("switch")) == 1
    received = Received(stream.video, stream.audio)
    assert rises([at for at, _ in received.frames])
    assert rises(received.sound_times)
    assert longest_silence(stream) <= GAP_SECONDS
    assert largest_step([at for at, _ in received.frames]) <= GAP_SECONDS * 1000
    assert largest_step(received.sound_times) <= GAP_SECONDS * 1000

    assert told["Destinations"][0]["DroppedFrames"] == 0
    assert abs(ahead(stream, marks[2]) - ahead(stream, marks[1])) <= AHEAD_SECONDS

    phases = [alone(4), SIDES, alone(5)]
    for mark, (old, new) in zip(marks, pairwise(phases), strict=False):
        pictures = around(stream, mark, 1.5)
        assert pictures[change_of(pictures, shows(old, TRIO), shows(new, TRIO))].key
    for begin_ms, end_ms, places in zip([0, *marks], marks, phases, strict=False):
        # The switch itself is done within a second.
        apart = offsets(part(stream, begin_ms + 1000, end_ms), places)
        assert apart.keys() == places.keys()
        assert all(times and max(map(abs, times)) <= IN_STEP for times in apart.values())


def test_what_cannot_be_seen_yet_lets_the_old_output_go_on(
    served: Served, cloud: Cloud, cdn: HostedCdn, films: Path
) -> None:
    task = cloud.start("duo", "person4", [cdn.url("absent")])
    cdn.until("absent", FPS)
    stream = cdn.stream("absent")
    cloud.update(task, 1, mix=False, SingleSubscribeParams=single("person6"))
    cdn.until_more("absent", 2 * FPS)
    told = cloud.describe(task)
    assert (told["Revision"], told["VisibleRevision"], told["UserId"]) == (1, 0, "person6")
    cloud.update(task, 2, **SIDE_BY_SIDE)
    until_visible(cloud, task, 2)
    cloud.update(task, 3, mix=False, SingleSubscribeParams=single("person6"))
    cdn.until_more("absent", 2 * FPS)
    mixed = latest_ms(stream)
    assert cloud.describe(task)["VisibleRevision"] == 2
    with publishing(served, films, "duo", [Person(6, 320, 180)]):
        until_visible(cloud, task, 3)
        cdn.until_more("absent", FPS)
        cloud.stop(task)
        cdn.until_ended("absent")

    assert len(cdn.streams("absent")) == 1
    assert rises([at for at, _ in Received(stream.video, []).frames])
    images = pictures_of(stream, after_ms=mixed)
    assert shows(SIDES, TRIO)(images[0].image)
    assert shows(alone(6), TRIO)(images[-1].image)
    assert shows(alone(4), TRIO)(pictures_of(stream)[2 * FPS].image)


def test_feeds_that_were_never_seen_leave_nothing_behind(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix("duo", [cdn.url("left")], layout=GRID, encode=ENCODE)
    cdn.until("left", FPS)
    (child,) = served.children()
    threads = count_threads(child)
    for number in (1, 3, 5):
        cloud.update(task, number, mix=False, SingleSubscribeParams=single("nobody"))
        cloud.update(task, number + 1, **SIDE_BY_SIDE)
        until_visible(cloud, task, number + 1)

    # Each mix has threads of its own.
    eventually(lambda: count_threads(child) <= threads, "the end of the mixes that were replaced")
    assert len(cdn.streams("left")) == 1


def test_a_task_ends_when_the_one_it_was_switched_to_does_not_come(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("duo", "person4", [cdn.url("idle")], max_idle=5)
    cdn.until("idle", FPS)
    cloud.update(task, 1, mix=False, SingleSubscribeParams=single("nobody"))

    assert cloud.until_ended(task)["Reason"] == "idle"
