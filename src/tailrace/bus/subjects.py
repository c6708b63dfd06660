"""Subjects: the names on the bus (design section 3). Every id is quoted, so that none can hold a dot or a wildcard."""

from tailrace.ids import Kind, Output, Room, SdkAppId, Source, TaskId, UserId, quote, unquote
from tailrace.model.presence import Role

ROOMS = "rooms"
REGISTERS = "registers"
TASKS = "tasks"
QUEUE = "queue"
EVENTS = "events"
DELIVERIES = "deliveries"
# The one durable consumer of the queue, shared by all workers.
WORKERS = "workers"
# What stands in the place of `task` and `room` in the subject of a wish for a replay.
REPLAY = "replay"


def media(stream: Source, kind: Kind) -> str:
    """Return where the units of one track go."""
    return f"media.{stream.token}.{kind}"


def media_of(stream: Source) -> str:
    """Return the pattern of both tracks of a stream."""
    return f"media.{stream.token}.*"


def keyframe(stream: Source) -> str:
    """Return where a start of the stream is asked for."""
    return f"keyframe.{stream.token}"


def watched(output: Output) -> str:
    """Return where those who watch a task's output say so."""
    return f"watched.{output.token}"


def task(task_id: TaskId) -> str:
    """Return where the child that runs a task is asked."""
    return f"task.{quote(task_id)}"


def alive(role: str) -> str:
    """Return where processes of a role say that they serve."""
    return f"alive.{role}"


def room_left(worker: str) -> str:
    """Return where a worker says what room it has left; `*` for all workers."""
    return f"crew.{worker if worker == '*' else quote(worker)}"


def drain(worker: str) -> str:
    """Return where a worker is asked to hand its tasks over."""
    return f"drain.{quote(worker)}"


def queued(app: SdkAppId, task_id: TaskId) -> str:
    """Return the subject of a task's message in the queue."""
    return f"{QUEUE}.{app}.{quote(task_id)}"


def from_queued(subject: str) -> tuple[SdkAppId, TaskId]:
    """Reverse `queued`."""
    _, app, task_id = subject.split(".")
    return SdkAppId(int(app)), TaskId(unquote(task_id))


def task_event(app: SdkAppId, task_id: TaskId) -> str:
    """Return the subject of the events of a task."""
    return f"{EVENTS}.task.{app}.{quote(task_id)}"


def room_event(room: Room) -> str:
    """Return the subject of the events of a room."""
    return f"{EVENTS}.room.{room.token}"


def replay(app: SdkAppId, sequence: int) -> str:
    """Return the subject of the wish to have the callback of an event sent again."""
    return f"{EVENTS}.{REPLAY}.{app}.{sequence}"


def callbacks(app: SdkAppId) -> str:
    """Return the name of the durable consumer of `events_of(app)`, shared by all control processes."""
    return f"callbacks-{app}"


def delivery_key(app: SdkAppId, sequence: int) -> str:
    """Return the key of what became of the callback of an event."""
    return f"{app}.{sequence}"


def events_of(app: SdkAppId) -> str:
    """Return the pattern of an app's events of rooms and tasks, and of the wishes to replay them."""
    return f"{EVENTS}.*.{app}.*"


def task_key(app: SdkAppId, task_id: TaskId) -> str:
    """Return the key of a task's record."""
    return f"{app}.{quote(task_id)}"


def tasks_of(app: SdkAppId | None) -> str:
    """Return the pattern of the keys of an app's tasks, or of all."""
    return f"{app}.*" if app is not None else "*.*"


def presence_key(room: Room, user: UserId, role: Role) -> str:
    """Return the key of one member's entry."""
    return f"{room.token}.{quote(user)}.{role}"


def presences_of(app: SdkAppId | None, room: Room | None, user: UserId | None) -> str:
    """Return the pattern of the keys of some members; what is None may be anything."""
    place = room.token if room else f"{app if app is not None else '*'}.*"
    return f"{place}.{quote(user) if user is not None else '*'}.*"


def stream_of(bucket: str) -> str:
    """Return the name of the stream that holds a bucket (NATS ADR-8)."""
    return f"KV_{bucket}"


def stored(bucket: str, key: str) -> str:
    """Return the subject under which a bucket's key is stored (NATS ADR-8)."""
    return f"$KV.{bucket}.{key}"


def changed(bucket: str, key: str) -> str:
    """Return the subject on which the server repeats a change of a key once it is stored."""
    return f"changed.{bucket}.{key}"
