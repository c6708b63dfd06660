"""A control server in the test's own event loop, and events to call back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tailrace.bus.connection import Bus, connect
from tailrace.cli import sample
from tailrace.clock import SystemClock
from tailrace.config import Account, App, Config, Limits, Listen
from tailrace.control.app import serve
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.secret import CallbackUrl, PushUrl, Secret
from tailrace.supervise import start
from tailrace.wire.cloud.client import Credentials, signed_post
from tests.harness.served import Served

KEY = Secret("123654")
REGION = "ap-singapore"
ACCOUNT = Account(app_id=1250000000, secret_id="AKIDowner", secret_key=Secret("the-key-of-the-account"))


def wants(app: SdkAppId, url: str, key: Secret = KEY) -> App:
    """Return an app whose callbacks go to `url`."""
    return App(
        sdk_app_id=app, account=ACCOUNT.app_id, key=Secret("key"), callback_url=CallbackUrl(url), callback_key=key
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A running control server: its address, and a connection to its bus."""

    url: str
    bus: Bus

    async def call(self, app: SdkAppId, **parameters: Any) -> dict[str, Any]:
        """ReplayPublishCdnStreamEvents; return the Response."""
        credentials = Credentials(ACCOUNT.secret_id, ACCOUNT.secret_key)
        host = self.url.removeprefix("http://")
        asked = {"SdkAppId": app, **parameters}
        headers, body = signed_post(credentials, host, "ReplayPublishCdnStreamEvents", asked, int(time.time()), REGION)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.url, headers=headers, content=body)
        response: dict[str, Any] = answer.json()["Response"]
        return response


@asynccontextmanager
async def control(nats_url: Secret, *apps: App) -> AsyncIterator[Server]:
    """Run a control server."""
    config = Config(listen=Listen(http=0), limits=Limits(requests_per_second=0), account=(ACCOUNT,), app=apps)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stopped = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        start(
            group,
            serve(config, nats_url, lambda names: ready.set_result(names["http"]), stopped, SystemClock()),
            "control",
        )
        url = await ready
        bus = await connect(nats_url, "test")
        try:
            yield Server(url, bus)
        finally:
            await bus.close()
            stopped.set()


def served_with(folder: Path, url: str) -> Served:
    """Return a whole server, to be started, whose callbacks go to `url`."""
    served = Served(folder)
    served.data.mkdir()
    text = sample.text().replace('callback_url = ""', f'callback_url = "{url}"')
    (served.data / "tailrace.toml").write_text(text)
    return served


def told(app: SdkAppId, task: str, status: DestinationStatus = DestinationStatus.RUNNING, words: str = "") -> TaskEvent:
    """Return an event of a task's only destination; one with words is of an error."""
    room = Room(app, "studio", numeric=False)
    destination = DestinationEvent(0, PushUrl("rtmp://cdn.example.org/live/key"), status, error_code=7 if words else 0)
    return TaskEvent(
        time.time(), What.DESTINATION, TaskId(task), room, UserId("relay_1"), words, destination=destination
    )
