"""The picture's encoding is changed while it runs, on the same connection."""

from itertools import pairwise

import pytest

from tailrace.wire import h264
from tailrace.wire.flv import AvcPacket
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.integration.update.running import undisturbed, until_visible
from tests.integration.update.scenes import ENCODE, FPS, GRID, GRID_PLACES, HEIGHT, ROOM, WIDTH
from tests.integration.update.watching import lags, latest_ms, pictures_of, shows
from tests.media.received import Received, rises

pytestmark = pytest.mark.usefixtures("people")


def sizes_told(stream: Stream) -> list[tuple[int, int]]:
    """Return the sizes that the set-up data of a stream has, in their order."""
    bodies = [body for _, body in Received(stream.video, []).video_bodies if body.packet is AvcPacket.CONFIG]
    return [h264.picture_size(body.data) for body in bodies]


@undisturbed
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
    assert {later.at_ms - earlier.at_ms for earlier, later in pairwise(pictures)} == {1000 // FPS}
    # Back in the first size, everything is as it was.
    assert shows(GRID_PLACES)(pictures[changes[-1]].image)
    before, after = (lags(part, 1, GRID_PLACES[1]) for part in (pictures[changes[0] - 5 : changes[0]], pictures[-5:]))
    assert None not in before + after
    assert all(abs(one - other) <= 2 for one, other in zip(before, after, strict=True) if one and other)


@undisturbed
def test_another_rate_begins_where_the_next_frame_is_due(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("rate")], layout=GRID, encode=ENCODE)
    cdn.until("rate", 2 * FPS)
    stream = cdn.stream("rate")
    changed_ms = []
    for number, fps in enumerate((10, 30), 1):
        cloud.update(task, number, VideoParams={"VideoEncode": {**ENCODE, "Fps": fps}})
        until_visible(cloud, task, number)
        changed_ms.append(latest_ms(stream))
        cdn.until_more("rate", fps)
    cloud.stop(task)
    cdn.until_ended("rate")

    assert len(cdn.streams("rate")) == 1
    times = [at for at, _ in Received(stream.video, []).frames]
    assert rises(times)
    steps = [later - earlier for earlier, later in pairwise(times)]
    tens, thirties = steps.index(100), next(n for n, step in enumerate(steps) if step in (33, 34))
    assert set(steps[:tens]) == {40}
    assert set(steps[tens:thirties]) == {100}
    assert set(steps[thirties:]) == {33, 34}
    pictures_of(stream)  # every picture can be decoded


@undisturbed
def test_another_gop_moves_the_key_frames_and_another_bit_rate_the_bytes(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("gop")], layout=GRID, encode={**ENCODE, "BitRate": 200})
    cdn.until("gop", 2 * FPS)
    stream = cdn.stream("gop")
    cloud.update(task, 1, VideoParams={"VideoEncode": {**ENCODE, "BitRate": 200, "Gop": 2}})
    until_visible(cloud, task, 1)
    longer = latest_ms(stream)
    cdn.until_more("gop", 3 * FPS)
    cloud.update(task, 2, VideoParams={"VideoEncode": {**ENCODE, "BitRate": 3000, "Gop": 1}})
    until_visible(cloud, task, 2)
    richer = latest_ms(stream)
    cdn.until_more("gop", 2 * FPS)
    told = cloud.describe(task)["VideoEncode"]
    cloud.stop(task)
    cdn.until_ended("gop")

    assert told == {**ENCODE, "BitRate": 3000}
    assert len(cdn.streams("gop")) == 1
    frames = Received(stream.video, []).frames
    assert {later - earlier for (earlier, _), (later, _) in pairwise(frames)} == {40}
    keys = [at for at, body in frames if body.key]
    first, second = (min(at for at in keys if at > mark - 200) for mark in (longer, richer))
    assert {later - earlier for earlier, later in pairwise(at for at in keys if at <= first - 40)} <= {1000}
    assert {later - earlier for earlier, later in pairwise(at for at in keys if first <= at < second)} == {2000}
    assert {later - earlier for earlier, later in pairwise(at for at in keys if at >= second)} == {1000}
    poor, rich = (
        sum(len(body.data) for at, body in frames if begin < at <= begin + 1000) for begin in (first + 1000, second)
    )
    assert rich > 1.5 * poor
