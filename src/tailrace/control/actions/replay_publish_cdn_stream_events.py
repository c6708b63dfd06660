"""ReplayPublishCdnStreamEvents: send callbacks again. Tailrace's own extension, the cloud has none (docs/api.md)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.bus.history import StoredEvent
from tailrace.control.action import Service, action
from tailrace.control.actions.describe_publish_cdn_stream_events import Milliseconds
from tailrace.control.caller import Caller
from tailrace.control.params.who import AppNumber
from tailrace.control.params.wire import Answered, Flag, Integer, TaskIdText, Wire, lacking
from tailrace.errors import ParameterInvalid, TaskNotFound
from tailrace.ids import SdkAppId, TaskId
from tailrace.model.delivery import DeliveryState
from tailrace.model.task_event import TaskEvent

# Stored one after the other, in tenths of a second; more of them are more calls.
MAX_LIMIT = 500


class Request(Wire):
    """Which events: of a task, from and to a number (both included), since a time; with `failed` 1 only given up ones.

    `since_ms` is in Unix milliseconds. At least one of them must be given.
    """

    sdk_app_id: AppNumber
    task_id: TaskIdText | None = None
    from_sequence_number: Integer | None = None
    to_sequence_number: Integer | None = None
    since_ms: Milliseconds | None = None
    failed: Flag = 0
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = MAX_LIMIT

    @model_validator(mode="after")
    def _not_everything(self) -> Self:
        if self.task_id is None and self.from_sequence_number is None and self.since_ms is None:
            raise lacking("FromSequenceNumber", "Say which events: TaskId, FromSequenceNumber or SinceMs.")
        return self


class Response(Answered):
    """`queued` callbacks are sent again. With `more` 1 call again, from `next_sequence_number` on."""

    queued: int
    next_sequence_number: int
    more: int


@action("ReplayPublishCdnStreamEvents", Request)
async def replay_publish_cdn_stream_events(request: Request, caller: Caller, service: Service) -> Response:
    """Answer once the wishes are stored. Raises TaskNotFound, and ParameterInvalid when nobody would get callbacks."""
    app = SdkAppId(request.sdk_app_id)
    if app not in caller.apps:
        raise TaskNotFound("The SdkAppId does not exist.")
    if not caller.apps[app].callback_url:
        raise ParameterInvalid("SdkAppId", "the application has no callback_url in the configuration")
    task_id = None if request.task_id is None else TaskId(request.task_id)
    page = await service.history.page(
        app,
        task_id,
        start=request.from_sequence_number or 0,
        since=(request.since_ms or 0) / 1000,
        limit=request.limit,
        fits=lambda event: not isinstance(event, TaskEvent) or event.destination is not None,
    )
    last = request.to_sequence_number
    inside = [stored for stored in page.events if last is None or stored.sequence <= last]
    wanted = await _given_up(inside, app, service) if request.failed else inside
    for stored in wanted:
        await service.replays.wish(stored)
    over = not page.more or (last is not None and page.next_sequence > last)
    return Response(queued=len(wanted), next_sequence_number=page.next_sequence, more=0 if over else 1)


async def _given_up(events: list[StoredEvent], app: SdkAppId, service: Service) -> list[StoredEvent]:
    known = await service.deliveries.of(app, [stored.sequence for stored in events])
    return [
        stored
        for stored in events
        if (delivery := known.get(stored.sequence)) is not None and delivery.state is DeliveryState.GIVEN_UP
    ]
