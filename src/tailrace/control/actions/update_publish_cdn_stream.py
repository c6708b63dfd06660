"""UpdatePublishCdnStream: known, and not built yet (spec/02 section 2)."""

from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.params.audio import McuAudioParams
from tailrace.control.params.publish import FeedBackList, PublishList
from tailrace.control.params.sei import McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import AppNumber, SingleSubscribeParams
from tailrace.control.params.wire import Answered, Flag, Integer, TaskIdText, Wire
from tailrace.errors import NotBuilt


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


class Response(Answered):
    """The TaskId as it was sent."""

    task_id: str


@action("UpdatePublishCdnStream", Request)
async def update_publish_cdn_stream(_request: Request, _caller: Caller, _service: Service) -> Response:
    """Raises NotBuilt."""
    raise NotBuilt("UpdatePublishCdnStream", "changing a running task is not built yet")
