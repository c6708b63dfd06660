"""Stage: what every demo stands on: a server of its own, its Cloud API, its CDN, and the screen."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailrace.cli.addresses import LIFETIME, publish_key
from tailrace.cli.demo.server import serving
from tailrace.cli.demo.show import Show
from tailrace.cli.demo.watch import Cdn, client
from tailrace.cli.target import Target
from tailrace.secret import PushUrl

ROOM = "demo"
# Often enough to look alive; lines in a log file come once a second.
_PROGRESS_EACH = 0.25
_LINE_EACH = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A server that runs, and where it is shown."""

    target: Target
    cdn: Cdn
    show: Show

    async def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call the Cloud API. Raises CommandError with what it said."""
        app = self.target.app()
        return await asyncio.to_thread(self.target.call, action, {"SdkAppId": app.sdk_app_id, **parameters})

    async def describe(self, task_id: str) -> dict[str, Any]:
        """Return how a task is."""
        answer = await self.call("DescribePublishCdnStream", {"TaskId": task_id})
        task: dict[str, Any] = answer["TaskList"][0]
        return task

    def publish_url(self, user: str) -> PushUrl:
        """Return where `user` publishes into the room."""
        app = self.target.app()
        sig = self.target.user_sig(app, user, LIFETIME).reveal()
        return PushUrl(f"{self._rtmp}/push/{publish_key(ROOM, user, app.sdk_app_id, sig)}")

    def push_url(self, name: str) -> str:
        """Return where a relay is pushed to the built-in CDN."""
        return f"{self._rtmp}/live/{name}"

    @property
    def _rtmp(self) -> str:
        return self.target.addresses["rtmp"].rstrip("/")

    async def follow(self, tasks: Mapping[str, str], begin: float, end: float, total: float) -> list[dict[str, Any]]:
        """Let relays run from second `begin` to `end` of `total`, show how they are, and return it as it is at the end.

        `tasks` are TaskIds by the labels to show.
        """
        loop = asyncio.get_running_loop()
        began = loop.time() - begin
        with self.show:
            while True:
                found = [await self.describe(task_id) for task_id in tasks.values()]
                if (passed := loop.time() - began) >= end:
                    return found
                rows = [(label, task["Destinations"][0]) for label, task in zip(tasks, found, strict=True)]
                self.show.progress(rows, passed, total)
                await asyncio.sleep(min(end - passed, _PROGRESS_EACH if self.show.live else _LINE_EACH))


@asynccontextmanager
async def staged(folder: Path, show: Show) -> AsyncIterator[Stage]:
    """Serve from `folder` meanwhile."""
    show.say("Starting a server on free ports ...")
    async with serving(folder) as target, client() as http:
        stage = Stage(target, Cdn(target.addresses["media_http"].rstrip("/"), http), show)
        # The first call of a client opens its connection; that is no part of what a start takes.
        await stage.call("DescribePublishCdnStream", {})
        yield stage
