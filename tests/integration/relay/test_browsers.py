"""What browsers publish is relayed: VP8 as H.264, Opus as AAC, in time, whatever becomes of size, codec and network."""

from itertools import pairwise
from pathlib import Path

import pytest

from tailrace.unit import Codec
from tailrace.wire import h264
from tailrace.wire.flv import AvcPacket
from tests.harness.bus_publisher import BusPublisher
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.threads import stand_still_until_killed
from tests.harness.waiting import eventually
from tests.media.browser import person_in_browser
from tests.media.people import Person, film
from tests.media.received import Received, largest_step, rises
from tests.media.sync import flashes, heard, pictures, said
from tests.media.tones import beeps
from tests.media.windows import windows_found

TOGETHER = 0.040
NOTE = "VP8 is transcoded to H.264 since RTMP cannot carry it"
ANNA, BERT = Person(0, 320, 180), Person(1, 320, 180)
# A browser's clock starts anywhere.
SOMEWHERE_US = 77_000_000_000
STILLS_MS = 200
FOUND_WITHIN = 10.0  # a child that stands still is given up after 3 s (worker/heartbeat.py)


def sizes(received: Received) -> list[tuple[int, int]]:
    """Return the picture sizes that the set-up data say, in their order."""
    return [h264.picture_size(body.data) for _, body in received.video_bodies if body.packet is AvcPacket.CONFIG]


def seen(received: Received) -> list[int]:
    """Return who is seen, each once for each time that he begins."""
    found: list[int] = []
    for _, picture in pictures(received):
        for window in windows_found(picture):
            if not found or found[-1] != window.person:
                found.append(window.person)
    return found


def apart(received: Received, people: list[Person]) -> list[float]:
    """Return how many seconds each flash comes after the beep of any of these people."""
    begin, wave, rate = heard(received)
    beeped = [begin + at for person in people for at in beeps(wave, rate, person.index)]
    shown = [
        (at, said([(at, picture)], {0: (0, 0, picture.width, picture.height)})[0][0][1])
        for at, picture in pictures(received)
    ]
    return [min((flash - beep for beep in beeped), key=abs) for flash in flashes(shown)]


def told_missing(cloud: Cloud, task: str) -> bool:
    """Whether it is told that the publisher is away. On a busy machine, pictures that were left out are told, too."""
    notes = cloud.describe(task)["Notes"]
    assert NOTE in notes
    return any("no media from the publisher since" in note for note in notes)


def assert_in_time(received: Received, step_ms: int) -> None:
    """Check that neither track goes back or jumps."""
    times = [at for at, _ in received.frames]
    assert rises(times)
    assert largest_step(times) <= step_ms
    assert rises(received.sound_times)
    assert largest_step(received.sound_times) <= 64


def test_vp8_and_opus_arrive_as_h264_and_aac_in_time(served: Served, cloud: Cloud, cdn: HostedCdn) -> None:
    units = person_in_browser(ANNA, 9.0, start_us=SOMEWHERE_US)
    with BusPublisher(served, "vp8", "anna", units) as browser:
        task = cloud.start("vp8", "anna", [cdn.url("vp8")])
        cdn.until_more("vp8", 5)
        notes = cloud.describe(task)["Notes"]
        browser.until_over(15)
        cloud.stop(task)
        cdn.until_ended("vp8")

    got = cdn.received("vp8")
    assert notes == [NOTE]
    assert got.frames[0][0] < 100
    assert_in_time(got, 80)
    keys = [at for at, body in got.frames if body.key]
    assert all(abs(later - earlier - 2000) <= 40 for earlier, later in pairwise(keys))
    assert seen(got) == [0]
    together = apart(got, [ANNA])
    assert len(together) >= 6
    assert max(map(abs, together)) <= TOGETHER
    numbers = [what.number for _, what in said(pictures(got), {0: (0, 0, 320, 180)})[0]]
    assert None not in numbers


def test_a_relay_whose_transcoder_hangs_while_its_event_loop_turns_is_killed_and_replaced(
    served: Served, cloud: Cloud, cdn: HostedCdn
) -> None:
    units = person_in_browser(ANNA, 6.0, start_us=SOMEWHERE_US)
    crashes = len(served.entries("child crashed"))
    with BusPublisher(served, "hangs", "anna", units, lasts_us=6_000_000):
        task = cloud.start("hangs", "anna", [cdn.url("hangs")])
        cdn.until_more("hangs", 5)
        (child,) = served.children()

        stand_still_until_killed(child, FOUND_WITHIN)
        eventually(lambda: len(cdn.streams("hangs")) == 2, "a new connection")

        cdn.until_more("hangs", 5)
        cloud.stop(task)
        cdn.until_ended("hangs")
    (crash,) = served.entries("child crashed")[crashes:]
    assert crash["how"].startswith("it stood still for")
    assert rises([at for at, _ in cdn.received("hangs").frames])


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8], ids=["h264", "vp8"])
def test_a_browser_that_changes_its_size_is_followed_on_the_same_connection(
    served: Served, cloud: Cloud, cdn: HostedCdn, codec: Codec
) -> None:
    name = f"size_{codec.name.lower()}"
    units = person_in_browser(ANNA, 8.0, codec, start_us=SOMEWHERE_US, half=True)
    with BusPublisher(served, name, "anna", units) as browser:
        task = cloud.start(name, "anna", [cdn.url(name)], channels=1, rate_hz=16000)
        browser.until_over(15)
        cloud.stop(task)
        cdn.until_ended(name)

    got = cdn.received(name)
    assert len(cdn.streams(name)) == 1
    assert sizes(got) == [(320, 180), (160, 90)]
    assert_in_time(got, 80)
    assert {(picture.width, picture.height) for _, picture in pictures(got)} == {(320, 180), (160, 90)}
    together = apart(got, [ANNA])
    assert len(together) >= 5
    assert max(map(abs, together)) <= TOGETHER


def test_another_codec_goes_on_in_the_same_push_and_is_told(
    served: Served, cloud: Cloud, cdn: HostedCdn, tmp_path: Path
) -> None:
    url = served.publish_url("codec", "anna")
    rtmp = film(ANNA, tmp_path)
    with Publisher(rtmp, url):
        task = cloud.start("codec", "anna", [cdn.url("codec")])
        cdn.until_more("codec", 50)
        assert cloud.describe(task)["Notes"] == []
        # The later session of the same user removes the earlier one.
        with BusPublisher(served, "codec", "anna", person_in_browser(BERT, 6.0, start_us=SOMEWHERE_US)) as browser:
            eventually(lambda: NOTE in cloud.describe(task)["Notes"], "the note")
            browser.until_over(15)
    with Publisher(rtmp, url):
        eventually(lambda: cloud.describe(task)["Notes"] == [], "no note any more")
        cdn.until_more("codec", 75)
        cloud.stop(task)
        cdn.until_ended("codec")

    got = cdn.received("codec")
    assert len(cdn.streams("codec")) == 1
    assert seen(got) == [0, 1, 0]
    assert_in_time(got, STILLS_MS + 100)
    together = apart(got, [ANNA, BERT])
    assert len(together) >= 8
    # Where one begins, a flash or a beep may be cut off from the other.
    assert sum(abs(offset) <= TOGETHER for offset in together) >= len(together) - 2


def test_a_browser_that_is_away_leaves_its_last_picture_and_silence(
    served: Served, cloud: Cloud, cdn: HostedCdn
) -> None:
    units = person_in_browser(ANNA, 3.0, start_us=SOMEWHERE_US)
    with BusPublisher(served, "away", "anna", units) as browser:
        task = cloud.start("away", "anna", [cdn.url("away")])
        browser.until_over(15)
        eventually(lambda: told_missing(cloud, task), "another note")
        cdn.until_more("away", 15)
    again = person_in_browser(BERT, 4.0, start_us=5_000_000)
    with BusPublisher(served, "away", "anna", again) as browser:
        eventually(lambda: not told_missing(cloud, task), "that note no more")
        browser.until_over(15)
        cloud.stop(task)
        cdn.until_ended("away")

    got = cdn.received("away")
    assert len(cdn.streams("away")) == 1
    assert seen(got) == [0, 1]
    assert_in_time(got, STILLS_MS + 100)
    back = [offset for offset in apart(got, [BERT]) if abs(offset) < 0.2]
    assert len(back) >= 2
    assert max(map(abs, back)) <= TOGETHER
