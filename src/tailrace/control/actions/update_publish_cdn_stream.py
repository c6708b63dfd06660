"""UpdatePublishCdnStream: change a running task (spec/02 section 2)."""

from typing import Self

from pydantic import model_validator

from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.feedback import check_user_sigs
from tailrace.control.params.audio import McuAudioParams
from tailrace.control.params.publish import FeedBackList, PublishList, check_urls_differ, check_users_differ
from tailrace.control.params.sei import McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import AppNumber, SingleSubscribeParams
from tailrace.control.params.wire import Answered, Flag, Integer, TaskIdText, Wire, wrong
from tailrace.control.planning import check_push_urls
from tailrace.control.updating import digest_of, updated
from tailrace.errors import TaskNotFound
from tailrace.ids import SdkAppId, TaskId


class Request(Wire):
    """Everything that spec/02 section 2 knows. None is absent: it stays as it is; an empty list is not."""

    sdk_app_id: AppNumber
    task_id: TaskIdText
    sequence_number: Integer
    with_transcoding: Flag
    audio_params: McuAudioParams | None = None
    video_params: McuVideoParams | None = None
    single_subscribe_params: SingleSubscribeParams | None = None
    publish_cdn_params: PublishList | None = None
    sei_params: McuSeiParams | None = None
    feed_back_room_params: FeedBackList | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_urls_differ(self.publish_cdn_params or ())
        check_users_differ(self.feed_back_room_params or ())
        if self.with_transcoding == 1 and self.single_subscribe_params is not None:
            raise wrong("SingleSubscribeParams", "needs WithTranscoding 0")
        return self


class Response(Answered):
    """The TaskId as it was sent."""

    task_id: str


@action("UpdatePublishCdnStream", Request)
async def update_publish_cdn_stream(request: Request, caller: Caller, service: Service) -> Response:
    """Answer once the new plan is stored; who runs the task follows its record.

    Raises TaskNotFound, UpdateOutdated, OutputModeFixed, NotBuilt, ParameterInvalid, ParameterMissing.
    """
    if request.sdk_app_id not in caller.apps:
        raise TaskNotFound("The task does not exist.")
    urls = [entry.publish_cdn_url for entry in request.publish_cdn_params or ()]
    check_push_urls(urls, service.config.destinations, service.guard)
    check_user_sigs(request.feed_back_room_params or (), caller.app(request.sdk_app_id), service.clock.unix())
    await service.tasks.update(
        SdkAppId(request.sdk_app_id),
        TaskId(request.task_id),
        request.sequence_number,
        digest_of(request),
        lambda plan, revision: updated(plan, revision, request),
    )
    return Response(task_id=request.task_id)
