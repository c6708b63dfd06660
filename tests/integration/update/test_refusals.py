"""What an update may not change is refused with its code, and the output goes on as it was."""

from typing import Any

import pytest

from tests.harness.cloud import AUDIO_ENCODE, Cloud, CloudError, who
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.waiting import eventually
from tests.integration.update.scenes import ENCODE, FPS, GRID, GRID_PLACES, ROOM, single
from tests.integration.update.watching import is_steady, latest_ms, pictures_of, shows
from tests.media.received import largest_step, rises

pytestmark = pytest.mark.usefixtures("people")

Refusal = tuple[bool, dict[str, Any], str]
OTHER_SOUND: list[Refusal] = [
    (True, {"AudioParams": {"AudioEncode": {**AUDIO_ENCODE, name: other}}}, "InvalidParameter")
    for name, other in (("SampleRate", 44100), ("Channel", 1), ("BitRate", 96), ("Codec", 1))
]
OF_A_MIX: list[Refusal] = [
    *OTHER_SOUND,
    (True, {"SingleSubscribeParams": single("person0")}, "InvalidParameter"),
    (False, {}, "MissingParameter"),
    (False, {"SingleSubscribeParams": single("person0"), "VideoParams": {"LayoutParams": GRID}}, "InvalidParameter"),
    (True, {"PublishCdnParams": []}, "InvalidParameter"),
    (True, {"PublishCdnParams": [{"PublishCdnUrl": "rtmp://169.254.169.254/live/x"}]}, "InvalidParameter"),
]
OF_SOUND_ALONE: list[Refusal] = [
    (True, {"VideoParams": {"VideoEncode": ENCODE, "LayoutParams": GRID}}, "UnsupportedOperation"),
    *OTHER_SOUND[:1],
]


def assert_refused(cloud: Cloud, task: str, refusals: list[Refusal]) -> None:
    """Each is refused with its code, and none is counted."""
    for mix, changes, code in refusals:
        with pytest.raises(CloudError) as raised:
            cloud.update(task, 1, mix=mix, **changes)
        assert raised.value.get_code() == code, changes
    told = cloud.describe(task)
    assert (told["Revision"], told["SequenceNumber"], told["State"]) == (0, None, "running")


def test_a_mix_goes_on_untouched_when_what_cannot_change_is_asked_for(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("mix")], layout=GRID, encode=ENCODE)
    cdn.until("mix", FPS)
    begin = latest_ms(cdn.stream("mix"))
    assert_refused(cloud, task, OF_A_MIX)
    # To say again what is so is no change.
    cloud.update(task, 1, AudioParams={"AudioEncode": AUDIO_ENCODE})
    cdn.until_more("mix", FPS)
    cloud.stop(task)
    stream = cdn.until_ended("mix")

    assert len(cdn.streams("mix")) == 1
    assert is_steady(stream, begin)
    assert shows(GRID_PLACES)(pictures_of(stream)[-1].image)


def test_sound_alone_stays_sound_alone(cloud: Cloud, cdn: HostedCdn) -> None:
    mixed = cloud.start_mix(ROOM, [cdn.url("mixed")], video=False)
    single_one = cloud.start(ROOM, "person0", [cdn.url("one")], video=False)
    for task, name in ((mixed, "mixed"), (single_one, "one")):
        cloud.until_running(task)
        assert_refused(cloud, task, OF_SOUND_ALONE)
        stream, before = cdn.stream(name), len(cdn.stream(name).audio)
        cloud.update(task, 1, mix=True, AudioParams={"UnSubscribeAudioList": [who("person1")]})
        eventually(lambda s=stream, n=before: len(s.audio) > n + 40, f"more sound of {name}")  # type: ignore[misc]
        cloud.stop(task)
        cdn.until_ended(name)

        received = cdn.received(name)
        assert (len(cdn.streams(name)), received.video) == (1, [])
        assert rises(received.sound_times)
        assert largest_step(received.sound_times) <= 300


def test_a_task_that_has_ended_cannot_be_changed(cloud: Cloud, cdn: HostedCdn) -> None:
    task = cloud.start_mix(ROOM, [cdn.url("over")], layout=GRID, encode=ENCODE)
    cdn.until("over", FPS)
    cloud.stop(task)
    # While it is ending, too.
    for _ in range(2):
        with pytest.raises(CloudError) as raised:
            cloud.update(task, 1, VideoParams={"LayoutParams": GRID})
        assert raised.value.get_code() == "ResourceNotFound"
        ended = cloud.until_ended(task)

    assert (ended["Revision"], ended["Reason"]) == (0, "stopped")
    cdn.until_ended("over")
    assert len(cdn.streams("over")) == 1
