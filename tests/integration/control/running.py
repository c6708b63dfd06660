"""A control process's server in a thread of its own, and clients for it: the official SDK, and plain HTTP."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import httpx
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722.trtc_client import TrtcClient

from tailrace.bus import calls
from tailrace.bus.connection import Bus, connect
from tailrace.clock import Clock, SystemClock
from tailrace.config import Account, App, Config, Key, Limits, Listen
from tailrace.control.app import serve
from tailrace.secret import Secret

APP, OTHER_APP, FOREIGN_APP = 1400000001, 1400000002, 1400000009
KEY = Secret("the-key-of-the-account")
APP_KEY = Secret("the-key-of-the-app")
REGION = "ap-guangzhou"
VERSION = "2019-07-22"
START_WITHIN = 20.0


def key(secret_id: str, **policy: Any) -> Key:
    """A key of an account that may do what `policy` says."""
    return Key(secret_id=secret_id, secret_key=KEY, **policy)


def account(app_id: int, secret_id: str, **settings: Any) -> Account:
    """An account with one key."""
    return Account(app_id=app_id, secret_id=secret_id, secret_key=KEY, **settings)


CONFIG = Config(
    listen=Listen(http=0),
    account=(
        account(1250000000, "AKIDowner", second_key=key("AKIDstop", actions=("trtc:Stop*",), sdk_app_ids=(APP,))),
        account(1250000001, "AKIDunverified", verified=False),
        account(1250000002, "AKIDnotrtc", services=("cvm",)),
        account(1250000003, "AKIDstranger", second_key=key("AKIDnotc3", signatures=("HmacSHA256",))),
    ),
    app=(
        App(sdk_app_id=APP, account=1250000000, key=APP_KEY),
        App(sdk_app_id=OTHER_APP, account=1250000000, key=APP_KEY),
        App(sdk_app_id=FOREIGN_APP, account=1250000003, key=APP_KEY),
    ),
    limits=Limits(requests_per_second=0),
)


class ShiftedClock(SystemClock):
    """A clock that is `by` seconds ahead."""

    def __init__(self, by: float) -> None:
        self._by = by

    def unix(self) -> float:
        """Return a wrong time of day."""
        return super().unix() + self._by


@dataclass(frozen=True)
class Control:
    """A running server: `address` is host:port."""

    address: str
    nats_url: Secret

    def client(
        self, secret_id: str = "AKIDowner", region: str = REGION, signature: str = "TC3-HMAC-SHA256", **profile: Any
    ) -> TrtcClient:
        """The official SDK's client; `profile` are HttpProfile's settings, such as reqMethod."""
        http = HttpProfile(protocol="http", endpoint=self.address, **profile)
        settings = ClientProfile(signMethod=signature, httpProfile=http, language="en-US")
        return TrtcClient(Credential(secret_id, KEY.reveal()), region, settings)

    def get(self, path: str) -> httpx.Response:
        """Get one of the paths for operators."""
        return httpx.get(f"http://{self.address}{path}", timeout=10)

    def post(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Post a body to the API."""
        return httpx.post(f"http://{self.address}/", content=body, headers=dict(headers), timeout=30)


@contextmanager
def control(nats_url: Secret, config: Config = CONFIG, clock: Clock | None = None) -> Iterator[Control]:
    """Run a control process's server until the end of the block."""
    addresses: SimpleQueue[str | BaseException] = SimpleQueue()
    stoppers: list[Callable[[], object]] = []

    async def work() -> None:
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        stoppers.append(lambda: loop.call_soon_threadsafe(stopped.set))
        await serve(
            config,
            nats_url,
            lambda names: addresses.put(names["http"].removeprefix("http://")),
            stopped,
            clock or SystemClock(),
        )

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            addresses.put(error)
            raise

    thread = threading.Thread(target=run, name="control")
    thread.start()
    try:
        address = addresses.get(timeout=START_WITHIN)
        if isinstance(address, BaseException):
            raise address
        yield Control(address, nats_url)
    finally:
        for stop in stoppers:
            stop()
        thread.join(START_WITHIN)
        assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again and again, until it is so or START_WITHIN is over."""
    deadline = time.monotonic() + START_WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def on_the_bus(nats_url: Secret, work: Callable[[Bus], Any]) -> Any:
    """Run the coroutine function `work` with a connection to the bus, and return what it returns."""

    async def main() -> Any:
        bus = await connect(nats_url, "test")
        try:
            return await work(bus)
        finally:
            await bus.close()

    return asyncio.run(main())


@contextmanager
def child(nats_url: Secret, task_id: str, answers: Mapping[str, Any]) -> Iterator[list[str]]:
    """Stand in for the child that runs a task: it gives `answers[do]`, and the list has what it was asked.

    It has the misbehaviour of not answering what `answers` does not have.
    """
    asked: list[str] = []
    serving, ended = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def handle(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["do"])
        if request["do"] not in answers:
            await ended.wait()
        return dict(answers.get(request["do"], {}))

    async def work(bus: Bus) -> None:
        loops.append(asyncio.get_running_loop())
        service = await calls.serve(bus, task_id, handle)  # type: ignore[arg-type]
        serving.set()
        await ended.wait()
        await service.close()

    thread = threading.Thread(target=on_the_bus, args=(nats_url, work), name="child")
    thread.start()
    try:
        assert serving.wait(START_WITHIN)
        yield asked
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(START_WITHIN)
        assert not thread.is_alive()


def with_api(**settings: Any) -> Config:
    """The usual configuration with other [api] settings."""
    return replace_section("api", **settings)


def replace_section(section: str, **settings: Any) -> Config:
    """The usual configuration with other settings in one section."""
    return CONFIG.model_copy(update={section: getattr(CONFIG, section).model_copy(update=settings)})
