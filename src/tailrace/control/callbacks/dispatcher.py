"""Dispatcher: one round for each app that wants callbacks; a slow or dead receiver is a matter of its own app only."""

import asyncio
import functools
import ssl
from contextlib import AsyncExitStack

from tailrace.bus.connection import Bus
from tailrace.bus.deliveries import Deliveries
from tailrace.bus.outgoing import Outgoing, forget
from tailrace.clock import Clock
from tailrace.config import Config
from tailrace.control.callbacks.courier import Count, Courier
from tailrace.control.callbacks.round import Round
from tailrace.ids import SdkAppId
from tailrace.net.callback_sender import CallbackSender, tls_context
from tailrace.net.guard import Guard
from tailrace.supervise import start


class Dispatcher:
    """Sends the callbacks of all apps; `open`, then `run` it."""

    def __init__(self, config: Config, bus: Bus, guard: Guard, clock: Clock) -> None:
        self._config = config
        self._bus = bus
        self._guard = guard
        self._clock = clock
        self._outgoing = {
            app.sdk_app_id: Outgoing(bus, SdkAppId(app.sdk_app_id)) for app in config.app if app.callback_url
        }

    async def open(self) -> None:
        """See to it that no event from now on goes without its callback. Raises BusError."""
        for app in self._config.app:
            if app.callback_url:
                await self._outgoing[app.sdk_app_id].prepare()
            else:
                await forget(self._bus, SdkAppId(app.sdk_app_id))

    async def run(self, count: Count) -> None:
        """Send until cancelled; `count` is told of each try."""
        tls = await _tls(self._config)
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for app in self._config.app:
                if (outgoing := self._outgoing.get(app.sdk_app_id)) is not None:
                    sender = CallbackSender(app.callback_url, self._guard, tls)
                    stack.push_async_callback(sender.close)
                    courier = Courier(app, sender, Deliveries(self._bus), outgoing, self._clock, count)
                    round_ = Round(str(app.sdk_app_id), outgoing, courier.bring)
                    start(group, round_.run(), f"callbacks of {app.sdk_app_id}")


async def _tls(config: Config) -> ssl.SSLContext | None:
    """Off the loop, and only where it is used."""
    if not any(app.callback_url.reveal().lower().startswith("https:") for app in config.app):
        return None
    return await asyncio.to_thread(functools.partial(tls_context, verify=config.callbacks.tls_verify))
