"""Who is heard is changed while it runs, without a gap in what goes on."""

from typing import Any

import numpy as np
import pytest

from tailrace.wire.flv import parse_audio
from tests.fakes.cdn import Stream
from tests.harness.cloud import Cloud, who
from tests.harness.hosted_cdn import HostedCdn
from tests.integration.update.running import until_visible
from tests.integration.update.scenes import ENCODE, FPS, GRID, PEOPLE, ROOM
from tests.integration.update.watching import latest_ms
from tests.media.received import largest_step, rises
from tests.media.sync import heard
from tests.media.tones import levels

pytestmark = pytest.mark.usefixtures("people")

# What is played last comes from a little before the end: sound is ahead of nothing, and lists fade in and out.
SETTLED, LISTENED = 0.35, 0.5


def test_lists_and_levels_change_what_is_heard_and_empty_lists_let_everybody_be_heard_again(
    cloud: Cloud, cdn: HostedCdn
) -> None:
    steps = [
        ({}, {0: 1.0, 1: 1.0, 2: 1.0}),
        ({"SubscribeAudioList": [who("person1"), who("person2", SoundLevel=50)]}, {1: 1.0, 2: 0.5}),
        # Absent: no change.
        ({"UnSubscribeAudioList": [who("person1")]}, {2: 0.5}),
        # Empty: reset; who is on the other list stays unheard.
        ({"SubscribeAudioList": []}, {0: 1.0, 2: 1.0}),
        ({"SubscribeAudioList": [], "UnSubscribeAudioList": []}, {0: 1.0, 1: 1.0, 2: 1.0}),
        ({"SubscribeAudioList": [who("person0", SoundLevel=0)]}, {}),
    ]
    task = cloud.start_mix(ROOM, [cdn.url("lists")], layout=GRID, encode=ENCODE)
    cdn.until("lists", 2 * FPS)
    stream = cdn.stream("lists")
    ends = []
    for number, (lists, _) in enumerate(steps):
        if number:
            cloud.update(task, number, AudioParams=lists)
            until_visible(cloud, task, number)
        cdn.until_more("lists", round((SETTLED + LISTENED) * FPS) + 2)
        ends.append(_last_sound_ms(stream))
    cloud.stop(task)
    cdn.until_ended("lists")

    assert len(cdn.streams("lists")) == 1
    received = cdn.received("lists")
    begin, wave, rate = heard(received)
    for (lists, expected), end_ms in zip(steps, ends, strict=True):
        end = end_ms / 1000 - begin
        loud = levels(wave[round((end - LISTENED) * rate) : round(end * rate)], rate, range(3))
        assert {person: round(level / PEOPLE[person].level, 2) for person, level in loud.items()} == {
            person: pytest.approx(expected.get(person, 0), abs=0.12) for person in range(3)
        }, lists


def test_the_sound_of_those_who_stay_goes_on_through_updates_of_every_kind(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("through")], layout=GRID, encode=ENCODE)
    cdn.until("through", 2 * FPS)
    begin_ms = latest_ms(cdn.stream("through"))
    changes: list[dict[str, Any]] = [
        {"AudioParams": {"UnSubscribeAudioList": [who("person0")]}},
        {"VideoParams": {"LayoutParams": {"MixLayoutMode": 1}}},
        {"VideoParams": {"VideoEncode": {**ENCODE, "Width": 320, "Height": 180}}},
        {"AudioParams": {"UnSubscribeAudioList": []}},
    ]
    for number, change in enumerate(changes, 1):
        cloud.update(task, number, **change)
        until_visible(cloud, task, number)
        cdn.until_more("through", FPS // 2)
    cloud.stop(task)
    cdn.until_ended("through")

    received = cdn.received("through")
    # A piece of AAC lasts 21.3 ms.
    assert rises(received.sound_times)
    assert largest_step(received.sound_times) <= 22
    begin, wave, rate = heard(received)
    heard_ms = np.arange(begin_ms, _last_sound_ms(cdn.stream("through")) - 100, 50)
    pieces = [wave[round((at / 1000 - begin) * rate) :][: rate // 10] for at in heard_ms]
    steady = [levels(piece, rate, [1])[1] / PEOPLE[1].level for piece in pieces]
    assert steady == pytest.approx([1.0] * len(steady), abs=0.25)


def _last_sound_ms(stream: Stream) -> int:
    return max(at for at, body in list(stream.audio) if (parsed := parse_audio(body)) and not parsed.config)
