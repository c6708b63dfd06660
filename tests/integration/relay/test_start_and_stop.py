"""One relay from the publisher to the CDN, and its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tailrace.wire.flv import AvcPacket
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import FPS, HEIGHT, RED, SECONDS, WIDTH
from tests.media.received import Received, numbers_follow, rises

ORDERLY_START = ["connect", "releaseStream", "FCPublish", "createStream", "publish", "onMetaData"]
ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]
# Sound and picture of one user stay within 40 ms (design section 4).
IN_STEP = 0.040


def once_each(events: list[str]) -> list[str]:
    """Return the events without repeats: onMetaData comes again when the sound begins after the picture."""
    return list(dict.fromkeys(events))


@pytest.fixture(scope="module")
def anna(served: Served, red_film: Path) -> Iterator[None]:
    with Publisher(red_film, served.publish_url("hall", "anna")):
        yield


@pytest.mark.usefixtures("anna")
def test_the_picture_arrives_untouched_with_its_sound_in_step(cloud: Cloud, cdn: HostedCdn, red_film: Path) -> None:
    task = cloud.start("hall", "anna", [cdn.url("one")])
    cdn.until_more("one", 4 * FPS)
    assert cloud.stop(task) == task
    stream = cdn.until_ended("one")
    got, sent = cdn.received("one"), Received.of_flv(red_film)

    assert once_each(stream.events) == ORDERLY_START + ORDERLY_END
    assert (stream.metadata["width"], stream.metadata["height"]) == (WIDTH, HEIGHT)
    assert got.video_bodies[0][1].packet is AvcPacket.CONFIG
    assert got.video_bodies[0][1].data == sent.video_bodies[0][1].data
    assert got.frames[0][1].key
    published = {body.data for _, body in sent.frames}
    assert all(body.data in published for _, body in got.frames)
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)

    pictures = got.pictures()
    assert len(pictures) == len(got.frames)
    assert all(picture.looks(RED) for _, picture in pictures)
    assert numbers_follow(pictures, SECONDS * FPS)
    flashes, beeps = got.flashes(), got.sound().beeps()
    assert len(flashes) >= 3
    assert all(min(abs(beep - flash) for beep in beeps) <= IN_STEP for flash in flashes[:-1])


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(48000, 2), (44100, 1), (32000, 2), (24000, 1), (16000, 2), (8000, 1)]
)
def test_the_sound_has_the_rate_and_channels_that_were_asked_for_and_keeps_its_pitch(
    cloud: Cloud, cdn: HostedCdn, rate_hz: int, channels: int
) -> None:
    task = cloud.start("hall", "anna", [cdn.url("sound")], rate_hz=rate_hz, channels=channels)
    cdn.until_more("sound", 2 * FPS)
    cloud.stop(task)
    metadata = cdn.until_ended("sound").metadata
    sound, flashes = cdn.received("sound").sound(), cdn.received("sound").flashes()

    assert (metadata["audiosamplerate"], metadata["stereo"]) == (rate_hz, channels == 2)
    assert (sound.rate_hz, sound.channels) == (rate_hz, channels)
    assert sound.pitches()
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in sound.pitches())
    assert all(min(abs(beep - flash) for beep in sound.beeps()) <= IN_STEP for flash in flashes[:-1])


@pytest.mark.usefixtures("anna")
def test_what_the_task_says_of_itself_is_what_the_cdn_sees(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("hall", "anna", [cdn.url("told")], robot="teller")
    cdn.until_more("told", 3 * FPS)
    told = cloud.describe(task)
    seen = cdn.pictures("told")

    assert (told["State"], told["RoomId"], told["UserId"], told["RobotUserId"]) == ("running", "hall", "anna", "teller")
    assert (told["Epoch"], told["Reason"]) == (1, "")
    (destination,) = told["Destinations"]
    assert (destination["Url"], destination["State"], destination["Connects"]) == (cdn.url("told"), "running", 1)
    # Set-up data is a message too, and some more came between the two looks.
    assert destination["VideoFrames"] == pytest.approx(seen - 1, abs=FPS)
    assert destination["BitRate"] > 0
    assert destination["DroppedFrames"] == 0

    cloud.stop(task)
    ended = cloud.until_ended(task)
    assert (ended["Reason"], ended["Destinations"][0]["State"]) == ("stopped", "idle")
    assert ended["Destinations"][0]["VideoFrames"] == cdn.pictures("told") - 1


@pytest.mark.usefixtures("anna")
def test_the_built_in_cdn_sees_an_unpublish_and_not_a_broken_connection(
    served: Served, cloud: Cloud, tmp_path: Path
) -> None:
    name = tmp_path.name
    task = cloud.start("hall", "anna", [served.live_url(name)])
    eventually(lambda: served.live(name).get("video_frames", 0) > FPS, "pictures at the built-in CDN")
    cloud.stop(task)
    eventually(lambda: served.live(name)["state"] == "ended", "the end at the built-in CDN")

    seen = served.live(name)
    assert (seen["ended"], seen["fc_unpublish"]) == ("unpublished", True)
    assert (seen["width"], seen["height"], seen["sample_rate"], seen["channels"]) == (WIDTH, HEIGHT, 48000, 2)


@pytest.mark.usefixtures("anna")
def test_nothing_is_pushed_after_the_stop(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("hall", "anna", [cdn.url("over")])
    cdn.until_more("over", FPS)
    cloud.stop(task)
    cdn.until_ended("over")
    cloud.until_ended(task)
    last = cdn.pictures("over"), len(cdn.streams("over"))

    other = cloud.start("hall", "anna", [cdn.url("later")])
    cdn.until_more("later", FPS)
    cloud.stop(other)

    assert (cdn.pictures("over"), len(cdn.streams("over"))) == last


@pytest.mark.usefixtures("anna")
def test_two_stops_at_once_and_a_third_one_later_all_succeed(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start("hall", "anna", [cdn.url("twice")])
    cdn.until_more("twice", FPS)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(cloud.stop, [task] * 4)) == [task] * 4
    assert cdn.until_ended("twice").events[-3:] == ORDERLY_END
    ended = cloud.until_ended(task)

    assert cloud.stop(task) == task
    assert cloud.describe(task) == ended


@pytest.mark.usefixtures("anna")
def test_a_task_is_stopped_while_it_connects(cloud: Cloud, cdn: HostedCdn) -> None:
    cdn.misbehave(lambda fake: fake.stall())
    task = cloud.start("hall", "anna", [cdn.url("stalled")])
    eventually(lambda: cloud.states(task) == ["connecting"], "connecting")
    cloud.stop(task)

    ended = cloud.until_ended(task)
    assert (ended["Reason"], ended["Destinations"][0]["State"]) == ("stopped", "idle")


@pytest.mark.usefixtures("anna")
def test_a_task_that_is_stopped_while_the_cdn_decides_unpublishes_what_it_has_announced(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    cdn.misbehave(lambda fake: fake.silent_after_publish())
    task = cloud.start("hall", "anna", [cdn.url("undecided")])
    cdn.stream("undecided")
    cloud.stop(task)

    assert once_each(cdn.until_ended("undecided").events) == [*ORDERLY_START[:-1], *ORDERLY_END]
    assert cloud.until_ended(task)["Reason"] == "stopped"


@pytest.mark.usefixtures("anna")
def test_twenty_tasks_started_at_once_all_run_and_all_stop_in_order(cloud: Cloud, cdn: HostedCdn) -> None:
    names = [f"storm-{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        tasks = list(pool.map(lambda name: cloud.start("hall", "anna", [cdn.url(name)], robot=name), names))
        for name in names:
            eventually(lambda name=name: cdn.pictures(name) > 5, f"pictures of {name}")  # type: ignore[misc]
        assert list(pool.map(cloud.stop, tasks)) == tasks

    for name, task in zip(names, tasks, strict=True):
        assert once_each(cdn.until_ended(name).events) == ORDERLY_START + ORDERLY_END
        assert cloud.until_ended(task)["Reason"] == "stopped"
        assert cdn.received(name).frames[0][1].key
