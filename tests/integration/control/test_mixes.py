"""Mixes through the official SDK: started as the printed samples start them, described, and refused."""

from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tailrace.bus.connection import Bus
from tailrace.bus.tasks import Tasks
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.mix import Fit, LayoutMode, LayoutVolume
from tailrace.model.task import TaskRecord
from tailrace.secret import Secret
from tests.integration.control.looking import record_of, show
from tests.integration.control.requests import (
    AUDIO_ENCODE,
    VIDEO_ENCODE,
    WINDOWS,
    mix_request,
    picture,
    start_request,
    who,
)
from tests.integration.control.running import APP, Control, child, control, on_the_bus, wait_until, with_api

# The SDK takes the date in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

IMAGE = "https://images.example/logo.png?signature=hidden"


def started(api: Control, request: Any) -> TaskRecord:
    """Start a task and return its record."""
    return record_of(api, str(api.client().StartPublishCdnStream(request).TaskId))


def refusal(api: Control, request: Any) -> TencentCloudSDKException:
    """Return how a start is refused."""
    with pytest.raises(TencentCloudSDKException) as raised:
        api.client().StartPublishCdnStream(request)
    return raised.value


def test_a_single_stream_is_started_with_and_without_a_picture(api: Control) -> None:
    sound = {"AudioEncode": AUDIO_ENCODE}

    assert started(api, start_request(AudioParams=sound)).plan.video is False
    both = started(api, start_request(AudioParams=sound, VideoParams={"VideoEncode": VIDEO_ENCODE})).plan
    assert (both.video, both.mix) == (True, None)


def test_sound_is_mixed(api: Control) -> None:
    lists = {"SubscribeAudioList": [who("a"), who("b") | {"SoundLevel": 50}]}
    plan = started(api, mix_request(AudioParams={"AudioEncode": AUDIO_ENCODE} | lists)).plan

    assert plan.mix is not None
    assert (plan.video, plan.mix.scene) == (False, None)
    assert [(voice.user, voice.level) for voice in plan.mix.voices.only] == [("a", 100), ("b", 50)]


def test_users_of_several_rooms_are_mixed(api: Control) -> None:
    windows = [
        {"UserMediaStream": who("a"), "ImageWidth": 640, "ImageHeight": 720},
        {"UserMediaStream": who("b", "stage-5"), "ImageWidth": 640, "ImageHeight": 720, "LocationX": 640},
    ]
    sound = {"AudioEncode": AUDIO_ENCODE, "SubscribeAudioList": [who("a"), who("b", "stage-5")]}
    plan = started(
        api, mix_request(AudioParams=sound, VideoParams=picture(MixLayoutMode=4, MixLayoutList=windows))
    ).plan

    assert plan.mix is not None
    assert plan.mix.scene is not None
    assert [slot.who.room.room_id for slot in plan.mix.scene.layout.slots if slot.who] == ["stage-4", "stage-5"]
    assert [voice.room.room_id for voice in plan.mix.voices.only] == ["stage-4", "stage-5"]


def test_a_mix_back_into_a_room_needs_the_right_user_sig(api: Control) -> None:
    back = [{"RoomId": "stage-6", "RoomIdType": 1, "UserId": "back", "UserSig": "sig"}]
    refused = refusal(api, mix_request(VideoParams=picture(), FeedBackRoomParams=back))

    assert refused.get_code() == "InvalidParameter"
    assert "`FeedBackRoomParams.0.UserSig`" in refused.get_message()


def test_a_mix_with_everything_is_stored_as_asked(api: Control) -> None:
    mark = {"WaterMarkUrl": IMAGE, "WaterMarkWidth": 64, "WaterMarkHeight": 32, "LocationX": 10, "LocationY": 10}
    video = picture(MixLayoutMode=2, MaxVideoUser={"UserMediaStream": who("a") | {"StreamType": 1}}, RenderMode=1) | {
        "BackGroundColor": "0x99CCFF",
        "BackgroundImageUrl": IMAGE,
        "BackgroundRenderMode": 1,
        "WaterMarkList": [{"WaterMarkType": 0, "WaterMarkImage": mark}],
    }
    plan = started(api, mix_request(VideoParams=video)).plan

    assert plan.source is None
    assert plan.mix is not None
    scene = plan.mix.scene
    assert scene is not None
    assert (scene.layout.mode, scene.layout.fit) == (LayoutMode.SCREEN_SHARING, Fit.INSIDE)
    assert scene.layout.biggest is not None
    assert (scene.layout.biggest.user, scene.layout.biggest.type) == ("a", "aux")
    assert (scene.colour, scene.image_fit) == (0x99CCFF, Fit.INSIDE_ON_BLACK)
    assert scene.image is not None
    assert scene.image.reveal() == scene.image_marks[0].url.reveal() == IMAGE


@pytest.mark.parametrize("sei", [{"LayoutVolume": {"PayloadType": 100}}, {"LayoutVolume": {}}])
def test_a_mix_tells_its_layout_by_sei(api: Control, sei: dict[str, Any]) -> None:
    plan = started(api, mix_request(VideoParams=picture(MixLayoutMode=3), SeiParams=sei)).plan

    assert plan.sei.layout_volume == LayoutVolume()


@pytest.mark.parametrize(
    ("request_of", "code", "path"),
    [
        (lambda: mix_request(VideoParams={"LayoutParams": {}}), "MissingParameter", "VideoParams.VideoEncode"),
        (
            lambda: start_request(WithTranscoding=1, VideoParams=picture()),
            "InvalidParameter",
            "SingleSubscribeParams",
        ),
        (
            lambda: start_request(VideoParams=picture(MixLayoutMode=3)),
            "InvalidParameter",
            "VideoParams.LayoutParams",
        ),
        (
            lambda: mix_request(
                VideoParams=picture(MixLayoutMode=3), AudioParams={"SubscribeAudioList": [who("b", "stage-5")]}
            ),
            "InvalidParameter",
            "AudioParams.SubscribeAudioList.0.UserInfo.RoomId",
        ),
        (
            lambda: mix_request(VideoParams=picture(MixLayoutMode=4, MixLayoutList=WINDOWS * 9)),
            "InvalidParameter",
            "VideoParams.LayoutParams.MixLayoutList",
        ),
        (
            lambda: mix_request(
                VideoParams=picture(MixLayoutMode=1, MaxVideoUser={"UserMediaStream": who("robot-stage-4")})
            ),
            "InvalidParameter",
            "VideoParams.LayoutParams.MaxVideoUser.UserMediaStream.UserInfo.UserId",
        ),
        (
            lambda: mix_request(VideoParams={"VideoEncode": VIDEO_ENCODE | {"Width": 0}}),
            "InvalidParameter",
            "VideoParams.VideoEncode.Width",
        ),
    ],
)
def test_what_cannot_be_mixed_is_refused_by_its_path(api: Control, request_of: Any, code: str, path: str) -> None:
    refused = refusal(api, request_of())

    assert refused.get_code() == code
    assert f"`{path}`" in refused.get_message()


def test_he_aac_is_refused_where_the_configuration_is_strict(api: Control, nats_url: Secret) -> None:
    request = mix_request(AudioParams={"AudioEncode": AUDIO_ENCODE | {"Codec": 2}})

    assert started(api, request).plan.audio.profile == 2
    with control(nats_url, with_api(strict=True)) as strict:
        refused = refusal(strict, request)
    assert refused.get_code() == "UnsupportedOperation"
    assert "`AudioParams.AudioEncode.Codec`" in refused.get_message()


def test_a_mix_that_nobody_has_begun_shows_nothing_yet(api: Control) -> None:
    request = mix_request(VideoParams=picture(MixLayoutMode=4, MixLayoutList=WINDOWS))
    task_id = str(api.client().StartPublishCdnStream(request).TaskId)
    before = show(api, task_id)
    assert (before["WithTranscoding"], before["UserId"], before["SequenceNumber"], before["Revision"]) == (
        1,
        "",
        None,
        0,
    )
    assert (before["VisibleRevision"], before["VisibleSince"], before["Notes"], before["Windows"]) == (-1, 0.0, [], [])


def test_what_is_to_be_seen_comes_from_the_child(api: Control) -> None:
    task_id = str(api.client().StartPublishCdnStream(mix_request(VideoParams=picture())).TaskId)

    async def take(bus: Bus) -> None:
        await Tasks(bus).change(SdkAppId(APP), TaskId(task_id), lambda record: record.take_over("w", 1, 1.0))

    on_the_bus(api.nats_url, take)
    window = {"x": 2, "y": 4, "width": 640, "height": 360, "layer": 1}
    shown = window | {"room_id": "stage-4", "user": "a", "stream": "aux", "live": True}
    report = {"epoch": 1, "destinations": [], "revision": 3, "since": 5.5, "notes": ["no image"]}
    with child(api.nats_url, task_id, {"inspect": report | {"windows": [shown, window]}}):
        wait_until(lambda: show(api, task_id)["State"] == "running")
        task = show(api, task_id)
    assert (task["VisibleRevision"], task["VisibleSince"], task["Notes"]) == (3, 5.5, ["no image"])
    place = {"LocationX": 2, "LocationY": 4, "Width": 640, "Height": 360, "ZOrder": 1}
    assert task["Windows"] == [
        {"UserId": "a", "RoomId": "stage-4", "StreamType": 1, **place, "Live": 1},
        {"UserId": "", "RoomId": "", "StreamType": 0, **place, "Live": 0},
    ]


def test_the_addresses_of_images_are_in_no_log(api: Control, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="tailrace")
    started(api, mix_request(VideoParams=picture() | {"BackgroundImageUrl": IMAGE}))
    refused = refusal(api, mix_request(VideoParams=picture() | {"BackgroundImageUrl": IMAGE * 50}))

    assert "VideoParams.BackgroundImageUrl" in refused.get_message()
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "task started" in logged
    assert "hidden" not in logged + refused.get_message()
