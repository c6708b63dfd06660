"""StartPublishCdnStream: start a task (spec/02 section 1)."""

from typing import Self

from pydantic import model_validator

from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.feedback import check_names, check_user_sigs
from tailrace.control.params.agent import AgentParams
from tailrace.control.params.audio import McuAudioParams
from tailrace.control.params.publish import FeedBackList, PublishList, check_urls_differ, check_users_differ
from tailrace.control.params.record import McuRecordParams
from tailrace.control.params.sei import McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import AppNumber, RoomName, SingleSubscribeParams, check_room
from tailrace.control.params.wire import Answered, Flag, Wire, lacking, wrong
from tailrace.control.planning import check_push_urls, check_robot, plan_of


class Request(Wire):
    """Everything that spec/02 section 1.1 knows."""

    sdk_app_id: AppNumber
    room_id: RoomName
    room_id_type: Flag
    agent_params: AgentParams
    with_transcoding: Flag
    audio_params: McuAudioParams | None = None
    video_params: McuVideoParams | None = None
    single_subscribe_params: SingleSubscribeParams | None = None
    publish_cdn_params: PublishList = ()
    sei_params: McuSeiParams | None = None
    feed_back_room_params: FeedBackList = ()
    record_params: McuRecordParams | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """The rules of spec/02 section 1.4."""
        check_room("RoomId", self.room_id, self.room_id_type)
        if not self.publish_cdn_params and not self.feed_back_room_params:
            raise lacking("PublishCdnParams", "PublishCdnParams or FeedBackRoomParams must be given.")
        check_urls_differ(self.publish_cdn_params)
        check_users_differ(self.feed_back_room_params)
        if self.with_transcoding == 0:
            self._check_pass_through()
        elif self.single_subscribe_params is not None:
            raise wrong("SingleSubscribeParams", "needs WithTranscoding 0")
        return self

    def _check_pass_through(self) -> None:
        user = "SingleSubscribeParams.UserMediaStream.UserInfo"
        if self.single_subscribe_params is None:
            raise lacking("SingleSubscribeParams", "WithTranscoding 0 needs SingleSubscribeParams.")
        info = self.single_subscribe_params.user_media_stream.user_info
        if info is None:
            raise lacking(user, f"A single-stream relay needs `{user}`.")
        if info.user_id == self.agent_params.user_id:
            raise wrong("AgentParams.UserId", "is the user whose stream is relayed; the robot needs one of its own")


class Response(Answered):
    """The new task."""

    task_id: str


@action("StartPublishCdnStream", Request)
async def start_publish_cdn_stream(request: Request, caller: Caller, service: Service) -> Response:
    """Answer once the task is stored and queued. Raises AppUnknown, UserSigRejected, NotBuilt, ParameterInvalid."""
    app = caller.app(request.sdk_app_id)
    plan = plan_of(request, strict=service.config.api.strict)
    check_names(plan)
    check_robot(request.agent_params, app, service.config.api.require_user_sig, service.clock.unix())
    check_user_sigs(request.feed_back_room_params, app, service.clock.unix())
    urls = [entry.publish_cdn_url for entry in request.publish_cdn_params]
    check_push_urls(urls, service.config.destinations, service.guard)
    return Response(task_id=await service.tasks.start(plan))
