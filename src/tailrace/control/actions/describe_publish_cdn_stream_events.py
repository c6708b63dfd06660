"""DescribePublishCdnStreamEvents: what has happened. Tailrace's own extension, the cloud has none (docs/api.md)."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.bus.history import StoredEvent
from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.params.who import AppNumber, RoomName
from tailrace.control.params.wire import Answered, Flag, Integer, TaskIdText, Wire, lacking, wrong
from tailrace.errors import TaskNotFound
from tailrace.ids import Room, SdkAppId, TaskId
from tailrace.model.delivery import Attempt, Delivery
from tailrace.model.room_event import RoomEvent
from tailrace.model.task_event import DestinationEvent, TaskEvent

MAX_LIMIT = 100
# EventType of callbacks (spec/04 section 4).
_TASK_CALLBACK = 401
# The year 5138: what is later can be no time.
_MOST_MS = 10**14

Milliseconds = Annotated[int, Field(ge=0, le=_MOST_MS)]


class Request(Wire):
    """A page of the events of an app, of one of its tasks or rooms, the oldest first.

    `since_ms` (included) and `until_ms` (not included) are Unix milliseconds; `from_sequence_number` is where to begin,
    as the answer before has it.
    """

    sdk_app_id: AppNumber
    task_id: TaskIdText | None = None
    room_id: RoomName | None = None
    room_id_type: Flag | None = None
    since_ms: Milliseconds = 0
    until_ms: Milliseconds = _MOST_MS
    from_sequence_number: Integer = 0
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = MAX_LIMIT

    @model_validator(mode="after")
    def _task_or_room(self) -> Self:
        if self.task_id is not None and self.room_id is not None:
            raise wrong("TaskId", "names one task; RoomId is for all of a room")
        if self.room_id is None and self.room_id_type is not None:
            raise lacking("RoomId", "RoomIdType is its type.")
        return self


class DestinationInfo(Answered):
    """What was told of a destination; `url` is the caller's own text, `error_code` is of docs/destinations.md.

    `number` tells apart destinations of one task, also of the same URL; `repeated` is 1 when the status is not new.
    """

    number: int
    url: str
    status: int
    state: str
    repeated: int
    error_code: int
    attempt: int
    retry_after: float
    sent_bytes: int
    dropped_frames: int


class AttemptInfo(Answered):
    """One try to deliver a callback. `http_status` is 0 when there was no answer, `error` says why then.

    `order` is the event's own sequence number, or that of a replay.
    """

    order: int
    time_ms: int
    seconds: float
    http_status: int
    error: str


class EventInfo(Answered):
    """One event. `event_type` is that of its callback (spec/04), 0 when it has none.

    `task_id` is empty for what happens in rooms; `user_id` is who it happened to, the robot for a task. `delivery` is
    empty while no callback was tried, else trying, delivered or given up.
    """

    sequence_number: int
    time_ms: int
    event_type: int
    what: str
    reason: str
    task_id: str
    room_id: str
    room_id_type: int
    user_id: str
    epoch: int
    revision: int
    destination: DestinationInfo | None
    delivery: str
    deliveries: tuple[AttemptInfo, ...]


class Response(Answered):
    """The next page begins at `next_sequence_number`; `more` is 1 when there may be some on it already.

    A page may be shorter than the limit, or empty, with `more` 1: only so many events are looked at for one page.
    """

    event_list: tuple[EventInfo, ...]
    next_sequence_number: int
    more: int


@action("DescribePublishCdnStreamEvents", Request)
async def describe_publish_cdn_stream_events(request: Request, caller: Caller, service: Service) -> Response:
    """Read a page of the stream of events. Raises TaskNotFound."""
    app = SdkAppId(request.sdk_app_id)
    if app not in caller.apps:
        raise TaskNotFound("The task does not exist." if request.task_id else "The SdkAppId does not exist.")
    task_id = None if request.task_id is None else TaskId(request.task_id)
    if task_id is not None:
        await service.tasks.find(app, task_id)

    def fits(event: TaskEvent | RoomEvent) -> bool:
        return _in_room(event.room, request) and request.since_ms <= _ms(event.at) < request.until_ms

    page = await service.history.page(
        app,
        task_id,
        start=request.from_sequence_number,
        since=request.since_ms / 1000,
        limit=request.limit,
        fits=fits,
    )
    deliveries = await service.deliveries.of(app, [stored.sequence for stored in page.events])
    return Response(
        event_list=tuple(event_info(stored, deliveries) for stored in page.events),
        next_sequence_number=page.next_sequence,
        more=1 if page.more else 0,
    )


def _in_room(room: Room, request: Request) -> bool:
    numeric = None if request.room_id_type is None else request.room_id_type == 0
    return request.room_id in (None, room.room_id) and numeric in (None, room.numeric)


def event_info(stored: StoredEvent, deliveries: Mapping[int, Delivery]) -> EventInfo:
    """Return what is told of an event; `deliveries` has that of its callback under its number, if there is one."""
    event, delivery = stored.event, deliveries.get(stored.sequence)
    of_task = event if isinstance(event, TaskEvent) else None
    return EventInfo(
        sequence_number=stored.sequence,
        time_ms=_ms(event.at),
        event_type=event.type if isinstance(event, RoomEvent) else _TASK_CALLBACK if event.destination else 0,
        what=event.type.name.lower().replace("_", " ") if isinstance(event, RoomEvent) else event.what,
        reason=of_task.words if of_task else "",
        task_id=of_task.task_id if of_task else "",
        room_id=event.room.room_id,
        room_id_type=0 if event.room.numeric else 1,
        user_id=event.user if isinstance(event, RoomEvent) else event.robot,
        epoch=of_task.epoch if of_task else 0,
        revision=of_task.revision if of_task else 0,
        destination=_destination(of_task.destination) if of_task and of_task.destination else None,
        delivery=delivery.state if delivery else "",
        deliveries=tuple(_attempt(attempt) for attempt in delivery.attempts) if delivery else (),
    )


def _destination(event: DestinationEvent) -> DestinationInfo:
    return DestinationInfo(
        number=event.number,
        url=event.url.reveal(),
        status=event.status,
        state=event.status.name.lower(),
        repeated=1 if event.repeated else 0,
        error_code=event.error_code,
        attempt=event.attempt,
        retry_after=event.retry_after,
        sent_bytes=event.sent_bytes,
        dropped_frames=event.dropped_frames,
    )


def _attempt(attempt: Attempt) -> AttemptInfo:
    return AttemptInfo(
        order=attempt.order,
        time_ms=_ms(attempt.at),
        seconds=round(attempt.seconds, 3),
        http_status=attempt.status,
        error=attempt.error,
    )


def _ms(unix: float) -> int:
    return round(unix * 1000)
