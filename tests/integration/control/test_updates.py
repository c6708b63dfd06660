"""UpdatePublishCdnStream through the official SDK: merging, sequence numbers, several at once, and every error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tailrace.bus.connection import Bus
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.mix import LayoutMode, Scene
from tailrace.model.task import TaskRecord, TaskState
from tailrace.secret import Secret
from tests.integration.control.looking import record_of, show
from tests.integration.control.requests import (
    AUDIO_ENCODE,
    PUSH,
    VIDEO_ENCODE,
    WINDOWS,
    mix_request,
    picture,
    start_request,
    stop_request,
    update_request,
    who,
)
from tests.integration.control.running import (
    APP,
    FOREIGN_APP,
    OTHER_APP,
    Control,
    control,
    on_the_bus,
)

# The SDK takes the date in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

DAY = 86400.0
OTHER_PUSH = "rtmp://127.0.0.1:1935/live/other?token=hidden"


def start(api: Control, **changes: Any) -> str:
    """Start a single-stream relay."""
    return str(api.client().StartPublishCdnStream(start_request(**changes)).TaskId)


def start_mix(api: Control, **changes: Any) -> str:
    """Start a mix with a grid."""
    request = mix_request(**{"VideoParams": picture(MixLayoutMode=3)} | changes)
    return str(api.client().StartPublishCdnStream(request).TaskId)


def update(api: Control, task_id: str, sequence: int, transcoding: int = 1, app: int = APP, **changes: Any) -> str:
    """Update a task; return the error's code, or nothing."""
    request = update_request(task_id, sequence, transcoding, app, **changes)
    try:
        assert api.client().UpdatePublishCdnStream(request).TaskId == task_id
    except TencentCloudSDKException as error:
        return str(error.get_code())
    return ""


def scene_of(api: Control, task_id: str) -> Scene:
    """The picture that a task shall have now."""
    mix = record_of(api, task_id).plan.mix
    assert mix is not None
    assert mix.scene is not None
    return mix.scene


def change(api: Control, task_id: str, decide: Callable[[TaskRecord], TaskRecord]) -> None:
    """Change a record behind the API's back, as a child does."""

    async def work(bus: Bus) -> None:
        await Tasks(bus).change(SdkAppId(APP), TaskId(task_id), decide)

    on_the_bus(api.nats_url, work)


def test_the_printed_example_is_taken(api: Control) -> None:
    task_id = start_mix(api)
    change(api, task_id, lambda record: record.take_over("worker", 1, record.state_since))
    video = {"LayoutParams": {"MixLayoutMode": 4, "MixLayoutList": WINDOWS}}

    assert update(api, task_id, 20, AudioParams={"SubscribeAudioList": [who("a"), who("b")]}, VideoParams=video) == ""

    record = record_of(api, task_id)
    assert (record.revision, record.sequence, record.epoch, record.state) == (1, 20, 1, TaskState.RUNNING)
    scene = scene_of(api, task_id)
    assert scene.encoding.width == 1280
    assert [(slot.y, slot.height) for slot in scene.layout.slots] == [(0, 720), (360, 720)]
    assert record.plan.mix is not None
    assert [voice.user for voice in record.plan.mix.voices.only] == ["a", "b"]


def test_an_update_is_described(api: Control) -> None:
    task_id = start(api)
    assert update(api, task_id, 7, 1, VideoParams=picture(MixLayoutMode=3)) == ""

    shown = show(api, task_id)
    assert (shown["WithTranscoding"], shown["UserId"], shown["SequenceNumber"], shown["Revision"]) == (1, "", 7, 1)
    assert (shown["VisibleRevision"], shown["VideoEncode"]) == (-1, VIDEO_ENCODE)
    assert update(api, task_id, 8, 0) == ""
    shown = show(api, task_id)
    assert (shown["WithTranscoding"], shown["UserId"], shown["SequenceNumber"], shown["Revision"]) == (
        0,
        "anchor",
        8,
        2,
    )
    assert shown["VideoEncode"] is None


def test_sei_is_switched_on_and_off(api: Control) -> None:
    task_id = start(api)

    assert update(api, task_id, 1, 0, SeiParams={"LayoutVolume": {}}) == ""
    assert record_of(api, task_id).plan.sei.layout_volume is not None
    assert update(api, task_id, 2, 0, SeiParams={}) == ""
    assert record_of(api, task_id).plan.sei.layout_volume is None


def test_an_absent_list_stays_and_an_empty_one_resets(api: Control) -> None:
    mark = {"Text": "hi", "WaterMarkWidth": 5, "WaterMarkHeight": 6, "LocationX": 7, "LocationY": 8, "FontSize": 9}
    task_id = start_mix(
        api,
        AudioParams={"SubscribeAudioList": [who("a")], "UnSubscribeAudioList": [who("b")]},
        VideoParams=picture() | {"WaterMarkList": [{"WaterMarkType": 1, "WaterMarkText": mark}]},
    )

    def lists() -> tuple[int, int, int]:
        mix = record_of(api, task_id).plan.mix
        assert mix is not None
        return len(mix.voices.only), len(mix.voices.never), len(scene_of(api, task_id).text_marks)

    assert update(api, task_id, 1, AudioParams={}, VideoParams={"BackGroundColor": "0x000000"}) == ""
    assert lists() == (1, 1, 1)
    assert update(api, task_id, 2, AudioParams={"SubscribeAudioList": []}) == ""
    assert lists() == (0, 1, 1)
    assert update(api, task_id, 3, VideoParams={"WaterMarkList": []}) == ""
    assert lists() == (0, 1, 0)


def test_urls_are_compared_by_their_text(api: Control) -> None:
    task_id = start(api)

    def numbers() -> list[int]:
        return [destination.number for destination in record_of(api, task_id).plan.destinations]

    (first,) = numbers()
    urls = [{"PublishCdnUrl": OTHER_PUSH}, {"PublishCdnUrl": PUSH, "IsTencentCdn": 1}]
    assert update(api, task_id, 1, 0, PublishCdnParams=urls) == ""
    assert numbers()[1] == first
    assert update(api, task_id, 2, 0, PublishCdnParams=[{"PublishCdnUrl": f"{PUSH}&other=1"}]) == ""
    assert first not in numbers()
    shown = show(api, task_id)["Destinations"]
    assert [(destination["Url"], destination["State"]) for destination in shown] == [(f"{PUSH}&other=1", "idle")]


def test_numbers_must_grow(api: Control) -> None:
    task_id = start_mix(api)
    black, white = ({"BackGroundColor": colour} for colour in ("0x000000", "0xFFFFFF"))

    assert update(api, task_id, 0, VideoParams=black) == ""
    assert update(api, task_id, 20, VideoParams=white) == ""
    assert update(api, task_id, 19, VideoParams=black) == "FailedOperation.RequestOutdated"
    assert update(api, task_id, 20, VideoParams=black) == "FailedOperation.RequestOutdated"
    assert scene_of(api, task_id).colour == 0xFFFFFF
    assert update(api, task_id, 2**64 - 1, VideoParams=black) == ""
    assert record_of(api, task_id).revision == 3


def test_the_last_update_again_has_no_effect(api: Control) -> None:
    task_id = start_mix(api)
    urls = [{"PublishCdnUrl": OTHER_PUSH}]

    assert [update(api, task_id, 5, PublishCdnParams=urls) for _ in range(2)] == ["", ""]
    assert record_of(api, task_id).revision == 1
    assert update(api, task_id, 6) == ""
    assert update(api, task_id, 5, PublishCdnParams=urls) == "FailedOperation.RequestOutdated"


def test_a_failed_update_does_not_consume_its_number(api: Control) -> None:
    task_id = start_mix(api)

    assert update(api, task_id, 5, 0) == "MissingParameter"
    assert update(api, task_id, 5, PublishCdnParams=[]) == "InvalidParameter"
    assert record_of(api, task_id).sequence == -1
    assert update(api, task_id, 5, VideoParams={"BackGroundColor": "0xFFFFFF"}) == ""


def test_updates_at_once_have_one_order_and_none_is_lost(api: Control, nats_url: Secret) -> None:
    task_id = start_mix(api)
    mark = {"Text": "hi", "WaterMarkWidth": 5, "WaterMarkHeight": 6, "LocationX": 7, "LocationY": 8, "FontSize": 9}
    changes: list[dict[str, Any]] = [
        {"VideoParams": {"BackGroundColor": "0x123456"}},
        {"VideoParams": {"LayoutParams": {"MixLayoutMode": 2}}},
        {"VideoParams": {"WaterMarkList": [{"WaterMarkType": 1, "WaterMarkText": mark}]}},
        {"VideoParams": {"VideoEncode": VIDEO_ENCODE | {"Fps": 30}}},
        {"AudioParams": {"UnSubscribeAudioList": [who("b")]}},
        {"SeiParams": {"LayoutVolume": {}}},
        {"PublishCdnParams": [{"PublishCdnUrl": OTHER_PUSH}]},
        {"AudioParams": {"SubscribeAudioList": [who("a")]}},
    ]

    with control(nats_url) as second, ThreadPoolExecutor(len(changes)) as pool:

        def until_taken(number: int) -> int:
            """As a caller does whose number was too late: the next one."""
            tries = 0
            while update((api, second)[number % 2], task_id, len(changes) * tries + number, **changes[number]):
                tries += 1
                assert tries < 100
            return len(changes) * tries + number

        taken = list(pool.map(until_taken, range(len(changes))))

    record, scene = record_of(api, task_id), scene_of(api, task_id)
    assert (record.revision, record.sequence) == (len(changes), max(taken))
    assert (scene.colour, scene.layout.mode, scene.encoding.fps, len(scene.text_marks)) == (
        0x123456,
        LayoutMode.SCREEN_SHARING,
        30,
        1,
    )
    assert record.plan.mix is not None
    assert [len(voices) for voices in (record.plan.mix.voices.only, record.plan.mix.voices.never)] == [1, 1]
    assert record.plan.sei.layout_volume is not None
    assert [destination.url.reveal() for destination in record.plan.destinations] == [OTHER_PUSH]


def test_one_number_twice_at_once_is_taken_once(api: Control) -> None:
    task_id = start_mix(api)
    colours = [f"0x00000{digit}" for digit in range(8)]

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda colour: update(api, task_id, 1, VideoParams={"BackGroundColor": colour}), colours))

    assert sorted(codes) == ["", *["FailedOperation.RequestOutdated"] * 7]
    assert scene_of(api, task_id).colour == int(colours[codes.index("")], 16)


def test_an_update_while_the_child_reports_loses_neither(api: Control) -> None:
    task_id = start_mix(api)
    change(api, task_id, lambda record: record.take_over("worker", 1, record.state_since))

    def report(number: int) -> None:
        change(api, task_id, lambda record: replace(record, output=replace(record.output, since=float(number))))

    with ThreadPoolExecutor(2) as pool:
        # Each of the two goes on in its own order, beside the other one.
        reported = pool.submit(lambda: list(map(report, range(1, 6))))
        updated = pool.submit(lambda: [update(api, task_id, number) for number in range(1, 6)])
        reported.result()
        assert updated.result() == [""] * 5
    record = record_of(api, task_id)
    assert (record.revision, record.output.since, record.epoch) == (5, 5.0, 1)


def test_a_number_may_be_used_again_after_an_internal_error(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        server.wait_ready(10)
        with control(server.url) as running:
            task_id = start_mix(running)
            server.stop()
            assert update(running, task_id, 3, VideoParams={"BackGroundColor": "0xFFFFFF"}) == "InternalError"
            server.start()
            server.wait_ready(10)
            assert update(running, task_id, 3, VideoParams={"BackGroundColor": "0xFFFFFF"}) == ""
            assert scene_of(running, task_id).colour == 0xFFFFFF
    finally:
        server.stop()


def test_a_task_that_ends_or_has_ended_cannot_be_changed(api: Control) -> None:
    waiting, running = start_mix(api), start_mix(api)
    change(api, running, lambda record: record.take_over("worker", 1, record.state_since))
    change(api, running, lambda record: record.move(TaskState.STOPPING, record.state_since))
    api.client().StopPublishCdnStream(stop_request(waiting))

    assert [record_of(api, task_id).state for task_id in (waiting, running)] == [TaskState.ENDED, TaskState.STOPPING]
    assert [update(api, task_id, 1) for task_id in (waiting, running)] == ["ResourceNotFound"] * 2


def test_a_task_is_found_by_its_owner_for_thirty_days(api: Control) -> None:
    task_id = start_mix(api)

    for app in (OTHER_APP, FOREIGN_APP, 1499999999):
        assert update(api, task_id, 1, app=app) == "ResourceNotFound"
    assert update(api, "unknown", 1) == "ResourceNotFound"
    change(api, task_id, lambda record: replace(record, created_at=record.created_at - 31 * DAY))
    assert update(api, task_id, 1) == "ResourceNotFound"


SOUND = {"AudioParams": {"AudioEncode": AUDIO_ENCODE}}


@pytest.mark.parametrize(
    ("started", "transcoding", "changes", "code", "path"),
    [
        (
            {},
            1,
            {"VideoParams": picture(MixLayoutMode=5)},
            "InvalidParameter",
            "VideoParams.LayoutParams.MixLayoutMode",
        ),
        ({}, 1, {"SingleSubscribeParams": {"UserMediaStream": who("a")}}, "InvalidParameter", "SingleSubscribeParams"),
        ({}, 1, {}, "MissingParameter", "VideoParams"),
        ({}, 1, {"VideoParams": {"BackGroundColor": "0x000000"}}, "MissingParameter", "VideoParams.VideoEncode"),
        ({}, 0, {"VideoParams": picture(MixLayoutMode=3)}, "InvalidParameter", "VideoParams.LayoutParams"),
        (
            {},
            0,
            {"AudioParams": {"SubscribeAudioList": [who("a")]}},
            "InvalidParameter",
            "AudioParams.SubscribeAudioList",
        ),
        (
            {},
            0,
            {"AudioParams": {"AudioEncode": AUDIO_ENCODE | {"BitRate": 96}}},
            "InvalidParameter",
            "AudioParams.AudioEncode.BitRate",
        ),
        (SOUND, 0, {"VideoParams": {"VideoEncode": VIDEO_ENCODE}}, "UnsupportedOperation", "VideoParams"),
        (SOUND, 1, {"VideoParams": picture()}, "UnsupportedOperation", "VideoParams"),
        ({}, 0, {"PublishCdnParams": []}, "InvalidParameter", "PublishCdnParams"),
        (
            {},
            0,
            {"PublishCdnParams": [{"PublishCdnUrl": PUSH}, {"PublishCdnUrl": PUSH}]},
            "InvalidParameter",
            "PublishCdnParams.1.PublishCdnUrl",
        ),
        (
            {},
            0,
            {"PublishCdnParams": [{"PublishCdnUrl": "rtmp://169.254.169.254/live/hidden"}]},
            "InvalidParameter",
            "PublishCdnParams.0.PublishCdnUrl",
        ),
        (
            {},
            0,
            {"FeedBackRoomParams": [{"RoomId": "5", "RoomIdType": 1, "UserId": "b", "UserSig": "hidden"}]},
            "InvalidParameter",
            "FeedBackRoomParams.0.UserSig",
        ),
        (
            {},
            0,
            {"SingleSubscribeParams": {"UserMediaStream": who("a", "stage-5")}},
            "UnsupportedOperation",
            "SingleSubscribeParams.UserMediaStream.UserInfo.RoomId",
        ),
    ],
)
def test_what_cannot_be_changed_is_refused_by_its_path(
    api: Control, started: dict[str, Any], transcoding: int, changes: dict[str, Any], code: str, path: str
) -> None:
    task_id = start(api, **started)
    before = record_of(api, task_id)

    with pytest.raises(TencentCloudSDKException) as raised:
        api.client().UpdatePublishCdnStream(update_request(task_id, 1, transcoding, **changes))

    assert raised.value.get_code() == code
    assert f"`{path}`" in raised.value.get_message()
    assert "hidden" not in raised.value.get_message()
    assert record_of(api, task_id) == before


@pytest.mark.parametrize("name", ["SdkAppId", "TaskId", "SequenceNumber", "WithTranscoding"])
def test_an_absent_value_is_a_missing_parameter(api: Control, name: str) -> None:
    request = update_request("task", 1, 0)
    setattr(request, name, None)

    with pytest.raises(TencentCloudSDKException) as raised:
        api.client().UpdatePublishCdnStream(request)
    assert raised.value.get_code() == "MissingParameter"


def test_the_addresses_of_an_update_are_in_no_log(api: Control, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="tailrace")
    task_id = start_mix(api)
    assert update(api, task_id, 1, PublishCdnParams=[{"PublishCdnUrl": OTHER_PUSH}]) == ""

    logged = [vars(record) for record in caplog.records]
    (line,) = [values for values in logged if values["message"] == "task updated"]
    assert (line["task_id"], line["sequence"], line["revision"]) == (task_id, 1, 1)
    assert "hidden" not in str(logged)
