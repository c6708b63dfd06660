"""Mixing: the steps of the demo with several people: published, mixed, changed halfway, watched and stopped."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tailrace import supervise
from tailrace.cli.demo.arrangement import AFTER, look_of, mark_box, update_of
from tailrace.cli.demo.arrivals import Arrivals
from tailrace.cli.demo.mix_verdict import Mix, Person, checks, facts
from tailrace.cli.demo.publish import publishing
from tailrace.cli.demo.show import Show
from tailrace.cli.demo.sources import Film, Program, make_films
from tailrace.cli.demo.stage import ROOM, Stage, staged
from tailrace.cli.demo.watch import compare
from tailrace.cli.exits import CommandError
from tailrace.cli.mix_options import LayoutName
from tailrace.cli.task import mix_request
from tailrace.media.guest import GUESTS, MARK, ROUND_MS

NAME = "demo-mix"
# What comes later than this on a machine that is busy is a finding of the verdict.
_WAIT_FOR_ALL = 30.0
_LOOK_EACH = 0.02
# A picture that shows everybody is on its way to the viewer for a fraction of this.
_UNDERWAY = 0.3


def guest_list(people: int, inputs: Sequence[Path]) -> list[Person]:
    """Return who takes part: generated people, or the files, each as often as it takes."""
    if not inputs:
        return [Person(guest.name.lower(), guest.name, guest.number) for guest in GUESTS[:people]]
    files = [inputs[index % len(inputs)] for index in range(people)]
    return [
        Person(f"guest{number}", f"{file.name} as guest{number}", file=file) for number, file in enumerate(files, 1)
    ]


async def mix_all(
    seconds: float,
    people: Sequence[Person],
    layout: LayoutName,
    push: Sequence[str],
    out: Path,
    folder: Path,
    show: Show,
) -> None:
    """Mix for that long, with an update halfway. Raises CommandError when anything did not hold."""
    mix = Mix(people, (layout, AFTER[layout]), out / "received-mix.flv", out / "before-after.png")
    arrivals = Arrivals()
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged(folder, show))
        films = await _films(people, folder)
        for person in people:
            show.say(f"Publishing {person.label} into the room {ROOM!r} over RTMP ...")
            source = await Program.start(person.label, person.file, small=True) if person.file else films[person.guest]
            # One after the other: who came first has the first window.
            published = await stack.enter_async_context(publishing(stage.publish_url(person.user), source))
            person.video, person.audio = published.video, published.audio
        if not any(person.video for person in people):
            raise CommandError("none of the inputs has a picture, and a mixed picture is to be shown")
        group = await stack.enter_async_context(asyncio.TaskGroup())
        show.say(f"StartPublishCdnStream: a mix of {len(people)} people, {layout}, to the built-in CDN ...")
        began = await _start(stage, mix, push)
        saving = supervise.start(
            group, stage.cdn.save(NAME, mix.flv, lambda data: arrivals.take(data, time.time())), f"save {NAME}"
        )
        await _until(stage, mix, partial(_everybody_live, mix))
        mix.everybody_in, mix.settled = time.time() - began, arrivals.latest + _UNDERWAY
        (task,) = await stage.follow({"mix": mix.task_id}, 0.0, seconds / 2, seconds)
        show.say(f"UpdatePublishCdnStream: {mix.layouts[1]}, and a watermark ...")
        updated = await _update(stage, mix, task)
        (mix.task,) = await stage.follow({"mix": mix.task_id}, seconds / 2, seconds, seconds)
        mix.windows = mix.windows[0], mix.task["Windows"]
        mix.ran = time.time() - began - mix.picture_in
        show.say("StopPublishCdnStream ...")
        await _stop(stage, mix)
        await asyncio.wait([saving])
    show.say("Decoding what the CDN received ...")
    mix.seen = await compare(mix.flv, mix.sheet, question(mix))
    if mix.seen["switch_at"] is not None and (arrived := arrivals.at(mix.seen["switch_at"])) is not None:
        mix.changed_in = arrived - updated
    show.report({"mix": facts(mix)})
    if wrong := [f"{check.name}: {check.found}" for check in checks(mix) if not check.holds]:
        notes = "".join(f"; {note}" for note in mix.task["Notes"])
        raise CommandError(f"the mix did not hold what it promises: {'; '.join(wrong)}{notes}")


def question(mix: Mix) -> dict[str, Any]:
    """Return what is asked of the received stream (media/comparison.py)."""
    guests = {person.user: person.guest for person in mix.people}
    before, after = mix.layouts
    return {
        "settled": mix.settled,
        "mark": mark_box(after),
        "colour": MARK,
        "halves": [[_box(window, guests) for window in windows] for windows in mix.windows],
        "guests": [person.guest for person in mix.people if person.guest],
        "title": f"Tailrace: {len(mix.people)} people in one mix, as the CDN received it",
        "captions": [f"Before: {before}", f"After UpdatePublishCdnStream: {after}, and a watermark"],
    }


def _box(window: Mapping[str, Any], guests: Mapping[str, int]) -> dict[str, int]:
    return {
        "x": window["LocationX"],
        "y": window["LocationY"],
        "width": window["Width"],
        "height": window["Height"],
        "layer": window["ZOrder"],
        "guest": guests.get(window["UserId"], 0),
    }


async def _films(people: Sequence[Person], folder: Path) -> dict[int, Film]:
    """Return the films of the generated people by their numbers."""
    guests = {person.guest: person.label for person in people if person.guest}
    if guests:
        await make_films(folder, max(guests))
    return {
        guest: Film(label, (folder / f"guest-{guest}.flv").read_bytes(), ROUND_MS) for guest, label in guests.items()
    }


def _users(mix: Mix) -> list[str]:
    """Return who has a picture to be put somewhere."""
    return [person.user for person in mix.people if person.video]


async def _start(stage: Stage, mix: Mix, more: Sequence[str]) -> float:
    request = mix_request(ROOM, [stage.push_url(NAME), *more], look_of(mix.layouts[0], _users(mix)))
    mix.fps = request["VideoParams"]["VideoEncode"]["Fps"]
    began = time.time()
    mix.task_id = (await stage.call("StartPublishCdnStream", request))["TaskId"]
    mix.answered_in = time.time() - began
    record = await stage.cdn.until_picture(NAME, video=True)
    mix.picture_in = record["first_key_frame_at"] - began
    return began


async def _update(stage: Stage, mix: Mix, task: Mapping[str, Any]) -> float:
    """Change the mix, return when it was asked for, and wait until it is seen."""
    mix.windows = task["Windows"], ()
    request = update_of(mix.task_id, mix.layouts[1], _users(mix))
    began = time.time()
    await stage.call("UpdatePublishCdnStream", request)
    mix.update_answered_in = time.time() - began
    await _until(stage, mix, lambda task: task["VisibleRevision"] > 0)
    return began


async def _stop(stage: Stage, mix: Mix) -> None:
    began = time.time()
    await stage.call("StopPublishCdnStream", {"TaskId": mix.task_id})
    mix.stop_answered_in = time.time() - began
    mix.record = await stage.cdn.until_ended(NAME)
    mix.end_seen_in = mix.record["ended_at"] - began


def _everybody_live(mix: Mix, task: Mapping[str, Any]) -> bool:
    return {window["UserId"] for window in task["Windows"] if window["Live"]} == set(_users(mix))


async def _until(stage: Stage, mix: Mix, holds: Callable[[Mapping[str, Any]], bool]) -> None:
    """Wait until something holds of the task, but not for ever."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _WAIT_FOR_ALL
    # Describe is all that the API tells: there is no event to wait for.
    while not holds(await stage.describe(mix.task_id)) and loop.time() < until:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_EACH)
