"""Source: a publisher that stamps each picture at the moment it is handed to the socket.

`python -m bench.source CLIP SECONDS FILE URL...` publishes the clip in a loop, as fast as real time, to all URLs, one
after the other within a millisecond; at the end it writes, for each URL, digest and time of each picture, as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench.sink import digest, is_picture
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.wire import flv
from tailrace.wire.rtmp.url import parse

_FRAME_MS = 33


def endless(tags: list[flv.Tag]) -> Iterator[flv.Tag]:
    """Repeat a clip with times that go on; set-up data comes once."""
    shift = 0
    while True:
        for tag in tags:
            header = tag.body[1:2] == b"\x00"
            if not (header and shift):
                yield flv.Tag(tag.type, tag.timestamp_ms + shift, tag.body)
        shift += max(tag.timestamp_ms for tag in tags) + _FRAME_MS


async def publish(clip: bytes, seconds: float, urls: list[str]) -> list[list[tuple[str, float]]]:
    """Publish to all `urls`; for each, the stamps of its pictures."""
    tags = [tag for tag in flv.Reader().receive(clip) if tag.type is not flv.TagType.SCRIPT]
    guard = Guard(("127.0.0.0/8",))
    publishers = [await RtmpPublisher.dial(parse(url), guard=guard) for url in urls]
    all_stamps: list[list[tuple[str, float]]] = [[] for _ in urls]
    began = time.monotonic()
    for tag in endless(tags):
        if tag.timestamp_ms > seconds * 1000:
            break
        await asyncio.sleep(max(0.0, began + tag.timestamp_ms / 1000 - time.monotonic()))
        name = digest(tag.body) if tag.type is flv.TagType.VIDEO and is_picture(tag.body) else ""
        for publisher, stamped in zip(publishers, all_stamps, strict=True):
            if name:
                stamped.append((name, time.monotonic()))
            if tag.type is flv.TagType.VIDEO:
                publisher.send_video(tag.timestamp_ms, tag.body)
            else:
                publisher.send_audio(tag.timestamp_ms, tag.body)
    for publisher in publishers:
        await publisher.close()
    return all_stamps


if __name__ == "__main__":
    film, lasts, output, *targets = sys.argv[1:]
    stamps = uvloop.run(publish(Path(film).read_bytes(), float(lasts), targets))
    Path(output).write_text(json.dumps(stamps))
