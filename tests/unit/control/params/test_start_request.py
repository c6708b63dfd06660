"""Every rule of spec/02 and spec/03 about a start request: what is taken, what is refused, and by which name."""

from typing import Any, get_args

import pytest
from tencentcloud.trtc.v20190722 import models

from tailrace.control.actions.start_publish_cdn_stream import Request
from tailrace.control.actions.update_publish_cdn_stream import Request as UpdateRequest
from tailrace.control.params.wire import Wire, read
from tailrace.errors import CallerError, ParameterInvalid, ParameterMissing, ParameterUnknown
from tests.unit.control.start import USER, mixed, parameters, urls

AUDIO = {"SampleRate": 48000, "Channel": 2, "BitRate": 64}
VIDEO = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}
IMAGE = {"WaterMarkUrl": "https://a/b.png", "WaterMarkWidth": 1, "WaterMarkHeight": 1, "LocationX": 0, "LocationY": 0}
TEXT = {"Text": "t", "WaterMarkWidth": 1, "WaterMarkHeight": 1, "LocationX": 0, "LocationY": 0, "FontSize": 9}
BUCKET = {"Vendor": 0, "Region": "r", "Bucket": "b", "AccessKey": "a", "SecretKey": "s"}
ROOM = {"RoomId": "5", "RoomIdType": 0, "UserId": "back", "UserSig": "sig"}


def audio(**changes: Any) -> dict[str, Any]:
    return mixed(AudioParams={"AudioEncode": AUDIO | changes})


def video(**changes: Any) -> dict[str, Any]:
    return mixed(VideoParams={"VideoEncode": VIDEO} | changes)


def layout(**changes: Any) -> dict[str, Any]:
    return video(LayoutParams=changes)


def window(**changes: Any) -> dict[str, Any]:
    return layout(MixLayoutMode=4, MixLayoutList=[{}, {"ImageWidth": 640, "ImageHeight": 360} | changes])


def watermark(**changes: Any) -> dict[str, Any]:
    return video(WaterMarkList=[changes])


def sei(**changes: Any) -> dict[str, Any]:
    return mixed(SeiParams=changes)


def record(**changes: Any) -> dict[str, Any]:
    return mixed(RecordParams={"UniRecord": 3, "McuStorageParams": {"CloudStorage": BUCKET}} | changes)


LAYOUT = "VideoParams.LayoutParams"
WINDOW = f"{LAYOUT}.MixLayoutList.1"
MARK = "VideoParams.WaterMarkList.0"

TAKEN = [
    parameters(),
    parameters(RoomId="4294967295", RoomIdType=0),
    parameters(RoomId="a b!#$%&()+-:;<=.>?@[]^_{}|~,"),
    parameters(PublishCdnParams=urls(*(f"rtmp://a/live/{number}" for number in range(10)))),
    parameters(AgentParams={"UserId": "r", "UserSig": "s", "MaxIdleTime": 86400}),
    parameters(PublishCdnParams=[], FeedBackRoomParams=[ROOM]),
    audio(Codec=2),
    audio(SampleRate=8000, BitRate=500, Channel=1),
    mixed(AudioParams={"SubscribeAudioList": [{"UserInfo": {"UserId": "a"}, "SoundLevel": 0}]}),
    mixed(AudioParams={"UnSubscribeAudioList": [{"UserInfo": {"UserId": "a", "RoomId": "x", "RoomIdType": 1}}]}),
    video(BackGroundColor="0x99CCFF", BackgroundImageUrl="https://a/b.png", BackgroundRenderMode=0),
    layout(
        MixLayoutMode=2, MaxVideoUser={"UserMediaStream": USER | {"StreamType": 1}}, RenderMode=2, EnableStreamSEI=0
    ),
    layout(MixLayoutMode=4, MixLayoutList=[{}] * 16),
    # The official update example: its last window reaches below the canvas (spec/02 section 1.4).
    window(
        LocationY=360, ImageHeight=720, ZOrder=3, CustomCrop={"LocationX": 0, "LocationY": 0, "Width": 1, "Height": 1}
    ),
    window(BackgroundRenderMode=4, BackgroundCustomRender={"Width": 640, "Height": 2, "Radius": 1}, EnableStreamSEI=0),
    watermark(WaterMarkImage=IMAGE),
    watermark(WaterMarkType=1, WaterMarkText=TEXT | {"Font": "SourceHanSans", "FontColor": "0XFFFFFF"}),
    sei(LayoutVolume={}),
    sei(LayoutVolume={"AppData": "x" * 4095, "PayloadType": 254, "FollowIdr": 1, "Interval": 500}),
    sei(PassThrough={"PayloadContent": "x", "PayloadType": 5, "PayloadUuid": "0123456789abcdefABCDEF0123456789"}),
    record(RecordKey="k" * 128, RecordFormat=["hls", "mp4"], UserDefineRecordPrefix="p"),
    record(McuStorageParams={"McuCloudVod": {"McuTencentVod": {"ExpireTime": 0}}}),
    mixed(RecordParams={"UniRecord": 1}),
]

MISSING = [
    *((parameters(**{name: None}), name) for name in ("SdkAppId", "RoomId", "RoomIdType", "AgentParams")),
    (parameters(WithTranscoding=None), "WithTranscoding"),
    (parameters(AgentParams={}), "AgentParams.UserId"),
    (parameters(PublishCdnParams=[{"IsTencentCdn": 1}]), "PublishCdnParams.0.PublishCdnUrl"),
    (parameters(PublishCdnParams=None), "PublishCdnParams"),
    (parameters(PublishCdnParams=[]), "PublishCdnParams"),
    (parameters(SingleSubscribeParams=None), "SingleSubscribeParams"),
    (parameters(SingleSubscribeParams={}), "SingleSubscribeParams.UserMediaStream"),
    (parameters(SingleSubscribeParams={"UserMediaStream": {}}), "SingleSubscribeParams.UserMediaStream.UserInfo"),
    (mixed(AudioParams={"AudioEncode": {}}), "AudioParams.AudioEncode.SampleRate"),
    (mixed(VideoParams={"VideoEncode": {"Width": 1}}), "VideoParams.VideoEncode.Height"),
    (mixed(FeedBackRoomParams=[ROOM, {}]), "FeedBackRoomParams.1.RoomId"),
    (layout(MaxVideoUser={}), f"{LAYOUT}.MaxVideoUser.UserMediaStream"),
    (window(CustomCrop={}), f"{WINDOW}.CustomCrop.LocationX"),
    (window(BackgroundRenderMode=4), f"{WINDOW}.BackgroundCustomRender"),
    (watermark(), f"{MARK}.WaterMarkImage"),
    (watermark(WaterMarkType=1), f"{MARK}.WaterMarkText"),
    (sei(PassThrough={"PayloadType": 100}), "SeiParams.PassThrough.PayloadContent"),
    (sei(PassThrough={"PayloadContent": "x", "PayloadType": 5}), "SeiParams.PassThrough.PayloadUuid"),
    (record(McuStorageParams=None), "RecordParams.McuStorageParams"),
    (record(McuStorageParams={}), "RecordParams.McuStorageParams.CloudStorage"),
    (record(McuStorageParams={"CloudStorage": {}}), "RecordParams.McuStorageParams.CloudStorage.Vendor"),
]

INVALID = [
    (parameters(SdkAppId="1400000001"), "SdkAppId"),
    (parameters(SdkAppId=1.5), "SdkAppId"),
    (parameters(SdkAppId=True), "SdkAppId"),
    (parameters(SdkAppId=0), "SdkAppId"),
    (parameters(RoomId=5), "RoomId"),
    (parameters(RoomId=""), "RoomId"),
    (parameters(RoomId="x" * 65), "RoomId"),
    (parameters(RoomId="stage/4"), "RoomId"),
    *((parameters(RoomId=room, RoomIdType=0), "RoomId") for room in ("0", "01", "4294967296", "-1", "abc", "\u0661")),
    (parameters(RoomIdType=2), "RoomIdType"),
    (parameters(WithTranscoding=2), "WithTranscoding"),
    (parameters(AgentParams=[]), "AgentParams"),
    (parameters(AgentParams={"UserId": "a.b"}), "AgentParams.UserId"),
    (parameters(AgentParams={"UserId": "r\n"}), "AgentParams.UserId"),
    (parameters(AgentParams={"UserId": "anchor"}), "AgentParams.UserId"),
    (parameters(AgentParams={"UserId": "r", "MaxIdleTime": 4}), "AgentParams.MaxIdleTime"),
    (parameters(AgentParams={"UserId": "r", "MaxIdleTime": 86401}), "AgentParams.MaxIdleTime"),
    (parameters(PublishCdnParams={"PublishCdnUrl": "x"}), "PublishCdnParams"),
    (parameters(PublishCdnParams=[None]), "PublishCdnParams.0"),
    (parameters(PublishCdnParams=urls(*(f"rtmp://a/b/{n}" for n in range(11)))), "PublishCdnParams"),
    (parameters(PublishCdnParams=urls("rtmp://a/b/c", "rtmp://a/b/c")), "PublishCdnParams.1.PublishCdnUrl"),
    (parameters(PublishCdnParams=urls("x" * 4097)), "PublishCdnParams.0.PublishCdnUrl"),
    (parameters(FeedBackRoomParams=[ROOM] * 11), "FeedBackRoomParams"),
    (mixed(FeedBackRoomParams=[ROOM | {"RoomId": "x"}]), "FeedBackRoomParams.0.RoomId"),
    (parameters(WithTranscoding=1), "SingleSubscribeParams"),
    (audio(SampleRate=22050), "AudioParams.AudioEncode.SampleRate"),
    (audio(Channel=3), "AudioParams.AudioEncode.Channel"),
    (audio(BitRate=7), "AudioParams.AudioEncode.BitRate"),
    (audio(BitRate=501), "AudioParams.AudioEncode.BitRate"),
    (audio(Codec=3), "AudioParams.AudioEncode.Codec"),
    (audio(Codec=2, Channel=1), "AudioParams.AudioEncode.Channel"),
    (audio(Codec=1, SampleRate=8000), "AudioParams.AudioEncode.SampleRate"),
    (
        mixed(AudioParams={"SubscribeAudioList": [{"UserInfo": {"UserId": "a"}, "SoundLevel": 101}]}),
        "AudioParams.SubscribeAudioList.0.SoundLevel",
    ),
    *((video(VideoEncode=VIDEO | {name: 0}), f"VideoParams.VideoEncode.{name}") for name in VIDEO),
    *(
        (video(VideoEncode=VIDEO | {name: value}), f"VideoParams.VideoEncode.{name}")
        for name, value in {"Width": 1921, "Height": 1921, "Fps": 61, "BitRate": 10001, "Gop": 6}.items()
    ),
    *((video(VideoEncode=VIDEO | {name: 1}), f"VideoParams.VideoEncode.{name}") for name in ("Width", "Height")),
    (video(BackGroundColor="#99CCFF"), "VideoParams.BackGroundColor"),
    (video(BackGroundColor="0x99CCFF\n"), "VideoParams.BackGroundColor"),
    (video(BackgroundRenderMode=3), "VideoParams.BackgroundRenderMode"),
    (layout(MixLayoutMode=0), f"{LAYOUT}.MixLayoutMode"),
    (layout(MixLayoutMode=5), f"{LAYOUT}.MixLayoutMode"),
    (layout(RenderMode=3), f"{LAYOUT}.RenderMode"),
    (layout(PureAudioHoldPlaceMode=2), f"{LAYOUT}.PureAudioHoldPlaceMode"),
    (layout(MixLayoutMode=4, MixLayoutList=[{}] * 17), f"{LAYOUT}.MixLayoutList"),
    (window(LocationX=-1), f"{WINDOW}.LocationX"),
    (window(BackgroundRenderMode=5), f"{WINDOW}.BackgroundRenderMode"),
    (window(BackGroundColorMode=4), f"{WINDOW}.BackGroundColorMode"),
    (
        window(CustomCrop={"LocationX": 9999, "LocationY": 0, "Width": 2, "Height": 1}),
        f"{WINDOW}.CustomCrop.Width",
    ),
    (
        window(CustomCrop={"LocationX": 0, "LocationY": 1, "Width": 2, "Height": 10000}),
        f"{WINDOW}.CustomCrop.Height",
    ),
    (
        window(BackgroundRenderMode=4, BackgroundCustomRender={"Width": 641, "Height": 1}),
        f"{WINDOW}.BackgroundCustomRender.Width",
    ),
    (
        window(BackgroundRenderMode=4, BackgroundCustomRender={"Width": 1, "Height": 361}),
        f"{WINDOW}.BackgroundCustomRender.Height",
    ),
    (
        window(BackgroundRenderMode=4, BackgroundCustomRender={"Width": 10, "Height": 20, "Radius": 6}),
        f"{WINDOW}.BackgroundCustomRender.Radius",
    ),
    (watermark(WaterMarkType=2, WaterMarkImage=IMAGE), f"{MARK}.WaterMarkType"),
    (watermark(WaterMarkImage=IMAGE | {"DynamicPosType": 3}), f"{MARK}.WaterMarkImage.DynamicPosType"),
    (watermark(WaterMarkType=1, WaterMarkText=TEXT | {"Font": "Arial"}), f"{MARK}.WaterMarkText.Font"),
    (watermark(WaterMarkType=1, WaterMarkText=TEXT | {"FontSize": 0}), f"{MARK}.WaterMarkText.FontSize"),
    *((sei(LayoutVolume={"PayloadType": kind}), "SeiParams.LayoutVolume.PayloadType") for kind in (5, 99, 244, 255)),
    (sei(LayoutVolume={"AppData": "\u00fc" * 2048}), "SeiParams.LayoutVolume.AppData"),
    (sei(PassThrough={"PayloadContent": "x", "PayloadType": 6}), "SeiParams.PassThrough.PayloadType"),
    (
        sei(PassThrough={"PayloadContent": "x", "PayloadType": 5, "PayloadUuid": "g" * 32}),
        "SeiParams.PassThrough.PayloadUuid",
    ),
    (record(UniRecord=4), "RecordParams.UniRecord"),
    (record(RecordKey="k" * 129), "RecordParams.RecordKey"),
    (record(RecordWaitTime=4), "RecordParams.RecordWaitTime"),
    (record(RecordFormat=["flv"]), "RecordParams.RecordFormat.0"),
    (record(RecordFormat=["mp4", "aac"]), "RecordParams.RecordFormat"),
    (record(MaxMediaFileDuration=1441), "RecordParams.MaxMediaFileDuration"),
    (record(StreamType=3), "RecordParams.StreamType"),
    (record(UserDefineRecordPrefix="a/b"), "RecordParams.UserDefineRecordPrefix"),
    (
        record(McuStorageParams={"CloudStorage": BUCKET, "McuCloudVod": {}}),
        "RecordParams.McuStorageParams.McuCloudVod",
    ),
    (
        record(McuStorageParams={"CloudStorage": BUCKET | {"FileNamePrefix": ["a", "b/c"]}}),
        "RecordParams.McuStorageParams.CloudStorage.FileNamePrefix.1",
    ),
]

UNKNOWN = [
    (parameters(sdk_app_id=1), "sdk_app_id"),
    (parameters(roomid="x"), "roomid"),
    (parameters(AgentParams={"UserId": "r", "Extra": {}}), "AgentParams.Extra"),
    (parameters(PublishCdnParams=[{"PublishCdnUrl": "rtmp://a/b/c", "Url": 1}]), "PublishCdnParams.0.Url"),
    (window(BackgroundColor="0x000000"), f"{WINDOW}.BackgroundColor"),
]


def refusal(wanted: dict[str, Any]) -> CallerError:
    """Return how a request is refused."""
    with pytest.raises(CallerError) as refused:
        read(Request, wanted, text=False)
    return refused.value


@pytest.mark.parametrize("wanted", TAKEN)
def test_what_the_specification_allows_is_taken(wanted: dict[str, Any]) -> None:
    assert read(Request, wanted, text=False).sdk_app_id == 1400000001


@pytest.mark.parametrize(
    ("wanted", "path", "error"),
    [
        *((wanted, path, ParameterMissing) for wanted, path in MISSING),
        *((wanted, path, ParameterInvalid) for wanted, path in INVALID),
        *((wanted, path, ParameterUnknown) for wanted, path in UNKNOWN),
    ],
)
def test_what_it_does_not_is_refused_by_its_full_path(
    wanted: dict[str, Any], path: str, error: type[CallerError]
) -> None:
    refused = refusal(wanted)

    assert type(refused) is error
    assert isinstance(refused, ParameterMissing | ParameterInvalid | ParameterUnknown)
    assert refused.path == path
    assert path in str(refused)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (parameters(AgentParams={"UserId": "a.b"}), "expected 1 to 64 letters, digits, underscores and hyphens"),
        (parameters(RoomId="stage/4"), "1 to 64 letters, digits, blanks and !#$%&()+-:;<=.>?@[]^_{}|~,"),
        (parameters(RoomId=""), "expected 1 or more characters"),
        (parameters(RoomId="x" * 65), "expected at most 64 characters"),
        (parameters(RoomId="\ud800"), "expected a String of whole Unicode characters"),
        (parameters(RoomIdType=2), "expected one of 0, 1"),
        (parameters(AgentParams={"UserId": "r", "MaxIdleTime": 4}), "expected 5 or more"),
        (parameters(AgentParams={"UserId": "r", "MaxIdleTime": 86401}), "expected 86400 or less"),
        (parameters(PublishCdnParams=urls(*(f"rtmp://a/b/{n}" for n in range(11)))), "expected at most 10 entries"),
        (video(BackGroundColor="#99CCFF"), "expected a colour such as 0x99CCFF"),
    ],
)
def test_a_refusal_says_what_is_allowed(wanted: dict[str, Any], words: str) -> None:
    assert words in str(refusal(wanted))


@pytest.mark.parametrize("wanted", [wanted for wanted, _ in INVALID])
def test_no_refusal_is_in_the_words_of_the_validator(wanted: dict[str, Any]) -> None:
    # "String should match pattern '^[A-Za-z0-9_-]{1,64}$'" is no sentence for callers.
    assert "should" not in str(refusal(wanted))


def test_the_worst_complaint_comes_first() -> None:
    cross, too_long, of_wrong_type = {"RoomIdType": 0}, {"WithTranscoding": 7}, {"AgentParams": 5}
    everything = cross | too_long | of_wrong_type

    assert isinstance(refusal(parameters(**everything, Extra=1, PublishCdnParams=[{}])), ParameterUnknown)
    assert isinstance(refusal(parameters(**everything, PublishCdnParams=[{}])), ParameterMissing)
    assert "AgentParams" in str(refusal(parameters(**everything)))
    assert "WithTranscoding" in str(refusal(parameters(**cross, **too_long)))
    assert "RoomId" in str(refusal(parameters(**cross)))


def test_text_is_read_as_the_type_it_stands_for() -> None:
    wanted = parameters(
        SdkAppId="1400000001",
        RoomIdType="1",
        WithTranscoding="0",
        AgentParams={"UserId": "robot", "MaxIdleTime": "60"},
        AudioParams={"AudioEncode": {name: str(value) for name, value in AUDIO.items()}},
    )
    request = read(Request, wanted, text=True)

    assert (request.sdk_app_id, request.room_id_type, request.agent_params.max_idle_time) == (1400000001, 1, 60)
    assert request.audio_params is not None
    assert request.audio_params.audio_encode is not None
    assert request.audio_params.audio_encode.sample_rate == 48000


@pytest.mark.parametrize("text", ["", "one", "1.5", "0x1", "9" * 5000])
def test_text_that_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(ParameterInvalid, match="`RoomIdType`: expected an Integer"):
        read(Request, parameters(RoomIdType=text), text=True)


def test_secrets_do_not_print() -> None:
    image = "https://a/b.png?hidden"
    picture = {
        "BackgroundImageUrl": image,
        "WaterMarkList": [{"WaterMarkImage": IMAGE | {"WaterMarkUrl": image}}],
        "LayoutParams": {"MixLayoutList": [{"BackgroundImageUrl": image, "TransparentUrl": image}]},
    }
    request = read(
        Request,
        mixed(FeedBackRoomParams=[ROOM], PublishCdnParams=urls("rtmp://a/live/hidden"), VideoParams=picture),
        text=False,
    )

    assert "hidden" not in repr(request)
    assert "sig" not in repr(request.feed_back_room_params[0].user_sig)


def _models(model: type[Wire]) -> dict[str, type[Wire]]:
    """Return a model and all that it holds, by their names."""
    found = {model.__name__: model}
    for field in model.model_fields.values():
        for kind in _kinds(field.annotation):
            found |= _models(kind)
    return found


def _kinds(annotation: Any) -> list[type[Wire]]:
    if isinstance(annotation, type) and issubclass(annotation, Wire):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]


@pytest.mark.parametrize(("prefix", "model"), [("Start", Request), ("Update", UpdateRequest)])
def test_every_field_of_the_official_sdk_is_known_and_no_other(prefix: str, model: type[Wire]) -> None:
    known = _models(model)
    known[f"{prefix}PublishCdnStreamRequest"] = known.pop("Request")

    assert len(known) > 15
    for name, ours in known.items():
        theirs = {field.removeprefix("_") for field in vars(getattr(models, name)())}
        assert {field.alias for field in ours.model_fields.values()} == theirs, name
