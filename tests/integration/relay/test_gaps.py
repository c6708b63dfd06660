"""A publisher who is away for a while: the push goes on with the last picture and silence, and then with him."""

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from tailrace.wire import h264
from tailrace.wire.flv import AvcPacket
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import BLUE, FPS, GREEN, HEIGHT, RED, WIDTH, Colour, make_film
from tests.media.people import Person, film
from tests.media.received import Received, largest_step, rises

STILLS_MS = 200
# Beyond the spacing of what is shown.
NO_JUMP_MS = 100
COLOURS: dict[str, Colour] = {"red": RED, "green": GREEN, "blue": BLUE}


def colours(received: Received) -> list[str]:
    """Return the colours of the pictures in their order, each once for each time that it begins."""
    found = [next((n for n, c in COLOURS.items() if picture.looks(c)), "other") for _, picture in received.pictures()]
    return [name for at, name in enumerate(found) if at == 0 or found[at - 1] != name]


def assert_time_goes_on(received: Received) -> None:
    """Check that neither track goes back or jumps."""
    pictures, sound = [at for at, _ in received.frames], received.sound_times
    assert rises(pictures)
    assert largest_step(pictures) <= STILLS_MS + NO_JUMP_MS
    assert rises(sound)
    assert largest_step(sound) <= NO_JUMP_MS


def gap_of(received: Received) -> tuple[float, float]:
    """Return from when to when, in seconds, the longest run of pictures lasted that do not move on."""
    seen = received.pictures()
    moves = [at for (_, before), (at, now) in pairwise(seen) if before.number != now.number]
    return max(pairwise(moves), key=lambda step: step[1] - step[0])


def assert_together(received: Received, since: float) -> None:
    """Check that flashes and beeps are together from a time on."""
    after, beeps = [flash for flash in received.flashes() if flash > since], received.sound().beeps()
    # The beep that belongs to the last one may not have come any more.
    assert len(after) > 1
    assert all(min(abs(beep - flash) for beep in beeps) <= 0.040 for flash in after[:-1])


def test_a_publisher_who_dies_and_returns_later_leaves_his_last_picture_and_silence(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path
) -> None:
    url = served.publish_url("gap", "cleo")
    with Publisher(red_film, url) as first:
        task = cloud.start("gap", "cleo", [cdn.url("gap")])
        cdn.until_more("gap", 2 * FPS)
        first.vanish()
    eventually(lambda: cloud.describe(task)["Notes"], "a note")
    cdn.until_more("gap", 15)
    with Publisher(green_film, url):
        cdn.until_more("gap", 3 * FPS)
        eventually(lambda: not cloud.describe(task)["Notes"], "no note any more")
        cloud.stop(task)
        stream = cdn.until_ended("gap")

    got = cdn.received("gap")
    assert len(cdn.streams("gap")) == 1
    assert stream.events.count("connect") == 1
    assert colours(got) == ["red", "green"]
    assert_time_goes_on(got)
    begin, end = gap_of(got)
    assert end - begin > 2.5
    assert not [at for at in got.sound().beeps() if begin + 0.2 < at < end - 0.2]
    assert_together(got, end)


def test_publishers_of_an_ingest_that_was_killed_go_on_in_the_same_push(
    tmp_path: Path, red_film: Path, green_film: Path
) -> None:
    with Served(tmp_path) as served, HostedCdn() as cdn:
        cloud = Cloud(served)
        with Publisher(red_film, served.publish_url("ingest", "dora")) as first:
            task = cloud.start("ingest", "dora", [cdn.url("ingest")])
            cdn.until_more("ingest", 2 * FPS)
            served.kill_role("ingest")
            eventually(lambda: first.gone, "the end of the publisher's connection")
        eventually(lambda: cloud.describe(task)["Notes"], "a note")
        cdn.until_more("ingest", 15)
        with Publisher(green_film, served.publish_url("ingest", "dora")):
            cdn.until_more("ingest", 3 * FPS)
            cloud.stop(task)
            stream = cdn.until_ended("ingest")

    got = cdn.received("ingest")
    assert stream.events.count("connect") == len(cdn.streams("ingest")) == 1
    assert colours(got) == ["red", "green"]
    assert_time_goes_on(got)
    assert_together(got, gap_of(got)[1])


@pytest.mark.parametrize("how", ["for a moment", "for long"])
def test_a_publisher_whose_network_stood_still_goes_on_with_what_is_new(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, how: str
) -> None:
    name = f"stall-{how.split()[-1]}"
    with Publisher(red_film, served.publish_url("stall", "emma")) as publisher:
        task = cloud.start("stall", "emma", [cdn.url(name)])
        cdn.until_more(name, 2 * FPS)
        publisher.stall()
        eventually(lambda: cloud.describe(task)["Notes"], "a note")
        cdn.until_more(name, 5 if how == "for a moment" else 20)
        publisher.go_on()
        eventually(lambda: not cloud.describe(task)["Notes"], "no note any more")
        cdn.until_more(name, 4 * FPS)
        cloud.stop(task)
        cdn.until_ended(name)

    got = cdn.received(name)
    assert len(cdn.streams(name)) == 1
    assert_time_goes_on(got)
    _, end = gap_of(got)
    assert_together(got, end)


def test_a_child_that_is_restarted_while_the_publisher_is_away_shows_black_and_is_silent(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path
) -> None:
    url = served.publish_url("restart", "fay")
    with Publisher(red_film, url):
        task = cloud.start("restart", "fay", [cdn.url("restart")])
        cdn.until_more("restart", 2 * FPS)
        children = served.children()
    eventually(lambda: cloud.describe(task)["Notes"], "a note")
    for child in children:
        os.kill(child, signal.SIGKILL)
    eventually(lambda: len(cdn.streams("restart")) == 2, "another connection")
    cdn.until_more("restart", 15)
    with Publisher(green_film, url):
        cdn.until_more("restart", 3 * FPS)
        cloud.stop(task)
        cdn.until_ended("restart")

    before, after = cdn.streams("restart")
    black = Received(after.video, after.audio)
    assert after.audio[-1][0] > before.audio[-1][0]
    assert rises([at for at, _ in cdn.received("restart").frames])
    assert rises(cdn.received("restart").sound_times)
    assert colours(black) == ["other", "green"]
    assert black.pictures()[0][1].looks((0, 0, 0))
    assert_time_goes_on(black)


def test_sound_that_is_switched_off_is_bridged_with_silence_while_pictures_go_on(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, tmp_path: Path
) -> None:
    mute = make_film(tmp_path / "mute.flv", RED, 700, audio=False)
    url = served.publish_url("mute", "gil")
    with Publisher(red_film, url) as first:
        task = cloud.start("mute", "gil", [cdn.url("mute")])
        cdn.until_more("mute", 2 * FPS)
        first.leave()
    with Publisher(mute, url):
        cdn.until_more("mute", 4 * FPS)
        eventually(lambda: "no sound" in "".join(cloud.describe(task)["Notes"]), "a note")
    with Publisher(red_film, url):
        cdn.until_more("mute", 4 * FPS)
        cloud.stop(task)
        cdn.until_ended("mute")

    got = cdn.received("mute")
    assert len(cdn.streams("mute")) == 1
    assert rises(got.sound_times)
    assert largest_step(got.sound_times) <= NO_JUMP_MS
    assert got.sound_times[-1] - got.frames[-1][0] > -500
    assert_together(got, got.frames[-3 * FPS][0] / 1000)


def test_a_publisher_who_returns_with_another_size_is_seen_in_it(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, tmp_path: Path
) -> None:
    url, large = served.publish_url("size", "hal"), film(Person(3), tmp_path)
    with Publisher(red_film, url):
        task = cloud.start("size", "hal", [cdn.url("size")])
        cdn.until_more("size", 2 * FPS)
    eventually(lambda: cloud.describe(task)["Notes"], "a note")
    cdn.until_more("size", 10)
    with Publisher(large, url):
        cdn.until_more("size", 3 * FPS)
        cloud.stop(task)
        cdn.until_ended("size")

    got = cdn.received("size")
    configs = [body.data for _, body in got.video_bodies if body.packet is AvcPacket.CONFIG]
    sizes = [h264.picture_size(config) for config in configs]
    assert sizes[:2] == [(WIDTH, HEIGHT), (WIDTH, HEIGHT)]
    assert len(sizes) == 3
    assert sizes[2] not in {(WIDTH, HEIGHT), (0, 0)}
    assert_time_goes_on(got)


def test_a_slate_is_shown_instead_of_the_last_picture(tmp_path: Path, red_film: Path) -> None:
    Image.new("RGB", (640, 360), BLUE).save(tmp_path / "slate.png")
    with Served(tmp_path, TAILRACE_RELAY__SLATE=str(tmp_path / "slate.png")) as served, HostedCdn() as cdn:
        cloud = Cloud(served)
        with Publisher(red_film, served.publish_url("slate", "ida")):
            task = cloud.start("slate", "ida", [cdn.url("slate")], max_idle=5)
            cdn.until_more("slate", 2 * FPS)
        ended = cloud.until_ended(task)
        stream = cdn.until_ended("slate")

    got = cdn.received("slate")
    assert colours(got) == ["red", "blue"]
    assert_time_goes_on(got)
    assert ended["Reason"] == "idle"
    # It ends when the idle time is over, no earlier and hardly later.
    begin = next(at for at, picture in got.pictures() if picture.looks(BLUE))
    assert 3.5 < got.frames[-1][0] / 1000 - begin < 6
    assert stream.events.count("connect") == 1


def test_a_gap_is_filled_while_nats_is_restarted(tmp_path: Path, red_film: Path) -> None:
    with Served(tmp_path) as served, HostedCdn() as cdn:
        cloud = Cloud(served)
        with Publisher(red_film, served.publish_url("bus", "jil")) as publisher:
            task = cloud.start("bus", "jil", [cdn.url("bus")])
            cdn.until_more("bus", 2 * FPS)
            publisher.stall()
            eventually(lambda: cloud.describe(task)["Notes"], "a note")
            os.kill(served.nats(), signal.SIGKILL)
            cdn.until_more("bus", 20)
            publisher.go_on()
            cdn.until_more("bus", 3 * FPS)
            eventually(lambda: not cloud.describe(task)["Notes"], "no note any more")
            cloud.stop(task)
            stream = cdn.until_ended("bus")

    assert stream.events.count("connect") == len(cdn.streams("bus")) == 1
    assert_time_goes_on(cdn.received("bus"))
