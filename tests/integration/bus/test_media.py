"""Media on a real nats-server."""

import asyncio
import time

import pytest

from tailrace.bus.connection import Bus
from tailrace.bus.embedded import MAX_PAYLOAD_BYTES
from tailrace.bus.media import MAX_PENDING_UNITS, Publisher, subscribe
from tailrace.bus.outbox import MAX_WAITING_BYTES, sending
from tailrace.bus.starts import request_start, serve_starts
from tailrace.errors import BusError
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.unit import MAX_UNIT_BYTES, Codec, Unit
from tests.integration.bus.conftest import Run


def a_stream(app: SdkAppId, type_: StreamType = StreamType.MAIN) -> Stream:
    return Stream(Room(app, "1", numeric=True), UserId("alice@home"), type_)


def a_unit(number: int, codec: Codec = Codec.H264, payload: bytes = b"picture") -> Unit:
    return Unit(codec, 7, number, number * 40_000, number * 40_000, number == 0, b"set-up", payload)


def test_units_of_both_tracks_arrive_whole_and_in_order(run: Run, app: SdkAppId) -> None:
    sent = [a_unit(number // 2, Codec.H264 if number % 2 else Codec.AAC) for number in range(40)]

    async def scenario(bus: Bus) -> None:
        units: list[Unit] = []
        complete = asyncio.Event()

        async def take(unit: Unit) -> None:
            units.append(unit)
            if len(units) == len(sent):
                complete.set()

        subscription = await subscribe(bus, a_stream(app), take)
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, a_stream(app))
            for unit in sent:
                publisher.publish(unit)
            Publisher(outbox, a_stream(app, StreamType.AUX)).publish(a_unit(99))
            await complete.wait()
        await subscription.close()
        assert units == sent
        assert (publisher.dropped, subscription.dropped) == (0, 0)

    run(scenario)


def test_a_unit_over_the_limit_is_refused_and_one_at_the_limit_arrives(run: Run, app: SdkAppId) -> None:
    header = len(a_unit(0, payload=b"").encode())

    async def scenario(bus: Bus) -> None:
        arrived: asyncio.Future[Unit] = asyncio.get_running_loop().create_future()

        async def take(unit: Unit) -> None:
            arrived.set_result(unit)

        subscription = await subscribe(bus, a_stream(app), take)
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, a_stream(app))
            with pytest.raises(ValueError, match="over the limit"):
                publisher.publish(a_unit(0, payload=bytes(MAX_UNIT_BYTES - header + 1)))
            publisher.publish(a_unit(0, payload=bytes(MAX_UNIT_BYTES - header)))
            assert len((await arrived).payload) == MAX_UNIT_BYTES - header
        await subscription.close()

    run(scenario)


def test_what_waits_for_others_is_sent_before_the_outbox_ends(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        units: asyncio.Queue[Unit] = asyncio.Queue()
        subscription = await subscribe(bus, a_stream(app), units.put)
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, a_stream(app))
            publisher.publish(a_unit(0))
            assert (await units.get()).sequence == 0
            for number in (1, 2, 3):  # within the time in which messages wait for each other
                publisher.publish(a_unit(number))
        assert [(await units.get()).sequence for _ in range(3)] == [1, 2, 3]
        await subscription.close()

    run(scenario)


def test_units_beyond_what_may_wait_are_dropped_and_counted(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, a_stream(app))
            for number in range(10):
                publisher.publish(a_unit(number, payload=bytes(MAX_WAITING_BYTES // 4)))
            assert publisher.dropped == 10 - 3  # with their headers, a fourth does not fit

    run(scenario)


def test_a_subscriber_that_is_too_slow_loses_units_and_knows_how_many(run: Run, app: SdkAppId) -> None:
    count = 10 * MAX_PENDING_UNITS

    async def scenario(bus: Bus) -> None:
        units: list[Unit] = []

        async def take(unit: Unit) -> None:
            if not units:
                time.sleep(0.5)  # noqa: ASYNC251 - blocks the loop, as a subscriber must not
            units.append(unit)

        subscription = await subscribe(bus, a_stream(app), take)
        async with sending(bus) as outbox:
            publisher = Publisher(outbox, a_stream(app))
            for number in range(count):
                publisher.publish(a_unit(number))
        while len(units) + subscription.dropped < count:
            await bus.alive()
        await subscription.close()
        assert subscription.dropped > 0
        assert units[0].sequence == 0

    run(scenario)


def test_a_start_larger_than_a_message_arrives_whole(run: Run, app: SdkAppId) -> None:
    start = [a_unit(number, payload=bytes([number]) * 1_000_000) for number in range(12)]
    assert sum(len(unit.payload) for unit in start) > MAX_PAYLOAD_BYTES

    async def scenario(bus: Bus) -> None:
        service = await serve_starts(bus, a_stream(app), lambda: start)
        assert await request_start(bus, a_stream(app), 5) == start
        await service.close()

    run(scenario)


def test_a_publisher_without_a_key_frame_yet_gives_an_empty_start(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        service = await serve_starts(bus, a_stream(app), list)
        assert await request_start(bus, a_stream(app), 5) == []
        await service.close()

    run(scenario)


def test_a_start_of_a_stream_that_nobody_publishes_is_empty_at_once(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        begun = time.monotonic()
        assert await request_start(bus, a_stream(app), 20) == []
        service = await serve_starts(bus, a_stream(app), lambda: [a_unit(0)])
        await service.close()
        await service.close()
        assert await request_start(bus, a_stream(app), 20) == []
        assert time.monotonic() - begun < 1

    run(scenario)


def test_a_start_that_never_ends_is_an_error_when_time_is_up(run: Run, app: SdkAppId) -> None:
    stream = a_stream(app)

    async def scenario(bus: Bus) -> None:
        await bus.nc.subscribe(f"keyframe.{stream.token}")  # takes requests and never answers
        with pytest.raises(BusError):
            await request_start(bus, stream, 0.1)

    run(scenario)


def test_a_start_that_is_too_large_is_an_error_and_not_kept(run: Run, app: SdkAppId) -> None:
    async def scenario(bus: Bus) -> None:
        unit = a_unit(0, payload=bytes(MAX_UNIT_BYTES // 2))
        service = await serve_starts(bus, a_stream(app), lambda: [unit] * 20)
        with pytest.raises(BusError, match="too large"):
            await request_start(bus, a_stream(app), 20)
        await service.close()

    run(scenario)
