"""Push URLs are added, removed and replaced while it runs; the others do not notice."""

from itertools import pairwise

import pytest

from tailrace.wire.flv import AvcPacket
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.waiting import eventually
from tests.integration.update.scenes import ENCODE, FPS, GRID, ROOM, single, targets
from tests.media.received import Received

pytestmark = pytest.mark.usefixtures("people")

SMALL = {**ENCODE, "Width": 320, "Height": 180}
ORDERLY_START = ["connect", "releaseStream", "FCPublish", "createStream", "publish", "onMetaData"]
ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]


def start(cloud: Cloud, mix: bool, urls: list[str]) -> str:
    """Start a mix of everybody, or a relay of one."""
    return cloud.start_mix(ROOM, urls, layout=GRID, encode=SMALL) if mix else cloud.start(ROOM, "person0", urls)


def assert_whole(stream: Stream) -> None:
    """No picture and no sound is missing."""
    received = Received(stream.video, stream.audio)
    assert {later - earlier for (earlier, _), (later, _) in pairwise(received.frames)} == {1000 // FPS}
    assert max(later - earlier for earlier, later in pairwise(received.sound_times)) <= 22


def assert_begins_well(stream: Stream) -> None:
    """Set-up data first, then a key frame."""
    bodies = [body for _, body in Received(stream.video, []).video_bodies]
    assert [body.packet for body in bodies[:2]] == [AvcPacket.CONFIG, AvcPacket.UNITS]
    assert bodies[1].key


def check(cloud: Cloud, cdn: HostedCdn, mix: bool) -> None:
    """Add one, replace one and change the order, remove one."""
    task = start(cloud, mix, [cdn.url("kept"), cdn.url("replaced")])
    for name in ("kept", "replaced"):
        cdn.until(name, 2 * FPS)

    cloud.update(task, 1, mix=mix, PublishCdnParams=targets(*map(cdn.url, ("kept", "replaced", "added"))))
    cdn.until("added", FPS)
    cloud.update(task, 2, mix=mix, PublishCdnParams=targets(*map(cdn.url, ("other", "added", "kept"))))
    cdn.until("other", FPS)
    replaced = cdn.until_ended("replaced")
    eventually(lambda: cloud.states(task) == ["running"] * 3, "all running")
    told = cloud.describe(task)["Destinations"]
    cloud.update(task, 3, mix=mix, PublishCdnParams=targets(cdn.url("kept")))
    added = cdn.until_ended("added")
    cdn.until_more("kept", FPS)
    last = cloud.describe(task)["Destinations"]
    cloud.stop(task)
    cdn.until_ended("kept")

    assert [(entry["Url"], entry["Connects"]) for entry in told] == [
        (cdn.url(name), 1) for name in ("other", "added", "kept")
    ]
    assert [(entry["Url"], entry["DroppedFrames"]) for entry in last] == [(cdn.url("kept"), told[2]["DroppedFrames"])]
    assert [len(cdn.streams(name)) for name in ("kept", "replaced", "added", "other")] == [1] * 4
    assert_whole(cdn.stream("kept"))
    for stream in (replaced, added, cdn.until_ended("other")):
        assert list(dict.fromkeys(stream.events)) == ORDERLY_START + ORDERLY_END
        assert_begins_well(stream)
        assert_whole(stream)


def test_destinations_of_a_mix_come_and_go_and_those_that_stay_lose_nothing(cloud: Cloud, cdn: HostedCdn) -> None:
    check(cloud, cdn, mix=True)


def test_destinations_of_a_single_relay_come_and_go_and_those_that_stay_lose_nothing(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    check(cloud, cdn, mix=False)


def test_a_url_that_differs_in_its_query_is_pushed_anew(cloud: Cloud, cdn: HostedCdn) -> None:
    task = start(cloud, True, [cdn.url("signed") + "?sign=1"])
    cdn.until("signed", FPS)
    old = cdn.stream("signed")
    cloud.update(task, 1, PublishCdnParams=targets(cdn.url("signed") + "?sign=2"))
    eventually(lambda: len(cdn.streams("signed")) == 2 and len(cdn.stream("signed").video) > FPS, "the other query")
    new = cdn.stream("signed")
    eventually(lambda: not old.live, "the end of the first")
    cloud.update(task, 2, PublishCdnParams=targets(cdn.url("signed") + "?sign=2"))
    cdn.until_more("signed", FPS)

    assert [stream.query for stream in (old, new)] == ["sign=1", "sign=2"]
    assert old.events[-3:] == ORDERLY_END
    assert_begins_well(new)
    assert (len(cdn.streams("signed")), new.live) == (2, True)


def test_urls_and_source_change_together(cloud: Cloud, cdn: HostedCdn) -> None:
    task = start(cloud, False, [cdn.url("first")])
    cdn.until("first", FPS)
    urls = targets(cdn.url("first"), cdn.url("second"))
    cloud.update(task, 1, mix=False, SingleSubscribeParams=single("person1"), PublishCdnParams=urls)
    cdn.until("second", 2 * FPS)
    cdn.until_more("first", 2 * FPS)

    assert cloud.describe(task)["UserId"] == "person1"
    assert (len(cdn.streams("first")), cdn.stream("first").live) == (1, True)
    assert_begins_well(cdn.stream("second"))
