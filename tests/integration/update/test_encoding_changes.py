"""The picture's encoding is changed while it runs, on the same connection."""

from itertools import pairwise

import pytest

from tailrace.wire import h264
from tailrace.wire.flv import AvcPacket
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import ENCODE, FPS, GRID, GRID_PLACES, HEIGHT, ROOM, WIDTH
from tests.integration.update.watching import is_steady, lags, latest_ms, pictures_of, shows
from tests.media.received import Received, rises

pytestmark = pytest.mark.usefixtures("people")

SMALL = {**ENCODE, "Width": WIDTH // 2, "Height": HEIGHT // 2}


def sizes_told(stream: Stream) -> list[tuple[int, int]]:
    """Return the sizes that the set-up data of a stream has, in their order."""
    bodies = [body for _, body in Received(stream.video, []).video_bodies if body.packet is AvcPacket.CONFIG]
    return [h264.picture_size(body.data) for body in bodies]


def test_another_size_begins_with_its_set_up_data_and_a_key_frame_a_frame_after_the_old_one(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("size")], layout=GRID, encode=ENCODE)
    cdn.until("size", 2 * FPS)
    for number, (width, height) in enumerate([(WIDTH // 2, HEIGHT // 2), (HEIGHT, WIDTH), (WIDTH, HEIGHT)], 1):
        cloud.update(task, number, VideoParams={"VideoEncode": {**ENCODE, "Width": width, "Height": height}})
        until_visible(cloud, task, number)
        cdn.until_more("size", FPS)
        assert (cdn.stream("size").metadata["width"], cdn.stream("size").metadata["height"]) == (width, height)
    cloud.stop(task)
    stream = cdn.until_ended("size")

    assert len(cdn.streams("size")) == 1
    assert sizes_told(stream) == [(WIDTH, HEIGHT), (WIDTH // 2, HEIGHT // 2), (HEIGHT, WIDTH), (WIDTH, HEIGHT)]
    pictures = pictures_of(stream)
    changes = [n + 1 for n, (a, b) in enumerate(pairwise(pictures)) if a.image.width != b.image.width]
    assert len(changes) == 3
    assert all(pictures[change].key for change in changes)
    assert all(is_steady(stream, pictures[change].at_ms) for change in changes)
    assert rises([picture.at_ms for picture in pictures])
    # Back in the first size, everything is as it was.
    assert shows(GRID_PLACES)(pictures[changes[-1]].image)
    before, after = (lags(part, 1, GRID_PLACES[1]) for part in (pictures[changes[0] - 5 : changes[0]], pictures[-5:]))
    assert None not in before + after
    assert all(abs(one - other) <= 2 for one, other in zip(before, after, strict=True) if one and other)


def test_another_rate_begins_where_the_next_frame_is_due(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("rate")], layout=GRID, encode=SMALL)
    cdn.until("rate", FPS)
    for number, fps in enumerate((10, 30), 1):
        cloud.update(task, number, VideoParams={"VideoEncode": {**SMALL, "Fps": fps}})
        until_visible(cloud, task, number)
        cdn.until_more("rate", fps)
    cloud.stop(task)
    stream = cdn.until_ended("rate")

    assert len(cdn.streams("rate")) == 1
    pictures = pictures_of(stream)  # which fails when one cannot be decoded
    times = [picture.at_ms for picture in pictures]
    assert rises(times)
    # The set-up data tells the rate.
    configs = [
        n for n, (_, body) in enumerate(Received(stream.video, []).video_bodies) if body.packet is AvcPacket.CONFIG
    ]
    first, *changes = (position - before for before, position in enumerate(configs))
    assert (first, len(changes)) == (0, 2)
    assert all(pictures[change].key for change in changes)
    steps = [later - earlier for earlier, later in pairwise(times)]
    # The first picture at the new rate is due when one at the old rate would have been.
    for change, old, new in zip(changes, (40, 100), (100, 33), strict=True):
        assert steps[change - 5 : change] == [old] * 5
        assert [step // new * new for step in steps[change : change + 5]] == [new] * 5


def test_another_gop_moves_the_key_frames_and_another_bit_rate_the_bytes(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("gop")], layout=GRID, encode={**SMALL, "BitRate": 150})
    cdn.until("gop", 2 * FPS)
    stream = cdn.stream("gop")
    changed = []
    for number, (gop, kbps) in enumerate([(2, 150), (1, 3000)], 1):
        before = latest_ms(stream)
        cloud.update(task, number, VideoParams={"VideoEncode": {**SMALL, "BitRate": kbps, "Gop": gop}})
        until_visible(cloud, task, number)
        changed.append((before, latest_ms(stream)))
        cdn.until_more("gop", round((gop + 1.4) * FPS))
    told = cloud.describe(task)["VideoEncode"]
    cloud.stop(task)
    cdn.until_ended("gop")

    assert told == {**SMALL, "BitRate": 3000}
    assert len(cdn.streams("gop")) == 1
    frames = Received(stream.video, []).frames
    keys = [at for at, body in frames if body.key]
    # Each encoder begins with a key frame, and counts from it.
    longer, richer = (max(at for at in keys if begin < at <= end) for begin, end in changed)
    assert is_steady(stream, longer)
    assert is_steady(stream, richer)
    assert {later - earlier for earlier, later in pairwise(at for at in keys if at <= changed[0][0])} == {1000}
    assert {later - earlier for earlier, later in pairwise(at for at in keys if longer <= at <= changed[1][0])} == {
        2000
    }
    assert {later - earlier for earlier, later in pairwise(at for at in keys if at >= richer)} == {1000}
    poor, rich = (
        sum(len(body.data) for at, body in frames if begin < at <= begin + 1000) for begin in (longer, richer)
    )
    assert rich > 1.5 * poor
