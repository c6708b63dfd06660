"""aiortc as a server: each offer becomes an RTCPeerConnection whose tracks end in a blackhole.

`python -m bench.aiortc_door` says `port` of its HTTP door as a line of JSON, and then twice a second `frames`: how many
pictures its decoder gave to each session. aiortc always decodes; with `{"decode": false}` as its input there is a
decoder in its place that returns one and the same picture, so that what is left is its network side.
"""

import asyncio
import fractions
import json
import signal
import sys
from typing import Any, Final

import av
import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription, rtcrtpreceiver
from aiortc.mediastreams import MediaStreamError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.told import say
from tailrace import supervise

_FRAMES_EACH: Final = 0.5


class _Nothing:
    """A decoder that does nothing."""

    def __init__(self, codec: Any) -> None:
        if codec.mimeType.startswith("audio"):
            self._frame: Any = av.AudioFrame(format="s16", layout="stereo", samples=960)
            self._frame.sample_rate = 48000
        else:
            self._frame = av.VideoFrame(16, 16, "yuv420p")
        self._frame.pts, self._frame.time_base = 0, fractions.Fraction(1, 90000)

    def decode(self, _frame: Any) -> list[Any]:
        """Return one frame."""
        return [self._frame]


class Door:
    """The sessions. `pictures`: how many each has had."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.pictures: list[int] = []
        self._group = group
        self._connections: list[RTCPeerConnection] = []

    async def open(self, request: Request) -> Response:
        """Answer an offer."""
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connections.append(connection)
        number = len(self.pictures)
        self.pictures.append(0)
        connection.on("track", lambda track: self._take(track, number))
        offer = (await request.body()).decode()
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return Response(connection.localDescription.sdp, 201, media_type="application/sdp")

    async def tell(self) -> None:
        """Say how many pictures came."""
        while True:
            say("frames", frames=self.pictures)
            await asyncio.sleep(_FRAMES_EACH)

    async def close(self) -> None:
        """End all sessions."""
        for connection in self._connections:
            await connection.close()

    def _take(self, track: MediaStreamTrack, number: int) -> None:
        supervise.start(self._group, self._blackhole(track, number), "blackhole")

    async def _blackhole(self, track: MediaStreamTrack, number: int) -> None:
        try:
            while True:
                await track.recv()
                if track.kind == "video":
                    self.pictures[number] += 1
        except MediaStreamError:
            return


async def _serve() -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with asyncio.TaskGroup() as group:
        door = Door(group)
        app = Starlette(routes=[Route("/whip/{name}", door.open, methods=["POST"])])
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        say("port", port=server.servers[0].sockets[0].getsockname()[1])
        telling = supervise.start(group, door.tell(), "frames")
        await over.wait()
        await supervise.stop(telling)
        await door.close()
        await server.shutdown()


if __name__ == "__main__":
    if not json.load(sys.stdin)["decode"]:
        # The one seam, and no public one.
        setattr(rtcrtpreceiver, "get_decoder", _Nothing)  # noqa: B010 - it is not exported
    asyncio.run(_serve())
