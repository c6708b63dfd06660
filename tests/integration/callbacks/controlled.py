"""A control server in the test's own event loop, and events to call back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tailrace.bus.connection import Bus, connect
from tailrace.clock import SystemClock
from tailrace.config import Account, App, Config, Listen
from tailrace.control.app import serve
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import CallbackUrl, PushUrl, Secret
from tailrace.supervise import start

KEY = Secret("123654")
ACCOUNT = Account(app_id=1250000000, secret_id="AKIDowner", secret_key=Secret("the-key-of-the-account"))


def wants(app: SdkAppId, url: str, key: Secret = KEY) -> App:
    """Return an app whose callbacks go to `url`."""
    return App(
        sdk_app_id=app, account=ACCOUNT.app_id, key=Secret("key"), callback_url=CallbackUrl(url), callback_key=key
    )


@asynccontextmanager
async def control(nats_url: Secret, *apps: App) -> AsyncIterator[Bus]:
    """Run a control server, and give a connection to its bus."""
    config = Config(listen=Listen(http=0), account=(ACCOUNT,), app=apps)
    ready, stopped = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        start(group, serve(config, nats_url, lambda _: ready.set(), stopped, SystemClock()), "control")
        await ready.wait()
        bus = await connect(nats_url, "test")
        try:
            yield bus
        finally:
            await bus.close()
            stopped.set()


def told(app: SdkAppId, task: str, status: DestinationStatus = DestinationStatus.RUNNING, **more: object) -> TaskEvent:
    """Return an event of a task's only destination."""
    room = Room(app, "studio", numeric=False)
    destination = DestinationEvent(0, PushUrl("rtmp://cdn.example.org/live/key"), status)
    return TaskEvent(time.time(), What.DESTINATION, TaskId(task), room, UserId("relay_1"), destination=destination)
