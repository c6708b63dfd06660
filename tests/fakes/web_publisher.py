"""A publisher that sends what it is told to, over real WebRTC: ICE and DTLS are aiortc's."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import httpx
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport
from aiortc.sdp import SessionDescription, candidate_to_sdp

from tailrace import supervise
from tailrace.unit import Codec, Unit
from tailrace.wire import h264
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.packetizer import payloads
from tailrace.wire.rtp.rtcp import Nack, Pli, ReceiverReport, parse_compound
from tests.fakes.publisher import RECORD

AUDIO, VIDEO = 111, 96
# Several times within LOST_AFTER of the tests.
_LIFE_EACH = 0.1
_RATES = {AUDIO: 48_000, VIDEO: 90_000}
_SSRCS = {AUDIO: 1001, VIDEO: 2002}

_OFFER = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:{ufrag}
a=ice-pwd:{password}
a=fingerprint:{algorithm} {digest}
a=setup:actpass
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
{candidates}
m=video 9 UDP/TLS/RTP/SAVPF 96
a=mid:1
a=sendonly
a=rtcp-mux
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42c01e
"""


class Refused(Exception):
    """The offer was not answered with 201; `status` is what it was."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class WebScript:
    """A publisher that sends what it is told to; made by `web_scripted`. Its pictures are named, not drawn."""

    def __init__(self) -> None:
        self.asked: list[Pli | Nack] = []
        """What the server has asked for."""
        self.location = ""
        self._ended = asyncio.Event()
        self._sequences = {AUDIO: random.randrange(30_000), VIDEO: random.randrange(30_000)}
        self._bases = {AUDIO: random.randrange(2**31), VIDEO: random.randrange(2**31)}

    async def dial(self, url: str, token: str, http: httpx.AsyncClient) -> None:
        """Publish at `url`. Raises Refused."""
        self._gatherer = RTCIceGatherer(iceServers=[])
        await self._gatherer.gather()
        self._ice = RTCIceTransport(self._gatherer)
        self._ice._connection.ice_controlling = True
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self._dtls._set_role("client")
        self._dtls.on("statechange", self._state)
        self._dtls._handle_rtcp_data = self._rtcp  # type: ignore[method-assign] # aiortc would route it to its senders
        headers = {"Content-Type": "application/sdp", **({"Authorization": f"Bearer {token}"} if token else {})}
        answered = await http.post(url, content=self.offer(), headers=headers)
        if answered.status_code != 201:
            raise Refused(answered.status_code, answered.text)
        self.location = urljoin(url, answered.headers["location"])
        media = SessionDescription.parse(answered.text).media[0]
        for candidate in media.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        assert media.ice is not None
        assert media.dtls is not None
        media.ice.iceLite = True
        async with asyncio.timeout(10):
            await self._ice.start(media.ice)
            await self._dtls.start(media.dtls)
        assert self._dtls.state == "connected"

    def offer(self) -> str:
        """What it offers."""
        ice, fingerprint = self._gatherer.getLocalParameters(), self._dtls.getLocalParameters().fingerprints[0]
        lines = [f"a=candidate:{candidate_to_sdp(candidate)}" for candidate in self._gatherer.getLocalCandidates()]
        return _OFFER.format(
            ufrag=ice.usernameFragment,
            password=ice.password,
            algorithm=fingerprint.algorithm,
            digest=fingerprint.value,
            candidates="\n".join(lines),
        )

    async def live(self) -> None:
        """Give signs of life, as browsers do by media."""
        while self._dtls.state == "connected":
            self._send(ReceiverReport(_SSRCS[VIDEO], ()).encode())
            await asyncio.sleep(_LIFE_EACH)

    def picture(self, time_ms: int, *, key: bool = False, size: int = 100) -> None:
        """Send a picture of `size` bytes."""
        payload = h264.join([(b"\x65" if key else b"\x41") + bytes(size)])
        unit = Unit(Codec.H264, 0, 0, 0, 0, key, RECORD if key else b"", payload)
        self._packets(VIDEO, time_ms, payloads(unit, 0))

    def sound(self, time_ms: int) -> None:
        """Send a sound frame."""
        self._packets(AUDIO, time_ms, [b"\xfcsound"])

    def lose(self, count: int) -> None:
        """Leave out so many packets of the picture."""
        self._sequences[VIDEO] += count

    async def vanish(self) -> None:
        """Be gone without a word."""
        await self._ice.stop()

    async def lost(self, timeout: float = 10) -> str:
        """Wait until the server ends it. DTLS says no more than that."""
        async with asyncio.timeout(timeout):
            await self._ended.wait()
        return "closed"

    async def close(self) -> None:
        """End in order; twice is harmless."""
        if self._ice.state != "closed":
            await self._dtls.stop()
            await self._ice.stop()

    def _packets(self, track: int, time_ms: int, parts: list[bytes]) -> None:
        timestamp = (self._bases[track] + time_ms * _RATES[track] // 1000) % 2**32
        for index, part in enumerate(parts, 1):
            number = self._sequences[track]
            self._sequences[track] += 1
            last = index == len(parts)
            self._send(Packet(track, last, number % 2**16, timestamp, _SSRCS[track], part).encode())

    def _send(self, data: bytes) -> None:
        # Sending by aiortc waits for nothing, so it ends with its first step.
        try:
            self._dtls._send_rtp(data).send(None)
        except StopIteration:
            return
        raise AssertionError("aiortc did not send at once")

    async def _rtcp(self, data: bytes) -> None:
        self.asked += [packet for packet in parse_compound(data) if isinstance(packet, Pli | Nack)]

    def _state(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._ended.set()


@asynccontextmanager
async def web_scripted(url: str, token: str = "") -> AsyncGenerator[WebScript, None]:
    """Publish by script, and end in order. Raises Refused."""
    script = WebScript()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        try:
            await script.dial(url, token, http)
            async with asyncio.TaskGroup() as group:
                living = supervise.start(group, script.live(), "signs of life")
                yield script
                await supervise.stop(living)
        finally:
            await script.close()
