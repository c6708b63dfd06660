"""Source of a mix: publishes the films of all people, each to several servers, and stamps each picture.

`python -m bench.mix_source FILE` reads its order from FILE, JSON: `films`, a list of [FLV file, [URL, ...]], `fps`, and
`stamps`, the file into which it writes, at SIGTERM, for each film the number and the time of each picture.
"""

import asyncio
import contextlib
import heapq
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.supervise import start
from tailrace.wire import flv
from tailrace.wire.rtmp.url import parse

# A run of all measurements takes less; an end that never comes shall not fill the memory.
_LONGEST_SECONDS = 1200
_PACKET_TYPE = slice(1, 2)
_SETUP, _END = b"\x00", b"\x02"


Clip = Iterator[tuple[int, flv.Tag, int | None]]


def endless(film: bytes) -> Clip:
    """Yield time in ms, tag, and the number of the picture if it is one; the film goes round, in whole seconds."""
    tags = [tag for tag in flv.Reader().receive(film) if tag.type is not flv.TagType.SCRIPT]
    tags = [tag for tag in tags if tag.body[_PACKET_TYPE] != _END]
    lasts = -(-max(tag.timestamp_ms for tag in tags) // 1000) * 1000
    shift = 0
    while True:
        number = 0
        for tag in tags:
            setup = tag.body[_PACKET_TYPE] == _SETUP
            if setup and shift:
                continue
            picture = tag.type is flv.TagType.VIDEO and not setup
            yield tag.timestamp_ms + shift, tag, number if picture else None
            number += picture
        shift += lasts


async def publish(order: dict[str, Any], clips: list[Clip], stamps: list[list[tuple[int, float]]]) -> None:
    """Publish for ever. People send their pictures one after the other within a picture's time: nobody is in step."""
    guard = Guard(["127.0.0.0/8"])
    films = order["films"]
    publishers = [[await RtmpPublisher.dial(parse(url), guard=guard) for url in urls] for _, urls in films]
    step_ms = 1000 / order["fps"] / len(films)
    first = [(*next(clip), person) for person, clip in enumerate(clips)]
    due = [(at + person * step_ms, person, at, tag, number) for at, tag, number, person in first]
    heapq.heapify(due)
    began = time.monotonic()
    try:
        while due[0][0] < _LONGEST_SECONDS * 1000:
            when, person, at, tag, number = due[0]
            await asyncio.sleep(max(0.0, began + when / 1000 - time.monotonic()))
            if number is not None:
                stamps[person].append((number, time.monotonic()))
            for publisher in publishers[person]:
                (publisher.send_video if tag.type is flv.TagType.VIDEO else publisher.send_audio)(at, tag.body)
            at, tag, number = next(clips[person])
            heapq.heapreplace(due, (at + person * step_ms, person, at, tag, number))
    finally:
        for publisher in [each for some in publishers for each in some]:
            await publisher.close()


async def _main(order: dict[str, Any], clips: list[Clip], stamps: list[list[tuple[int, float]]]) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with asyncio.TaskGroup() as group:
        publishing = start(group, publish(order, clips, stamps), name="publish")
        await ended.wait()
        publishing.cancel()


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[1]).read_text())
    sent: list[list[tuple[int, float]]] = [[] for _ in told["films"]]
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(_main(told, [endless(Path(film).read_bytes()) for film, _ in told["films"]], sent))
    Path(told["stamps"]).write_text(json.dumps(sent))
