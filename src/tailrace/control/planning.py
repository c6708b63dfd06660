"""Planning: from a checked start request to the plan of a task; what is not built yet is refused by its name."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from tailrace.config import App, Destinations
from tailrace.control.action import AddressGuard
from tailrace.control.feedback import targets_of
from tailrace.control.mixing import mix_of, refuse_mixing
from tailrace.control.naming import Naming
from tailrace.control.params.agent import AgentParams
from tailrace.control.params.audio import AudioEncode, McuAudioParams
from tailrace.control.params.publish import McuFeedBackRoomParams, McuPublishCdnParam
from tailrace.control.params.record import NO_RECORDING, McuRecordParams
from tailrace.control.params.sei import UUID_TYPE, McuLayoutVolume, McuPassThrough, McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import SingleSubscribeParams, room
from tailrace.errors import (
    AddressForbidden,
    CallerError,
    NotBuilt,
    ParameterInvalid,
    ParameterMissing,
    UserSigRejected,
)
from tailrace.ids import SdkAppId, Stream, UserId
from tailrace.model.mix import LayoutVolume, Mix, PassThrough, Sei
from tailrace.model.plan import AacProfile, AudioEncoding, Destination, Plan
from tailrace.secret import PushUrl
from tailrace.wire import usersig
from tailrace.wire.rtmp import url as rtmp_url

_USER = "SingleSubscribeParams.UserMediaStream"


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


def plan_of(request: StartRequest, *, strict: bool) -> Plan:
    """Return what the task shall do. `strict`: refuse what could only be done in a similar way (api.strict).

    Raises NotBuilt with the path of the first field that asks for more, ParameterInvalid and ParameterMissing.
    """
    _refuse_not_built(request, strict)
    naming = Naming(
        room(request.sdk_app_id, request.room_id, request.room_id_type), UserId(request.agent_params.user_id)
    )
    audio, video = request.audio_params, request.video_params
    mixing = request.with_transcoding == 1
    if not mixing:
        refuse_mixing(audio, video)
    return Plan(
        room=naming.main_room,
        robot=naming.robot,
        destinations=tuple(
            Destination(number, entry.publish_cdn_url, tencent=entry.is_tencent_cdn == 1)
            for number, entry in enumerate(request.publish_cdn_params)
        ),
        source=None if mixing else source_of(request.single_subscribe_params, naming),
        mix=mix_of(audio, video, naming, Mix()) if mixing else None,
        sei=sei_of(request.sei_params),
        # A mix has a picture when VideoParams are given. spec/02 section 1.3, row 2: of a single stream, AudioParams
        # alone is an audio-only relay; with VideoParams beside it, or with neither of them, sound and picture are
        # relayed. VideoEncode is not checked against the upstream.
        video=video is not None or (not mixing and audio is None),
        audio=encoding_of(audio.audio_encode) if audio and audio.audio_encode else AudioEncoding(),
        max_idle=float(request.agent_params.max_idle_time),
        feedback=targets_of(naming.main_room.app, request.feed_back_room_params),
    )


def source_of(single: SingleSubscribeParams | None, naming: Naming) -> Stream:
    """Return the one stream that is passed through. Raises ParameterMissing, ParameterInvalid, NotBuilt."""
    if single is None:
        raise ParameterMissing("SingleSubscribeParams")
    stream = naming.stream(single.user_media_stream, _USER)
    if stream is None:
        raise ParameterMissing(f"{_USER}.UserInfo")
    if stream.room != naming.main_room:
        raise NotBuilt(f"{_USER}.UserInfo.RoomId", "a user of another room is not built yet")
    return stream


def encoding_of(audio: AudioEncode) -> AudioEncoding:
    """Return the sound that is asked for."""
    return AudioEncoding(audio.sample_rate, audio.channel, audio.bit_rate, AacProfile(audio.codec))


def sei_of(params: McuSeiParams | None) -> Sei:
    """Return what is inserted into the pictures."""
    if params is None:
        return Sei()
    return Sei(
        _layout_volume(params.layout_volume) if params.layout_volume else None,
        _pass_through(params.pass_through) if params.pass_through else None,
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


def check_push_urls(urls: Sequence[PushUrl], allowed: Destinations, guard: AddressGuard) -> None:
    """Raise ParameterInvalid for the first of PublishCdnParams that is no push URL, or whose literal IP is not allowed.

    A host name is looked up by the child that connects, and checked there: what it stands for now says nothing then.
    """
    for index, url in enumerate(urls):
        path = f"PublishCdnParams.{index}.PublishCdnUrl"
        try:
            target = rtmp_url.parse(url)
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


def _layout_volume(asked: McuLayoutVolume) -> LayoutVolume:
    return LayoutVolume(asked.app_data, asked.payload_type, asked.interval / 1000, asked.follow_idr == 1)


def _pass_through(asked: McuPassThrough) -> PassThrough:
    uuid = asked.payload_uuid if asked.payload_type == UUID_TYPE else None
    return PassThrough(
        asked.payload_content, asked.payload_type, uuid or "", asked.interval / 1000, asked.follow_idr == 1
    )


def _refuse_not_built(request: StartRequest, strict: bool) -> None:
    if request.record_params is not None and request.record_params.uni_record != NO_RECORDING:
        raise NotBuilt("RecordParams.UniRecord", "recording is not built yet; 1 says that nothing is recorded")
    encode = request.audio_params.audio_encode if request.audio_params else None
    if strict and encode is not None and encode.codec != AacProfile.LC:
        raise NotBuilt("AudioParams.AudioEncode.Codec", "there is no HE-AAC encoder here (api.strict)")
