"""WhipPublisher: aiortc as a browser that publishes what a test draws and plays, with its own encoders."""

import asyncio
import fractions
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import av
import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from tests.harness.hosted import Hosted

# So much sound is kept while nobody asks for it; what is older is lost.
_SOUND_CARD = 0.5
SDP = {"Content-Type": "application/sdp"}


class Pictures(MediaStreamTrack):
    """A flat picture of one colour, 30 times a second."""

    kind = "video"

    def __init__(self, width: int = 320, height: int = 240, color: tuple[int, int, int] = (200, 30, 30)) -> None:
        super().__init__()
        self._picture = np.full((height, width, 3), color, dtype=np.uint8)
        self._begin = time.monotonic()
        self._count = 0

    async def recv(self) -> av.VideoFrame:
        """Return the next one when it is due."""
        # On a busy machine some are left out: a camera does not fall behind the time either.
        self._count = max(self._count + 1, int((time.monotonic() - self._begin) * 30))
        await asyncio.sleep(max(0.0, self._begin + self._count / 30 - time.monotonic()))
        # Something has to move, or the encoder sends next to nothing.
        self._picture[:16, :16] = self._count % 256
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = self._count * 3000, fractions.Fraction(1, 90000)
        return frame


class Tone(MediaStreamTrack):
    """A sine of `hertz`, 20 ms at a time."""

    kind = "audio"

    def __init__(self, hertz: float = 440) -> None:
        super().__init__()
        self._hertz = hertz
        self._begin = time.monotonic()
        self._count = 0

    async def recv(self) -> av.AudioFrame:
        """Return the next one when it is due."""
        self._count = max(self._count, int((time.monotonic() - self._begin - _SOUND_CARD) / 0.02))
        await asyncio.sleep(max(0.0, self._begin + self._count * 0.02 - time.monotonic()))
        samples = np.arange(self._count * 960, (self._count + 1) * 960)
        wave = (8000 * np.sin(2 * np.pi * self._hertz * samples / 48000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[np.newaxis], format="s16", layout="stereo")
        frame.pts, frame.sample_rate, frame.time_base = self._count * 960, 48000, fractions.Fraction(1, 48000)
        self._count += 1
        return frame


class WhipPublisher:
    """One session; made by `publishing`."""

    def __init__(self, pc: RTCPeerConnection, http: httpx.AsyncClient, location: str, etag: str) -> None:
        self.pc = pc
        self.location, self.etag = location, etag
        self._http = http

    async def delete(self) -> int:
        """End the session by its address; return the status."""
        return (await self._http.delete(self.location)).status_code


@asynccontextmanager
async def publishing(
    url: str,
    token: str = "",
    *,
    video: MediaStreamTrack | None = None,
    audio: MediaStreamTrack | None = None,
    via: Callable[[str], str] = lambda answer: answer,
) -> AsyncGenerator[WhipPublisher, None]:
    """Publish, by default a picture and a tone; `via` may edit the answer. Ends with DTLS's good-bye."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    async with httpx.AsyncClient(base_url=url.partition("/v")[0], timeout=10, trust_env=False) as http:
        try:
            if audio is not None or video is None:
                pc.addTrack(audio or Tone())
            if video is not None or audio is None:
                pc.addTrack(video or Pictures())
            await pc.setLocalDescription(await pc.createOffer())
            headers = {**SDP, **({"Authorization": f"Bearer {token}"} if token else {})}
            answer = await http.post(url, content=pc.localDescription.sdp, headers=headers)
            assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
            await pc.setRemoteDescription(RTCSessionDescription(via(answer.text), "answer"))
            yield WhipPublisher(pc, http, answer.headers["location"], answer.headers["etag"])
        finally:
            await pc.close()


class HostedWhip(Hosted):
    """`with HostedWhip(url, token):` publishes a picture and a tone from a thread, for tests that are not asynchronous.

    `picture` and `tone` make the tracks, on the thread's loop.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        picture: Callable[[], MediaStreamTrack] = Pictures,
        tone: Callable[[], MediaStreamTrack] = Tone,
    ) -> None:
        super().__init__("WHIP publisher")
        self._url, self._token = url, token
        self._picture, self._tone = picture, tone

    def leave(self) -> None:
        """End in order; twice is harmless."""
        self.end()

    async def _live(self) -> None:
        async with publishing(self._url, self._token, video=self._picture(), audio=self._tone()):
            self._started.set()
            await self._ending.wait()
