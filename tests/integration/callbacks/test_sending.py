"""Callbacks from the stream of events to a receiver on a real socket."""

import asyncio
import base64
import hmac
import time

from tailrace.bus.embedded import EmbeddedServer
from tailrace.bus.events import Events
from tailrace.ids import SdkAppId
from tests.fakes.receiver import FakeReceiver
from tests.integration.callbacks.controlled import KEY, control, told, wants

PATIENT = 20.0


def test_a_signed_callback_of_a_destination_arrives(bus_server: EmbeddedServer, app: SdkAppId) -> None:
    async def scenario() -> None:
        async with FakeReceiver() as receiver, control(bus_server.url, wants(app, receiver.url("/in?x=1"))) as bus:
            event = told(app, "task-1")
            await Events(bus).of_task(event)
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

    asyncio.run(asyncio.wait_for(scenario(), PATIENT))
