"""Plans: what a start request comes to, and what is refused because it is not built."""

from collections.abc import Callable
from typing import Any

import pytest

from tailrace.config import App, Destinations
from tailrace.control.actions.start_publish_cdn_stream import Request
from tailrace.control.params.agent import AgentParams
from tailrace.control.params.wire import read
from tailrace.control.planning import check_push_urls, check_robot, plan_of
from tailrace.errors import NotBuilt, ParameterInvalid, ParameterMissing
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.model.mix import LayoutVolume, Mix, PassThrough, Scene, Sei, VideoEncoding, Voice, Voices
from tailrace.model.plan import AacProfile, AudioEncoding, Destination, Plan
from tailrace.net.guard import Guard
from tailrace.secret import PushUrl, Secret
from tailrace.wire import usersig
from tests.unit.control.start import USER, mixed, request

APP = App(sdk_app_id=1400000001, account=1, key=Secret("app key"))
NOW = 1_700_000_000
ENCODE = {"SampleRate": 16000, "Channel": 1, "BitRate": 32}
VIDEO = {"VideoEncode": {"Width": 3, "Height": 4, "Fps": 1, "BitRate": 1, "Gop": 1}}
ROOM = Room(SdkAppId(1400000001), "stage-4", numeric=False)


def plan(**changes: Any) -> Plan:
    """The plan of a single-stream relay."""
    return plan_of(request(**changes), strict=False)


def mix_plan(**changes: Any) -> Plan:
    """The plan of a mix."""
    return plan_of(read(Request, mixed(**changes), text=False), strict=False)


def single(**info: Any) -> dict[str, Any]:
    return {"SingleSubscribeParams": {"UserMediaStream": {"UserInfo": {"UserId": "anchor"} | info}}}


def test_the_smallest_request_relays_sound_and_picture_with_the_printed_figures() -> None:
    assert plan() == Plan(
        room=ROOM,
        robot=UserId("robot"),
        source=Stream(ROOM, UserId("anchor"), StreamType.MAIN),
        destinations=(Destination(0, PushUrl("rtmp://cdn.example/live/a"), tencent=True),),
        video=True,
        audio=AudioEncoding(48000, 2, 64),
        max_idle=30.0,
    )


@pytest.mark.parametrize(
    ("given", "video"),
    [
        ({}, True),
        ({"AudioParams": {"AudioEncode": ENCODE}}, False),
        ({"AudioParams": {}}, False),
        ({"AudioParams": {"AudioEncode": ENCODE}, "VideoParams": VIDEO}, True),
        ({"VideoParams": {}}, True),
    ],
)
def test_sound_alone_is_asked_for_by_audio_params_alone(given: dict[str, Any], video: bool) -> None:
    assert plan(**given).video is video


def test_sound_is_encoded_as_asked() -> None:
    assert plan(AudioParams={"AudioEncode": ENCODE}).audio == AudioEncoding(16000, 1, 32)


def test_the_users_room_may_be_named_if_it_is_the_main_room() -> None:
    named = {"UserInfo": {"UserId": "anchor", "RoomId": "stage-4", "RoomIdType": 1}, "StreamType": 1}

    assert plan(SingleSubscribeParams={"UserMediaStream": named}).source == Stream(
        ROOM, UserId("anchor"), StreamType.AUX
    )


@pytest.mark.parametrize(
    ("given", "path"),
    [
        *(({"RecordParams": {"UniRecord": kind}}, "RecordParams.UniRecord") for kind in (0, 2)),
        ({"AudioParams": {"AudioEncode": ENCODE | {"Codec": 1}}}, "AudioParams.AudioEncode.Codec"),
        (single(RoomId="other"), "SingleSubscribeParams.UserMediaStream.UserInfo.RoomId"),
        (single(RoomId="5", RoomIdType=0), "SingleSubscribeParams.UserMediaStream.UserInfo.RoomId"),
    ],
)
def test_what_is_not_built_is_refused_by_its_name(given: dict[str, Any], path: str) -> None:
    with pytest.raises(NotBuilt) as refused:
        plan_of(request(**given), strict=True)

    assert refused.value.path == path
    assert path in str(refused.value)


def test_without_strict_he_aac_is_taken_as_asked() -> None:
    given = {"AudioEncode": ENCODE | {"Codec": 1}}

    assert plan(AudioParams=given).audio.profile is AacProfile.HE


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"AudioParams": {"SubscribeAudioList": [USER]}}, "AudioParams.SubscribeAudioList"),
        ({"AudioParams": {"UnSubscribeAudioList": [USER]}}, "AudioParams.UnSubscribeAudioList"),
        ({"VideoParams": {"LayoutParams": {}}}, "VideoParams.LayoutParams"),
        ({"VideoParams": {"BackGroundColor": "0x000000"}}, "VideoParams.BackGroundColor"),
        ({"VideoParams": {"BackgroundImageUrl": "x"}}, "VideoParams.BackgroundImageUrl"),
        ({"VideoParams": {"BackgroundRenderMode": 0}}, "VideoParams.BackgroundRenderMode"),
        (single(RoomId="stage-4", RoomIdType=0), "SingleSubscribeParams.UserMediaStream.UserInfo.RoomId"),
    ],
)
def test_what_a_single_stream_cannot_have_is_refused_by_its_name(given: dict[str, Any], path: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        plan(**given)

    assert refused.value.path == path


def test_a_mix_has_its_picture_and_its_voices() -> None:
    found = mix_plan(VideoParams=VIDEO, AudioParams={"SubscribeAudioList": [USER]})

    assert (found.source, found.video) == (None, True)
    assert found.mix == Mix(Scene(VideoEncoding(2, 4, 1, 1, 1)), Voices(only=(Voice(ROOM, UserId("anchor")),)))


def test_a_mix_without_video_params_is_sound_alone() -> None:
    for found in (mix_plan(), mix_plan(AudioParams={})):
        assert (found.mix, found.video, found.audio) == (Mix(), False, AudioEncoding(48000, 2, 64))


def test_a_picture_needs_its_encoding() -> None:
    with pytest.raises(ParameterMissing, match=r"`VideoParams\.VideoEncode`"):
        mix_plan(VideoParams={"LayoutParams": {}})


@pytest.mark.parametrize("make", [plan, mix_plan])
def test_sei_is_inserted_as_asked(make: Callable[..., Plan]) -> None:
    uuid = "0123456789abcdef" * 2
    asked = {
        "LayoutVolume": {"AppData": "match", "PayloadType": 101, "Interval": 500, "FollowIdr": 1},
        "PassThrough": {"PayloadContent": "own", "PayloadType": 5, "PayloadUuid": uuid},
    }

    assert make(SeiParams=asked).sei == Sei(
        LayoutVolume("match", 101, 0.5, with_key_frames=True), PassThrough("own", 5, uuid, 1.0)
    )
    assert make(SeiParams={"LayoutVolume": {}}).sei == Sei(LayoutVolume())
    assert make().sei == make(SeiParams={}).sei == Sei()


def test_a_uuid_counts_with_payload_type_5_alone() -> None:
    asked = {"PayloadContent": "own", "PayloadType": 100, "PayloadUuid": "whatever"}

    assert plan(SeiParams={"PassThrough": asked}).sei == Sei(pass_through=PassThrough("own", 100))


def test_no_recording_is_built() -> None:
    assert plan(RecordParams={"UniRecord": 1}).video


def robot(sig: Secret | None) -> AgentParams:
    return read(AgentParams, {"UserId": "robot"} | ({"UserSig": sig.reveal()} if sig else {}), text=False)


def sig(user: str = "robot", key: str = "app key", lifetime: int = 60) -> Secret:
    return usersig.make(SdkAppId(1400000001), Secret(key), UserId(user), NOW, lifetime)


def test_a_robots_usersig_is_checked_where_it_is_given() -> None:
    check_robot(robot(None), APP, required=False, now=NOW)
    check_robot(robot(sig()), APP, required=True, now=NOW)


@pytest.mark.parametrize("given", [Secret("garbage"), sig(user="other"), sig(key="other"), sig(lifetime=-1)])
def test_a_wrong_usersig_is_an_invalid_parameter(given: Secret) -> None:
    with pytest.raises(ParameterInvalid, match=r"AgentParams\.UserSig") as refused:
        check_robot(robot(given), APP, required=False, now=NOW)

    assert given.reveal() not in str(refused.value)


def test_a_usersig_may_be_required() -> None:
    with pytest.raises(ParameterMissing, match=r"AgentParams\.UserSig"):
        check_robot(robot(None), APP, required=True, now=NOW)


def check(*texts: str, **settings: Any) -> None:
    allowed = Destinations(**settings)
    check_push_urls([PushUrl(text) for text in texts], allowed, Guard(allowed.allow_private))


def test_push_urls_are_rtmp_or_rtmps_to_a_name_or_an_allowed_address() -> None:
    check(
        "rtmp://cdn.example/live/a?b=c",
        "rtmps://cdn.example:8443/live/a",
        "rtmp://127.0.0.1:1/live/a",
        "rtmp://[::1]/a/b",
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/live/key",
        "rtmp://cdn.example",
        "rtmp:///live/key",
        "rtmp://10.0.0.1/live/key",
        "rtmp://169.254.169.254/live/key",
        "rtmp://[::ffff:10.0.0.1]/live/key",
        "rtmp://[fe80::1]/live/key",
        "key",
    ],
)
def test_another_push_url_is_refused_by_its_index_without_its_key(url: str) -> None:
    with pytest.raises(ParameterInvalid, match=r"`PublishCdnParams\.1\.PublishCdnUrl`") as refused:
        check("rtmp://cdn.example/live/a", url)

    assert "key" not in str(refused.value).replace("stream key", "")


def test_rtmps_can_be_switched_off() -> None:
    with pytest.raises(ParameterInvalid, match="allow_rtmps"):
        check("rtmps://cdn.example/live/a", allow_rtmps=False)


def test_nothing_private_is_allowed_without_the_setting() -> None:
    with pytest.raises(ParameterInvalid, match="not a public address"):
        check("rtmp://127.0.0.1/live/a", allow_private=())
