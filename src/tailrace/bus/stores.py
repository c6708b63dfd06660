"""Stores: the streams and buckets of design section 3, and how they are brought about."""

from nats.js import JetStreamContext, api
from nats.js.errors import BadRequestError

from tailrace.bus.subjects import (
    DELIVERIES,
    EVENTS,
    QUEUE,
    REGISTERS,
    ROOMS,
    TASKS,
    WORKERS,
    changed,
    stored,
    stream_of,
)

# Callbacks are repeated for hours and usage is asked for by the day; a week leaves room for a long weekend.
EVENTS_AGE = 7 * 24 * 3600.0
# An event that is told again later than this is stored twice. It is told again after an answer that did not come, or by
# who goes on with a task: within seconds. nats-server keeps the names of this time in memory, 100 bytes each.
EVENTS_ONCE = 600.0
# Leases of one cluster at a time: a thousand workers at their default limit of a hundred tasks.
MAX_LEASES = 100_000
_NAME_IN_USE = 10058


async def prepare(js: JetStreamContext, presence_ttl: float, ack_wait: float) -> None:
    """Create what is missing and adapt what differs. Raises nats errors."""
    for config in _streams(presence_ttl):
        try:
            await js.add_stream(config)
        except BadRequestError as error:
            if error.err_code != _NAME_IN_USE:
                raise
            await js.update_stream(config)
    # Creates the consumer, or changes its ack_wait.
    await js.add_consumer(
        QUEUE,
        api.ConsumerConfig(
            durable_name=WORKERS,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=-1,
            max_ack_pending=MAX_LEASES,
        ),
    )


def _streams(presence_ttl: float) -> tuple[api.StreamConfig, ...]:
    return (
        _bucket(ROOMS, api.StorageType.MEMORY, presence_ttl),
        _bucket(REGISTERS, api.StorageType.FILE, None),
        _bucket(TASKS, api.StorageType.FILE, None),
        # As long as the events that they belong to.
        _bucket(DELIVERIES, api.StorageType.FILE, EVENTS_AGE),
        api.StreamConfig(
            name=QUEUE,
            subjects=[f"{QUEUE}.*.*"],
            storage=api.StorageType.FILE,
            retention=api.RetentionPolicy.WORK_QUEUE,
            # One message per task, however often it is put.
            discard=api.DiscardPolicy.NEW,
            max_msgs_per_subject=1,
            discard_new_per_subject=True,
        ),
        api.StreamConfig(
            name=EVENTS,
            subjects=[f"{EVENTS}.>"],
            storage=api.StorageType.FILE,
            max_age=EVENTS_AGE,
            duplicate_window=EVENTS_ONCE,
            # Read in batches without a consumer that would have to be cleared away.
            allow_direct=True,
        ),
    )


def _bucket(name: str, storage: api.StorageType, ttl: float | None) -> api.StreamConfig:
    # A key-value bucket in the terms of NATS ADR-8, so that the `nats kv` tool can look into it. In addition the server
    # repeats each change once it is stored: a plain subscription then sees changes with their revision, needs no
    # consumer on the server, and outlives the server's restart.
    return api.StreamConfig(
        name=stream_of(name),
        subjects=[stored(name, ">")],
        storage=storage,
        max_age=ttl,
        max_msgs_per_subject=1,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
        allow_direct=True,
        deny_delete=True,
        discard=api.DiscardPolicy.NEW,
        republish=api.RePublish(src=stored(name, ">"), dest=changed(name, ">")),
    )
