"""StopPublishCdnStream: end a task (spec/00, spec/02 section 3)."""

from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.params.record import RecordKeyText
from tailrace.control.params.who import AppNumber
from tailrace.control.params.wire import Answered, TaskIdText, Wire
from tailrace.errors import TaskNotFound
from tailrace.ids import SdkAppId, TaskId


class Request(Wire):
    """The task to end."""

    sdk_app_id: AppNumber
    task_id: TaskIdText
    record_key: RecordKeyText | None = None


class Response(Answered):
    """The TaskId as it was sent."""

    task_id: str


@action("StopPublishCdnStream", Request)
async def stop_publish_cdn_stream(request: Request, caller: Caller, service: Service) -> Response:
    """Answer once "stopping" is stored. Raises TaskNotFound and RecordingNotStoppable."""
    if request.sdk_app_id not in caller.apps:
        raise TaskNotFound("The task does not exist.")
    await service.tasks.stop(SdkAppId(request.sdk_app_id), TaskId(request.task_id), request.record_key)
    return Response(task_id=request.task_id)
