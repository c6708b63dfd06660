"""Relaying: the steps of the pass-through demo: each input published, relayed as it is, watched and stopped."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tailrace import supervise
from tailrace.cli.demo.publish import Published, publishing
from tailrace.cli.demo.show import Show
from tailrace.cli.demo.sources import Program
from tailrace.cli.demo.stage import ROOM, Stage, staged
from tailrace.cli.demo.verdict import Relay, checks, facts
from tailrace.cli.demo.watch import look
from tailrace.cli.exits import CommandError
from tailrace.cli.task import start_request


async def relay_each(
    seconds: float, inputs: Sequence[Path], push: Sequence[str], out: Path, folder: Path, show: Show
) -> None:
    """Relay each input, or the test picture, for that long. Raises CommandError when anything did not hold."""
    relays = _relays(inputs, out)
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(folder, show))
        sources: list[Published] = []
        files: Sequence[Path | None] = inputs or [None]
        for relay, file in zip(relays, files, strict=True):
            show.say(f"Publishing {relay.label} into the room {ROOM!r} over RTMP ...")
            program = await Program.start(relay.label, file)
            source = await stack.enter_async_context(publishing(stage.publish_url(relay.user), program))
            relay.video, relay.audio = source.video, source.audio
            sources.append(source)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        saving = []
        for index, (relay, source) in enumerate(zip(relays, sources, strict=True)):
            show.say(f"StartPublishCdnStream: {relay.label} to the built-in CDN ...")
            await _start(stage, relay, push if index == 0 else ())
            relay.published, relay.relayed = -source.pictures, -source.position
            saving.append(supervise.start(group, stage.cdn.save(relay.name, relay.flv), f"save {relay.name}"))
        tasks = await stage.follow({relay.label: relay.task_id for relay in relays}, 0.0, seconds, seconds)
        for relay, source, task in zip(relays, sources, tasks, strict=True):
            relay.destinations = task["Destinations"]
            relay.published += source.pictures
            relay.relayed += source.position
            show.say(f"StopPublishCdnStream: {relay.label} ...")
            await _stop(stage, relay)
        await asyncio.wait(saving)
    for relay in relays:
        show.say(f"Decoding what the CDN received of {relay.label} ...")
        relay.seen = await look(relay.flv, relay.sheet)
    show.report({relay.label: facts(relay) for relay in relays})
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


async def _start(stage: Stage, relay: Relay, more: Sequence[str]) -> None:
    request = start_request(ROOM, relay.user, [stage.push_url(relay.name), *more], audio_only=not relay.video)
    began = time.time()
    relay.task_id = (await stage.call("StartPublishCdnStream", request))["TaskId"]
    relay.answered_in = time.time() - began
    record = await stage.cdn.until_picture(relay.name, video=relay.video)
    relay.picture_in = (record["first_key_frame_at"] or time.time()) - began


async def _stop(stage: Stage, relay: Relay) -> None:
    began = time.time()
    await stage.call("StopPublishCdnStream", {"TaskId": relay.task_id})
    relay.stop_answered_in = time.time() - began
    relay.record = await stage.cdn.until_ended(relay.name)
    relay.end_seen_in = relay.record["ended_at"] - began
