"""A publisher that sends what it is told to, over real RTMP."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl
from tailrace.wire import flv, h264

# A baseline 640x360 stream's set-up data, written by x264; and AAC-LC, 48 kHz, stereo.
RECORD = bytes.fromhex("0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e4801000568cb83cb20")
AAC_CONFIG = bytes.fromhex("1190")


class Script:
    """A publisher that sends what it is told to; made by `scripted`. Its pictures are named, not drawn."""

    def __init__(self, rtmp: RtmpPublisher) -> None:
        self.rtmp = rtmp

    def set_up(self) -> None:
        """Send the set-up data of both tracks."""
        self.rtmp.send_video(0, flv.VideoBody(flv.AvcPacket.CONFIG, True, 0, RECORD).encode())
        self.rtmp.send_audio(0, flv.AudioBody(True, AAC_CONFIG).encode())

    def picture(self, time_ms: int, *, key: bool = False, size: int = 100) -> None:
        """Send a picture of `size` bytes."""
        unit = (b"\x65" if key else b"\x41") + bytes(size)
        self.rtmp.send_video(time_ms, flv.VideoBody(flv.AvcPacket.UNITS, key, 0, h264.join([unit])).encode())

    def reordered(self, shown_at_ms: int) -> None:
        """Send a picture with that time of showing; all of these have one and the same time of decoding."""
        body = flv.VideoBody(flv.AvcPacket.UNITS, False, shown_at_ms - 20, h264.join([b"\x41" + bytes(100)]))
        self.rtmp.send_video(20, body.encode())

    def sound(self, time_ms: int) -> None:
        """Send a sound frame."""
        self.rtmp.send_audio(time_ms, flv.AudioBody(False, b"sound").encode())

    def vanish(self) -> None:
        """Cut the connection without a word."""
        self.rtmp._session._abort()

    async def lost(self, timeout: float = 10) -> str:
        """Wait until the server ends it; what it said."""
        async with asyncio.timeout(timeout):
            return str(await self.rtmp.lost)


@asynccontextmanager
async def scripted(url: str) -> AsyncGenerator[Script, None]:
    """Publish by script, and end in order."""
    rtmp = await RtmpPublisher.dial(PushUrl(url), guard=Guard(["127.0.0.0/8"]))
    try:
        yield Script(rtmp)
    finally:
        await rtmp.close()
