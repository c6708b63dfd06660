"""Skewed: a publisher whose clock is wrong. `python -m tests.harness.skewed FILM URL PPM` publishes until it is ended.

It sends what its clock says is due. With a clock that is 200 ppm fast, an hour of its film takes 0.72 s less than an
hour, pictures and sound alike, as with a camera and a sound card whose quartz is off.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path

from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl
from tailrace.wire import flv
from tests.harness.publisher import Publisher
from tests.media.people import lasts_ms


class SkewedPublisher(Publisher):
    """As Publisher, with a clock that is `ppm` millionths fast, or slow when negative. Films are of whole seconds."""

    def __init__(self, film: Path, url: str, ppm: float) -> None:
        super().__init__(film, url)
        self._command = [sys.executable, "-m", "tests.harness.skewed", str(film), url, str(ppm)]


async def publish(film: bytes, url: str, ppm: float) -> None:
    """Publish a film in a loop until cancelled or the connection is lost."""
    tags = [tag for tag in flv.Reader().receive(film) if tag.type is not flv.TagType.SCRIPT]
    length, pace = lasts_ms(tags), 1 + ppm / 1e6
    # The muxer's "end of sequence" says that no more comes, which is not so.
    tags = [tag for tag in tags if tag.body[1:2] != b"\2"]
    publisher = await RtmpPublisher.dial(PushUrl(url), guard=Guard(["127.0.0.0/8"]))
    try:
        began = time.monotonic()
        shift = 0
        while not publisher.lost.done():
            for tag in tags:
                at = shift + tag.timestamp_ms
                await asyncio.sleep(max(0.0, began + at / 1000 / pace - time.monotonic()))
                (publisher.send_video if tag.type is flv.TagType.VIDEO else publisher.send_audio)(at, tag.body)
            # Set-up data is needed once.
            tags = [tag for tag in tags if tag.body[1:2] != b"\0"] if not shift else tags
            shift += length
    finally:
        await publisher.close()


async def _main(film: bytes, url: str, ppm: float) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await publish(film, url, ppm)


if __name__ == "__main__":
    try:
        asyncio.run(_main(Path(sys.argv[1]).read_bytes(), sys.argv[2], float(sys.argv[3])))
    except asyncio.CancelledError:
        sys.exit(0)
