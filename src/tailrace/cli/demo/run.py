"""Run: the steps of the demo, each undone on the way out, also when Ctrl-C comes in the middle."""

import asyncio
import logging
import os
import signal
import tempfile
import time
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from tailrace import supervise
from tailrace.cli.addresses import LIFETIME, publish_key
from tailrace.cli.demo.publish import Source, publishing
from tailrace.cli.demo.server import serving
from tailrace.cli.demo.show import Show
from tailrace.cli.demo.verdict import Relay, checks
from tailrace.cli.demo.watch import Cdn, client, look
from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.settings import PREFIX
from tailrace.cli.target import Target
from tailrace.cli.task import start_request
from tailrace.errors import TailraceError
from tailrace.secret import PushUrl

ROOM = "demo"
# Often enough to look alive; lines in a log file come once a second.
_PROGRESS_EACH = 0.25
_LINE_EACH = 1.0


def run(seconds: float, inputs: Sequence[Path], push: Sequence[str], out: Path) -> None:
    """Run the demo. Raises CommandError when anything did not hold."""
    for file in inputs:
        if not file.is_file():
            raise CommandError(f"{file} is not a file", Exit.USAGE)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write to {out}: {error.strerror}; name another folder with --out") from None
    # The demo shows a fresh server, whatever the environment says about another one.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    # What fails is raised and told in one line; the log of this process has nothing to add.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        asyncio.run(_until_interrupted(_demo(seconds, inputs, push, out)))
    except* TailraceError as group:
        raise _first(group) from None


def _first(errors: BaseExceptionGroup[TailraceError]) -> TailraceError:
    """Return the first error in a group of groups: the others are what followed from it."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> None:
    """Do `work`; the first signal cancels it, so that all steps are undone; further ones change nothing."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)
        if task is not None:
            task.cancel()

    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        await work
    except asyncio.CancelledError:
        raise CommandError("interrupted; nothing is left running", Exit.INTERRUPTED) from None


async def _demo(seconds: float, inputs: Sequence[Path], push: Sequence[str], out: Path) -> None:
    show = Show(Console(highlight=False))
    relays = _relays(inputs, out)
    with tempfile.TemporaryDirectory(prefix="tailrace-demo-") as folder:
        async with AsyncExitStack() as stack:
            show.say("Starting a server on free ports ...")
            target = await stack.enter_async_context(serving(Path(folder)))
            http = await stack.enter_async_context(client())
            cdn = Cdn(target.addresses["media_http"].rstrip("/"), http)
            sources: list[Source] = []
            files: Sequence[Path | None] = inputs or [None]
            for relay, file in zip(relays, files, strict=True):
                show.say(f"Publishing {relay.label} into the room {ROOM!r} over RTMP ...")
                source = await stack.enter_async_context(publishing(_publish_url(target, relay), file, relay.label))
                relay.video, relay.audio = source.video, source.audio
                sources.append(source)
            # The first call of a client opens its connection; that is no part of what a start takes.
            await _call(target, "DescribePublishCdnStream", {})
            group = await stack.enter_async_context(asyncio.TaskGroup())
            saving = []
            for index, (relay, source) in enumerate(zip(relays, sources, strict=True)):
                show.say(f"StartPublishCdnStream: {relay.label} to the built-in CDN ...")
                await _start(target, cdn, relay, push if index == 0 else ())
                relay.published, relay.relayed = -source.pictures, -source.position
                saving.append(supervise.start(group, cdn.save(relay.name, relay.flv), f"save {relay.name}"))
            await _follow(target, relays, seconds, show)
            for relay, source in zip(relays, sources, strict=True):
                relay.published += source.pictures
                relay.relayed += source.position
                show.say(f"StopPublishCdnStream: {relay.label} ...")
                await _stop(target, cdn, relay)
            await asyncio.wait(saving)
        for relay in relays:
            show.say(f"Decoding what the CDN received of {relay.label} ...")
            relay.seen = await look(relay.flv, relay.sheet)
    show.report(relays)
    wrong = [
        f"{relay.label}: {check.name}: {check.found}" for relay in relays for check in checks(relay) if not check.holds
    ]
    if wrong:
        raise CommandError("the relay did not hold what it promises: " + "; ".join(wrong))


def _relays(inputs: Sequence[Path], out: Path) -> list[Relay]:
    labels = [file.name for file in inputs] or ["test picture"]
    return [
        Relay(
            label,
            f"demo-{number}",
            f"guest{number}",
            out / f"received-{number}.flv",
            out / f"received-{number}.png",
            generated=not inputs,
        )
        for number, label in enumerate(labels, 1)
    ]


def _publish_url(target: Target, relay: Relay) -> PushUrl:
    app = target.app()
    key = publish_key(ROOM, relay.user, app.sdk_app_id, target.user_sig(app, relay.user, LIFETIME).reveal())
    return PushUrl(f"{target.addresses['rtmp'].rstrip('/')}/push/{key}")


async def _call(target: Target, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return await asyncio.to_thread(target.call, action, {"SdkAppId": target.app().sdk_app_id, **parameters})


async def _start(target: Target, cdn: Cdn, relay: Relay, more: Sequence[str]) -> None:
    urls = [f"{target.addresses['rtmp'].rstrip('/')}/live/{relay.name}", *more]
    request = start_request(ROOM, relay.user, urls, audio_only=not relay.video)
    began = time.time()
    relay.task_id = (await _call(target, "StartPublishCdnStream", request))["TaskId"]
    relay.answered_in = time.time() - began
    record = await cdn.until_picture(relay.name, video=relay.video)
    relay.picture_in = (record["first_key_frame_at"] or time.time()) - began


async def _follow(target: Target, relays: Sequence[Relay], seconds: float, show: Show) -> None:
    """Let the relays run for `seconds`, and show how they are."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with show:
        while (passed := loop.time() - began) < seconds:
            for relay in relays:
                answer = await _call(target, "DescribePublishCdnStream", {"TaskId": relay.task_id})
                relay.progress = answer["TaskList"][0]["Destinations"][0]
            show.progress(relays, passed, seconds)
            await asyncio.sleep(min(seconds - passed, _PROGRESS_EACH if show.live else _LINE_EACH))


async def _stop(target: Target, cdn: Cdn, relay: Relay) -> None:
    began = time.time()
    await _call(target, "StopPublishCdnStream", {"TaskId": relay.task_id})
    relay.stop_answered_in = time.time() - began
    relay.record = await cdn.until_ended(relay.name)
    relay.end_seen_in = relay.record["ended_at"] - began
