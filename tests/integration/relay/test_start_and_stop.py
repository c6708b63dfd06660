"""One relay from the publisher to the CDN, and its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.wire.flv import AvcPacket
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.media.film import FPS, HEIGHT, RED, SECONDS, WIDTH
from tests.media.received import Received, numbers_follow, rises

ORDERLY = ["connect", "releaseStream", "FCPublish", "createStream", "publish", "onMetaData"]
ORDERLY_END = ["FCUnpublish", "deleteStream", "closed"]


@pytest.fixture(scope="module")
def anna(served: Served, red_film: Path) -> Iterator[None]:
    with Publisher(red_film, served.publish_url("hall", "anna")):
        yield


def test_the_picture_arrives_untouched_with_its_sound_in_step(
    anna: None, cloud: Cloud, cdn: HostedCdn, red_film: Path
) -> None:
    task = cloud.start("hall", "anna", [cdn.url("one")])
    cdn.until_more("one", 4 * FPS)
    cloud.stop(task)
    stream = cdn.until_ended("one")
    got, sent = cdn.received("one"), Received.of_flv(red_film)

    assert stream.events == ORDERLY + ORDERLY_END
    assert (stream.metadata["width"], stream.metadata["height"]) == (WIDTH, HEIGHT)
    assert got.video_bodies[0][1].packet is AvcPacket.CONFIG
    assert got.frames[0][1].key
    published = {body.data for _, body in sent.frames}
    assert all(body.data in published for _, body in got.frames)
    assert rises([at for at, _ in got.frames])
    assert rises(got.sound_times)

    pictures = got.pictures()
    assert len(pictures) == len(got.frames)
    assert all(picture.looks(RED) for _, picture in pictures)
    assert numbers_follow(pictures, SECONDS * FPS)
    flashes, sound = got.flashes(), got.sound()
    assert len(flashes) >= 3
    for flash in flashes[:-1]:
        assert min(abs(beep - flash) for beep in sound.beeps()) <= 0.040
    assert all(pitch == pytest.approx(1000, abs=20) for pitch in sound.pitches())
