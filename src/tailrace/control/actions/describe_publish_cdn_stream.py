"""DescribePublishCdnStream: how tasks are. Tailrace's own extension, the cloud has no such action (docs/api.md)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.action import Service, action
from tailrace.control.caller import Caller
from tailrace.control.params.who import AppNumber, RoomName
from tailrace.control.params.wire import Answered, Flag, TaskIdText, Wire, one_of, wrong
from tailrace.errors import TaskNotFound
from tailrace.ids import SdkAppId, StreamType, TaskId
from tailrace.model.mix import Mix
from tailrace.model.plan import Destination
from tailrace.model.task import DestinationReport, FeedbackReport, OutputReport, TaskRecord, TaskState, WindowReport

MAX_LIMIT = 100


class Request(Wire):
    """One task by its TaskId, or a page of those that fit the filters, the newest first."""

    sdk_app_id: AppNumber
    task_id: TaskIdText | None = None
    room_id: RoomName | None = None
    room_id_type: Flag | None = None
    state: Annotated[str, one_of(*(str(state) for state in TaskState))] | None = None
    offset: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20

    @model_validator(mode="after")
    def _one_or_a_list(self) -> Self:
        if self.task_id is not None and (self.room_id, self.room_id_type, self.state) != (None, None, None):
            raise wrong("TaskId", "names one task; filters are for a list")
        return self


class DestinationInfo(Answered):
    """One destination, in the order of the start request. `url` is the caller's own text; times are Unix seconds.

    `status` is the number that callbacks carry (spec/04 section 4.1), `state` says it in words. `error_code` is of
    docs/destinations.md; `next_attempt` is when the try `attempt` comes, 0 when it goes on or none is to come.
    """

    url: str
    is_tencent_cdn: int
    status: int
    state: str
    reason: str
    since: float
    bit_rate: int
    video_frames: int
    audio_frames: int
    sent_bytes: int
    dropped_frames: int
    connects: int
    error_code: int
    attempt: int
    next_attempt: float
    dropped_seconds: float


class EncodingInfo(Answered):
    """A mix's picture as VideoEncode has it; its sizes are even. `bit_rate` in kbps, `gop` in seconds."""

    width: int
    height: int
    fps: int
    bit_rate: int
    gop: int


class WindowInfo(Answered):
    """One window of a mixed picture as it is now, in pixels of the canvas; `user_id` is empty while nobody is in it.

    `live` is 1 while the user's own picture is shown, 0 for a placeholder or the background.
    """

    user_id: str
    room_id: str
    stream_type: int
    location_x: int
    location_y: int
    width: int
    height: int
    z_order: int
    live: int


class FeedBackRoomInfo(Answered):
    """One room that the output is fed back into, in the order of the request; `status` and `state` as of destinations.

    It is `running` once something has been sent there, since the Unix time `since`.
    """

    room_id: str
    room_id_type: int
    user_id: str
    status: int
    state: str
    since: float
    video_frames: int
    audio_frames: int


class TaskInfo(Answered):
    """One task. Times are Unix seconds; `epoch` counts how often it was taken over.

    `revision` counts its updates, `sequence_number` is the last one's, None before the first. `visible_revision` is
    what the output shows, since `visible_since`: -1 and 0 before anything was shown. `video` is 1 when the output
    has a picture, `video_encode` is None where none is mixed.
    """

    task_id: str
    room_id: str
    room_id_type: int
    user_id: str
    with_transcoding: int
    robot_user_id: str
    state: str
    reason: str
    created_time: float
    state_since: float
    worker: str
    epoch: int
    sequence_number: int | None
    revision: int
    visible_revision: int
    visible_since: float
    notes: tuple[str, ...]
    video: int
    video_encode: EncodingInfo | None
    windows: tuple[WindowInfo, ...]
    destinations: tuple[DestinationInfo, ...]
    feed_back_rooms: tuple[FeedBackRoomInfo, ...]


class Response(Answered):
    """`total_count` is of all that fit, the list of the page asked for."""

    total_count: int
    task_list: tuple[TaskInfo, ...]


@action("DescribePublishCdnStream", Request)
async def describe_publish_cdn_stream(request: Request, caller: Caller, service: Service) -> Response:
    """Ask the children for what changes all the time; without them, tell what was stored last. Raises TaskNotFound."""
    app = SdkAppId(request.sdk_app_id)
    if app not in caller.apps:
        raise TaskNotFound("The task does not exist." if request.task_id else "The SdkAppId does not exist.")
    if request.task_id is not None:
        found = [await service.tasks.find(app, TaskId(request.task_id))]
    else:
        found = [record for record in service.tasks.newest(app) if _fits(record, request)]
    page = found[request.offset : request.offset + request.limit] if request.task_id is None else found
    return Response(
        total_count=len(found),
        task_list=tuple(
            task_info(task.record, task.output, service.tasks.why(task.record))
            for task in await service.tasks.inspect(page)
        ),
    )


def _fits(record: TaskRecord, request: Request) -> bool:
    numeric = None if request.room_id_type is None else request.room_id_type == 0
    return (
        request.room_id in (None, record.plan.room.room_id)
        and numeric in (None, record.plan.room.numeric)
        and request.state in (None, record.state)
    )


def task_info(record: TaskRecord, output: OutputReport, reason: str) -> TaskInfo:
    """Return what is told of a task; `output` has a report for each destination of its plan."""
    plan = record.plan
    return TaskInfo(
        task_id=record.task_id,
        room_id=plan.room.room_id,
        room_id_type=0 if plan.room.numeric else 1,
        user_id=plan.source.user if plan.source is not None and plan.mix is None else "",
        with_transcoding=0 if plan.mix is None else 1,
        robot_user_id=plan.robot,
        state=record.state,
        reason=reason,
        created_time=record.created_at,
        state_since=record.state_since,
        worker=record.worker,
        epoch=record.epoch,
        sequence_number=None if record.sequence < 0 else record.sequence,
        revision=record.revision,
        visible_revision=output.revision,
        visible_since=output.since,
        notes=output.notes,
        video=1 if plan.video else 0,
        video_encode=_encoding(plan.mix),
        windows=tuple(_window(window) for window in output.windows),
        destinations=tuple(
            _destination(destination, report)
            for destination, report in zip(plan.destinations, output.destinations, strict=True)
        ),
        feed_back_rooms=tuple(_room(report) for report in output.feedback),
    )


def _encoding(mix: Mix | None) -> EncodingInfo | None:
    if mix is None or mix.scene is None:
        return None
    encoding = mix.scene.encoding
    return EncodingInfo(
        width=encoding.width,
        height=encoding.height,
        fps=encoding.fps,
        bit_rate=encoding.bitrate_kbps,
        gop=encoding.gop,
    )


def _window(window: WindowReport) -> WindowInfo:
    return WindowInfo(
        user_id=window.user,
        room_id=window.room_id,
        stream_type=1 if window.stream == StreamType.AUX else 0,
        location_x=window.x,
        location_y=window.y,
        width=window.width,
        height=window.height,
        z_order=window.layer,
        live=1 if window.live else 0,
    )


def _room(report: FeedbackReport) -> FeedBackRoomInfo:
    room = report.target.room
    return FeedBackRoomInfo(
        room_id=room.room_id,
        room_id_type=0 if room.numeric else 1,
        user_id=report.target.user,
        status=report.status,
        state=report.status.name.lower(),
        since=report.since,
        video_frames=report.video_frames,
        audio_frames=report.audio_frames,
    )


def _destination(destination: Destination, report: DestinationReport) -> DestinationInfo:
    return DestinationInfo(
        url=destination.url.reveal(),
        is_tencent_cdn=1 if destination.tencent else 0,
        status=report.status,
        state=report.status.name.lower(),
        reason=report.reason,
        since=report.since,
        bit_rate=round(report.bitrate_kbps),
        video_frames=report.video_frames,
        audio_frames=report.audio_frames,
        sent_bytes=report.sent_bytes,
        dropped_frames=report.dropped_frames,
        connects=report.connects,
        error_code=report.error_code,
        attempt=report.attempt,
        next_attempt=report.retry_at,
        dropped_seconds=report.dropped_seconds,
    )
