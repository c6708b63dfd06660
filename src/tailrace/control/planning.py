"""Planning: from a checked start request to the plan of a task; what is not built yet is refused by its name."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from tailrace.config import App, Destinations
from tailrace.control.action import AddressGuard
from tailrace.control.params.agent import AgentParams
from tailrace.control.params.audio import AudioEncode, McuAudioParams
from tailrace.control.params.publish import McuFeedBackRoomParams, McuPublishCdnParam
from tailrace.control.params.record import NO_RECORDING, McuRecordParams
from tailrace.control.params.sei import McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import MixUserInfo, SingleSubscribeParams, room
from tailrace.errors import (
    AddressForbidden,
    CallerError,
    NotBuilt,
    ParameterInvalid,
    ParameterMissing,
    UserSigRejected,
)
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.model.plan import AacProfile, AudioEncoding, Destination, Plan
from tailrace.wire import usersig
from tailrace.wire.rtmp import url as rtmp_url

_NO_MIXING = "has no meaning in a single-stream relay (WithTranscoding 0), and mixing is not built yet"


class StartRequest(Protocol):
    """The parts of a start request that a plan is made from."""

    @property
    def sdk_app_id(self) -> int: ...
    @property
    def room_id(self) -> str: ...
    @property
    def room_id_type(self) -> int: ...
    @property
    def agent_params(self) -> AgentParams: ...
    @property
    def with_transcoding(self) -> int: ...
    @property
    def audio_params(self) -> McuAudioParams | None: ...
    @property
    def video_params(self) -> McuVideoParams | None: ...
    @property
    def single_subscribe_params(self) -> SingleSubscribeParams | None: ...
    @property
    def publish_cdn_params(self) -> Sequence[McuPublishCdnParam]: ...
    @property
    def sei_params(self) -> McuSeiParams | None: ...
    @property
    def feed_back_room_params(self) -> Sequence[McuFeedBackRoomParams]: ...
    @property
    def record_params(self) -> McuRecordParams | None: ...


def plan_of(request: StartRequest) -> Plan:
    """Return what the task shall do. Raises NotBuilt with the path of the first field that asks for more."""
    _refuse_not_built(request)
    main_room = room(request.sdk_app_id, request.room_id, request.room_id_type)
    audio = request.audio_params.audio_encode if request.audio_params else None
    return Plan(
        room=main_room,
        robot=UserId(request.agent_params.user_id),
        source=_source(request.single_subscribe_params, main_room),
        destinations=tuple(
            Destination(number, entry.publish_cdn_url, tencent=entry.is_tencent_cdn == 1)
            for number, entry in enumerate(request.publish_cdn_params)
        ),
        # spec/02 section 1.3, row 2: AudioParams alone is an audio-only relay; with VideoParams beside it, or with
        # neither of them, sound and picture are relayed. VideoEncode is not checked against the upstream.
        video=request.video_params is not None or request.audio_params is None,
        audio=_encoding(audio) if audio else AudioEncoding(),
        max_idle=float(request.agent_params.max_idle_time),
    )


def check_robot(robot: AgentParams, app: App, required: bool, now: float) -> None:
    """Raise unless the robot's UserSig, where there is one or `required`, lets it into a room of `app`."""
    if not robot.user_sig:
        if required:
            raise ParameterMissing("AgentParams.UserSig")
        return
    try:
        usersig.check(robot.user_sig.reveal(), SdkAppId(app.sdk_app_id), app.key, UserId(robot.user_id), now)
    except UserSigRejected as error:
        raise ParameterInvalid("AgentParams.UserSig", str(error)) from error


def check_destinations(destinations: Sequence[Destination], allowed: Destinations, guard: AddressGuard) -> None:
    """Raise ParameterInvalid for the first push URL that is none, or whose literal IP address is not allowed.

    A host name is looked up by the child that connects, and checked there: what it stands for now says nothing then.
    """
    for index, destination in enumerate(destinations):
        path = f"PublishCdnParams.{index}.PublishCdnUrl"
        try:
            target = rtmp_url.parse(destination.url)
        except CallerError as error:
            raise ParameterInvalid(path, str(error)) from error
        if target.tls and not allowed.allow_rtmps:
            raise ParameterInvalid(path, "rtmps is not allowed here (destinations.allow_rtmps)")
        try:
            if (address := _literal(target.host)) is not None:
                guard.check(address, target.host)
        except AddressForbidden as error:
            raise ParameterInvalid(path, str(error)) from error


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _source(single: SingleSubscribeParams | None, main_room: Room) -> Stream:
    """Return the one stream that is relayed; the request's own rules have seen to it that there is one."""
    info = single.user_media_stream.user_info if single else None
    if single is None or info is None:
        raise ParameterMissing("SingleSubscribeParams")
    if _elsewhere(info, main_room):
        raise NotBuilt(
            "SingleSubscribeParams.UserMediaStream.UserInfo.RoomId", "a user of another room is not built yet"
        )
    kind = StreamType.MAIN if single.user_media_stream.stream_type == 0 else StreamType.AUX
    return Stream(main_room, UserId(info.user_id), kind)


def _elsewhere(info: MixUserInfo, main_room: Room) -> bool:
    numeric = main_room.numeric if info.room_id_type is None else info.room_id_type == 0
    return (info.room_id or main_room.room_id, numeric) != (main_room.room_id, main_room.numeric)


def _encoding(audio: AudioEncode) -> AudioEncoding:
    return AudioEncoding(audio.sample_rate, audio.channel, audio.bit_rate, AacProfile(audio.codec))


def _refuse_not_built(request: StartRequest) -> None:
    if request.with_transcoding == 1:
        raise NotBuilt("WithTranscoding", "mixing is not built yet")
    if request.feed_back_room_params:
        raise NotBuilt("FeedBackRoomParams", "pushing back into rooms is not built yet")
    if request.sei_params is not None:
        raise NotBuilt("SeiParams", "inserting SEI is not built yet")
    if request.record_params is not None and request.record_params.uni_record != NO_RECORDING:
        raise NotBuilt("RecordParams.UniRecord", "recording is not built yet; 1 says that nothing is recorded")
    if request.audio_params is not None:
        _refuse_audio(request.audio_params)
    if request.video_params is not None:
        _refuse_video(request.video_params)


def _refuse_audio(audio: McuAudioParams) -> None:
    if audio.audio_encode is not None and audio.audio_encode.codec != AacProfile.LC:
        raise NotBuilt("AudioParams.AudioEncode.Codec", "HE-AAC is not built yet")
    if audio.subscribe_audio_list:
        raise NotBuilt("AudioParams.SubscribeAudioList", _NO_MIXING)
    if audio.un_subscribe_audio_list:
        raise NotBuilt("AudioParams.UnSubscribeAudioList", _NO_MIXING)


def _refuse_video(video: McuVideoParams) -> None:
    asked = {
        "LayoutParams": video.layout_params is not None,
        "BackGroundColor": video.back_ground_color is not None,
        "BackgroundImageUrl": video.background_image_url is not None,
        "WaterMarkList": bool(video.water_mark_list),
        "BackgroundRenderMode": video.background_render_mode is not None,
    }
    for name, given in asked.items():
        if given:
            raise NotBuilt(f"VideoParams.{name}", _NO_MIXING)
