"""Callbacks from the stream of events to receivers on real sockets: what arrives, in which order, and for whom."""

import asyncio
import base64
import hmac
import time
from collections.abc import Coroutine
from typing import Any

from tailrace.bus.deliveries import Deliveries
from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.events import Events
from tailrace.config import App
from tailrace.control.callbacks.round import MOST
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.delivery import DeliveryState
from tailrace.model.room_event import RoomEvent, RoomEventType
from tailrace.model.task import DestinationStatus
from tailrace.secret import Secret
from tests.fakes.receiver import FakeReceiver, Received, closes, hangs, says, takes
from tests.integration.callbacks.controlled import KEY, control, told, wants

PATIENT = 40.0
STATES = [DestinationStatus.CONNECTING, DestinationStatus.RUNNING, DestinationStatus.DISCONNECTING]


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, PATIENT))


def unsigned(app: SdkAppId, url: str) -> App:
    return wants(app, url, key=Secret(""))


def statuses(got: list[Received], task: str) -> list[int]:
    infos = [received.json["EventInfo"] for received in got]
    return [info["Payload"]["Status"] for info in infos if info["TaskId"] == task]


def test_a_signed_callback_of_a_destination_arrives(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url("/in?x=1"))) as server:
            event = told(app, "task-1")
            await Events(server.bus).of_task(event)
            (got,) = await receiver.until(1)

        at = round(event.at * 1000)
        assert got.path == "/in?x=1"
        assert got.headers["content-type"] == "application/json"
        assert got.headers["sdkappid"] == str(app)
        assert got.headers["sign"] == base64.b64encode(hmac.digest(KEY.reveal().encode(), got.body, "sha256")).decode()
        sent = got.json
        assert abs(sent.pop("CallbackTs") - time.time() * 1000) < 10_000
        assert sent == {
            "EventGroupId": 4,
            "EventType": 401,
            "EventInfo": {
                "RoomId": "studio",
                "RoomType": 1,
                "EventMsTs": at,
                "EventTsMs": at,
                "UserId": "relay_1",
                "TaskId": "task-1",
                "Payload": {
                    "Url": "rtmp://cdn.example.org/live/key",
                    "Status": 2,
                    "ErrorCode": 0,
                    "ErrorMsg": "",
                },
            },
        }

    run(scenario())


def test_events_of_rooms_arrive_unsigned_without_a_key(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, unsigned(app, receiver.url())) as server:
            room = Room(app, "4711", numeric=True)
            await Events(server.bus).of_room(RoomEvent(time.time(), RoomEventType.START_VIDEO, room, UserId("anna")))
            (got,) = await receiver.until(1)

        assert "sign" not in got.headers
        sent = got.json
        assert (sent["EventGroupId"], sent["EventType"]) == (2, 201)
        assert sent["EventInfo"]["RoomId"] == 4711

    run(scenario())


def test_a_task_that_has_to_be_tried_again_keeps_its_order_and_delays_no_other(
    bus_server: EmbeddedServer, app: SdkAppId
) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url())) as server:
            failures = [says("500 Oops"), closes]
            receiver.choose = lambda got: failures.pop() if "stubborn" in str(got.json) and failures else takes
            for status in STATES:
                await Events(server.bus).of_task(told(app, "stubborn", status))
                await Events(server.bus).of_task(told(app, "other", status))
            got = list(await receiver.until(2 + len(STATES) + 1))

            assert statuses(got, "other") == STATES
            assert set(statuses(got, "stubborn")) == {DestinationStatus.CONNECTING}
            # The third try comes after 10 s.
            got = await receiver.until(2 + 2 * len(STATES))

        assert statuses(got, "stubborn") == [STATES[0], STATES[0], *STATES]
        tries = [received for received in got if "stubborn" in str(received.json)][:3]
        assert len({received.body for received in tries}) == 1
        assert tries[1].at - tries[0].at < 5
        assert 9 < tries[2].at - tries[1].at < 15

    run(scenario())


def test_a_receiver_that_hangs_does_not_delay_another_apps_callbacks(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    other = SdkAppId(app + 500_000_000)

    async def scenario() -> None:
        async with (
            FakeReceiver(hangs) as dead,
            FakeReceiver() as alive,
            control(bus_server.url, wants(app, dead.url()), wants(other, alive.url())) as server,
        ):
            # More than one process takes in hand for one app.
            for number in range(MOST + 50):
                await Events(server.bus).of_task(told(app, f"task-{number}"))
            await dead.until(1)
            began = time.monotonic()
            await Events(server.bus).of_task(told(other, "task"))
            (got,) = await alive.until(1)

        assert got.at - began < 2

    run(scenario())


def test_each_try_is_kept_and_can_be_read(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with (
            FakeReceiver(says("503 Busy"), takes) as receiver,
            control(bus_server.url, wants(app, receiver.url())) as server,
        ):
            sequence = await Events(server.bus).of_task(told(app, "task"))
            await receiver.until(2)
            deliveries = Deliveries(server.bus)
            known = await deliveries.of(app, range(1, 1000))
            while known[sequence].state is DeliveryState.TRYING:
                known = await deliveries.of(app, range(1, 1000))

        assert list(known) == [sequence]
        assert [(attempt.order, attempt.status) for attempt in known[sequence].attempts] == [
            (sequence, 503),
            (sequence, 200),
        ]

    run(scenario())


def test_an_app_without_a_receiver_has_nothing_waiting_for_it(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver:
            wanting = wants(app, receiver.url())
            async with control(bus_server.url, wanting):
                pass
            async with control(bus_server.url, wants(app, "")) as server:
                await Events(server.bus).of_task(told(app, "in between"))
            async with control(bus_server.url, wanting) as server:
                await Events(server.bus).of_task(told(app, "afterwards"))
                (got,) = await receiver.until(1)

        assert got.json["EventInfo"]["TaskId"] == "afterwards"

    run(scenario())
