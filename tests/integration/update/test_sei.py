"""SEI in the mixed picture: places and volumes, the caller's own data, and what came with the upstream (spec/03, 6)."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tailrace.wire import flv, h264, sei
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import (
    CUSTOM,
    CUSTOM_PLACES,
    ENCODE,
    FILM_PICTURES,
    FPS,
    GRID,
    GRID_PLACES,
    HEIGHT,
    PEOPLE,
    ROOM,
    WIDTH,
    Places,
    custom,
    single,
)
from tests.integration.update.watching import latest_ms
from tests.media.people import Person, film
from tests.media.received import Received

pytestmark = pytest.mark.usefixtures("people")

UUID = "0123456789abcdef0123456789ABCDEF"
UPSTREAM = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
Found = list[tuple[int, bool, list[sei.Message]]]


def sei_of(stream: Stream) -> Found:
    """Return for each picture its time, whether it is a key frame, and its SEI messages."""
    return [
        (
            at,
            body.key,
            [m for unit in h264.nal_units(body.data) if unit[0] & 31 == h264.NalType.SEI for m in sei.messages(unit)],
        )
        for at, body in Received(stream.video, []).frames
    ]


def times_of(found: Found, kind: int) -> list[int]:
    """Return when pictures had a message of that type; never two at once."""
    times = [at for at, _, messages in found for message in messages if message.type == kind]
    assert times == sorted(set(times))
    return times


def layouts_of(found: Found, kind: int = 100) -> list[dict[str, Any]]:
    """Return the JSON of all messages of that type."""
    return [json.loads(message.payload) for _, _, messages in found for message in messages if message.type == kind]


def assert_tells(layout: dict[str, Any], places: Places, app_data: str) -> None:
    """The members of spec/03 section 6 in their order, with everybody where he is, and heard or not."""
    assert list(layout) == ["app_data", "canvas", "regions", "ver", "ts"]
    assert (layout["app_data"], layout["canvas"], layout["ver"]) == (app_data, {"w": WIDTH, "h": HEIGHT}, "1.0")
    assert layout["ts"] == pytest.approx(time.time(), abs=30)
    assert all(list(region) == ["uid", "zorder", "volume", "x", "y", "w", "h"] for region in layout["regions"])
    told = {region["uid"]: tuple(region[name] for name in "xywh") for region in layout["regions"]}
    assert told == {f"person{person}": place for person, place in places.items()}
    for region in layout["regions"]:
        silent = region["uid"] == f"person{PEOPLE[3].index}"
        assert region["volume"] == 0 if silent else 0 < region["volume"] <= 100


def test_places_and_volumes_and_own_data_come_at_their_intervals_and_change_by_updates(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    wanted = {
        "LayoutVolume": {"AppData": "match-17 é"},
        "PassThrough": {"PayloadType": 5, "PayloadUuid": UUID, "PayloadContent": "a\0\0b", "Interval": 400},
    }
    task = cloud.start_mix(ROOM, [cdn.url("sei")], layout=GRID, encode=ENCODE, SeiParams=wanted)
    cdn.until("sei", 3 * FPS)
    stream = cdn.stream("sei")
    marks = [latest_ms(stream)]
    # The whole SEI is replaced: own data ends; each key frame, one a second, carries the rest.
    changed = {"LayoutVolume": {"PayloadType": 242, "Interval": 10000, "FollowIdr": 1}}
    cloud.update(task, 1, SeiParams=changed, VideoParams={"LayoutParams": CUSTOM})
    until_visible(cloud, task, 1)
    marks.append(latest_ms(stream))
    cdn.until_more("sei", 3 * FPS)
    marks.append(latest_ms(stream))
    cloud.update(task, 2, SeiParams={})
    until_visible(cloud, task, 2)
    marks.append(latest_ms(stream))
    cdn.until_more("sei", 2 * FPS)
    cloud.stop(task)
    cdn.until_ended("sei")

    found = sei_of(stream)
    first = [entry for entry in found if entry[0] <= marks[0]]
    assert {later - earlier for earlier, later in pairwise(times_of(first, 100))} == {1000}
    assert {later - earlier for earlier, later in pairwise(times_of(first, 5))} == {400}
    own = {message.payload for _, _, messages in first for message in messages if message.type == 5}
    assert own == {bytes.fromhex(UUID) + b"a\0\0b"}
    # The first one comes before much was heard.
    for layout in layouts_of(first)[1:]:
        assert_tells(layout, GRID_PLACES, "match-17 é")

    second = [entry for entry in found if marks[1] < entry[0] <= marks[2]]
    assert (times_of(second, 100), times_of(second, 5)) == ([], [])
    assert times_of(second, 242) == [at for at, key, _ in second if key]
    for layout in layouts_of(second, 242):
        assert_tells(layout, CUSTOM_PLACES, "")
    assert not any(messages for at, _, messages in found if at > marks[3])


@pytest.fixture(scope="module")
def sender(served: Served, films: Path) -> Iterator[Person]:
    """Somebody whose every picture has a number in its SEI."""
    person = Person(7, 320, 180)
    tags = flv.Reader().receive(film(person, films).read_bytes())
    written = [flv.file_header(audio=True, video=True)]
    number = 0
    for tag in tags:
        body = flv.parse_video(tag.body) if tag.type is flv.TagType.VIDEO else None
        if body is None or body.packet is not flv.AvcPacket.UNITS:
            written.append(flv.encode_tag(tag.type, tag.timestamp_ms, tag.body))
            continue
        unit = sei.nal(sei.user_data(UPSTREAM, b"%d" % number))
        with_sei = flv.VideoBody(body.packet, body.key, body.composition_ms, sei.with_sei(body.data, [unit]))
        written.append(flv.encode_tag(tag.type, tag.timestamp_ms, with_sei.encode()))
        number += 1
    file = films / "with-sei.flv"
    file.write_bytes(b"".join(written))
    assert number == FILM_PICTURES
    with Publisher(file, served.publish_url("sei", person.user)):
        eventually(
            lambda: any(".ssei." in entry["stream"] for entry in served.entries("publisher accepted")), "the sender"
        )
        yield person


def numbers_of(found: Found) -> list[int]:
    """Return the numbers that came with the upstream."""
    uuid = bytes.fromhex(UPSTREAM)
    payloads = [m.payload for _, _, messages in found for m in messages if m.type == 5 and m.payload.startswith(uuid)]
    return [int(payload[len(uuid) :]) for payload in payloads]


def follow(numbers: list[int]) -> bool:
    """Whether none is missing and none comes twice."""
    return len(numbers) > FPS and all((a + 1) % FILM_PICTURES == b for a, b in pairwise(numbers))


@pytest.mark.usefixtures("sender")
def test_upstream_sei_is_kept_unless_the_layout_says_otherwise(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix("sei", [cdn.url("kept")], layout=GRID, encode=ENCODE)
    cdn.until("kept", 2 * FPS)
    stream = cdn.stream("kept")
    marks = []
    window: Places = {7: (0, 0, 320, 180)}
    for number, layout in enumerate(
        ({**GRID, "EnableStreamSEI": 0}, custom(window), custom(window, EnableStreamSEI=0)), 1
    ):
        marks.append(latest_ms(stream))
        cloud.update(task, number, VideoParams={"LayoutParams": layout})
        until_visible(cloud, task, number)
        cdn.until_more("kept", 8)  # what was decoded ahead
        marks.append(latest_ms(stream))
        cdn.until_more("kept", round(1.5 * FPS))
    marks.append(latest_ms(stream))
    cloud.update(task, 4, mix=False, SingleSubscribeParams=single("person7"))
    until_visible(cloud, task, 4)
    marks.append(latest_ms(stream))
    cdn.until_more("kept", 2 * FPS)
    cloud.stop(task)
    cdn.until_ended("kept")

    found = sei_of(stream)
    kept, off, again, off_again, passed = (
        numbers_of([entry for entry in found if begin < entry[0] <= end])
        for begin, end in zip([800, *marks[1::2]], [*marks[0::2], found[-1][0]], strict=True)
    )
    assert follow(kept)
    assert off == []
    assert follow(again)
    assert off_again == []
    assert follow(passed)
