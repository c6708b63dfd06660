"""The transport against other people's WebRTC: aiortc, FFmpeg's WHIP, Chromium."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from playwright.async_api import async_playwright

from tailrace.config import Listen, WebRtc
from tailrace.ids import SdkAppId, UserId
from tailrace.net.webrtc import udp
from tailrace.net.webrtc.peer import Closed, How, Peer
from tailrace.wire.sdp import Accepted, Direction, Kind, Media, Setup, answer, parse_offer
from tests.harness.certificate import self_signed
from tests.harness.chromium import OPTIONS, chromium_missing

# Browsers start slowly on a machine that runs tests.
DEADLINE = 60.0
WANTED = {Kind.AUDIO: ("opus",), Kind.VIDEO: ("H264", "VP8")}
PUBLISH = """async () => {
    const connection = window.connection = new RTCPeerConnection();
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    const draw = () => { canvas.getContext('2d').fillRect(Math.random() * 99, 0, 9, 9); setTimeout(draw, 50); };
    draw();
    const sound = new AudioContext().createMediaStreamDestination();
    for (const track of [...sound.stream.getTracks(), ...canvas.captureStream(20).getTracks()])
        connection.addTransceiver(track, {direction: 'sendonly'});
    await connection.setLocalDescription(await connection.createOffer());
    return connection.localDescription.sdp;
}"""
ANSWER = "sdp => window.connection.setRemoteDescription({type: 'answer', sdp})"
RESTART = """async () => {
    await window.connection.setLocalDescription(await window.connection.createOffer({iceRestart: true}));
    return window.connection.localDescription.sdp;
}"""
# As FFmpeg's command line does with -f whip; PyAV holds the interpreter lock meanwhile, hence a process of its own.
FFMPEG = """
import fractions, sys, time, av, numpy
output = av.open(sys.argv[1], "w", format="whip", options={"cert_file": sys.argv[2], "key_file": sys.argv[3]})
picture = output.add_stream("libx264", rate=20, options={"profile": "baseline", "tune": "zerolatency"})
picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
sound = output.add_stream("libopus", rate=48000, layout="stereo")
for number in range(40):
    frame = av.VideoFrame.from_ndarray(numpy.full((64, 64, 3), number, numpy.uint8), "rgb24")
    frame.pts, frame.time_base = number, fractions.Fraction(1, 20)
    output.mux(picture.encode(frame))
    time.sleep(0.05)
output.close()
"""


class Endpoint:
    """Answers one offer, and counts what comes."""

    def __init__(self, endpoint: udp.Endpoint, peer: Peer) -> None:
        self.peer = peer
        self.endpoint = endpoint
        self.packets = {"rtp": 0, "rtcp": 0}
        self.enough = asyncio.Event()
        self.changed = asyncio.Event()
        self.offered: Setup | None = None
        peer.on_rtp = lambda _packet, _now: self._count("rtp")
        peer.on_rtcp = lambda _packet, _now: self._count("rtcp")

    def _count(self, kind: str) -> None:
        self.packets[kind] += 1
        self.changed.set()
        if self.packets["rtp"] >= 20 and self.packets["rtcp"] >= 1:
            self.enough.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Look at each packet."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def answer(self, text: str, *, first: bool = True) -> str:
        offer = parse_offer(text)
        self.offered = offer.setup
        if first:
            self.peer.start(offer)
        return answer(offer, [accept(media) for media in offer.media], self.peer.local)


def accept(media: Media) -> Accepted:
    codec = next(codec for name in WANTED[media.kind] for codec in media.codecs if codec.name == name)
    rtx = {repeat: apt for repeat, apt in media.rtx.items() if apt == codec.payload_type}
    return Accepted((codec,), Direction.RECVONLY, rtx, media.extensions)


def run(scene: Callable[[Endpoint], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(DEADLINE), udp.serving(Listen(webrtc=0), WebRtc(handshake_timeout=30), 10) as port:
            await scene(Endpoint(port, await port.peer((SdkAppId(1400000001), UserId("anna")))))

    uvloop.run(main())


@pytest.mark.parametrize("setup", ["actpass", "active", "passive"])
def test_aiortc_publishes_whoever_begins_dtls(setup: str) -> None:
    async def scene(ours: Endpoint) -> None:
        theirs = RTCPeerConnection()
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            theirs.addTransceiver(track, direction="sendonly")
        await theirs.setLocalDescription(await theirs.createOffer())
        said = ours.answer(theirs.localDescription.sdp.replace("a=setup:actpass", f"a=setup:{setup}"))
        await theirs.setRemoteDescription(RTCSessionDescription(said, "answer"))
        await ours.peer.connected
        await ours.enough.wait()
        await theirs.close()

        assert await ours.peer.closed == Closed(How.ORDERLY, "closed by the peer")

    run(scene)


def test_ffmpeg_which_insists_on_being_the_dtls_server_publishes(tmp_path: Path) -> None:
    # What it would make itself is of P-224 when it is built with GnuTLS; OpenSSL does not know that curve any more.
    self_signed(tmp_path)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"

    async def scene(ours: Endpoint) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if not head.startswith("POST"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                body = ours.answer((await _body(reader, head)).decode()).encode()
                writer.write(b"HTTP/1.1 201 Created\r\nLocation: /session\r\nContent-Type: application/sdp\r\n")
                writer.write(b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            words = (f"http://127.0.0.1:{port}/whip", str(certificate), str(key))
            ffmpeg = await asyncio.create_subprocess_exec(sys.executable, "-c", FFMPEG, *words)
            try:
                await ours.peer.connected
                await ours.enough.wait()
            finally:
                ffmpeg.terminate()
                await ffmpeg.wait()

            assert ours.offered is Setup.PASSIVE

    run(scene)


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    if "chunked" not in head.lower():
        length = int(head.lower().partition("content-length:")[2].split()[0])
        return await reader.readexactly(length)
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


@pytest.mark.skipif(bool(chromium_missing()), reason=chromium_missing() or "-")
def test_chromium_publishes_restarts_ice_and_says_good_bye() -> None:
    async def scene(ours: Endpoint) -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**OPTIONS)
            page = await browser.new_page()
            await page.evaluate(ANSWER, ours.answer(await page.evaluate(PUBLISH)))
            await ours.peer.connected
            await ours.enough.wait()

            offer = await page.evaluate(RESTART)
            before, after = ours.peer.local.ufrag, ours.peer.restart().ufrag
            await page.evaluate(ANSWER, ours.answer(offer, first=False))
            await ours.until(lambda: not ours.peer.restarting)
            ours.packets["rtp"] = ours.packets["rtcp"] = 0
            ours.enough.clear()
            await ours.enough.wait()
            await page.evaluate("() => window.connection.close()")
            closed = await ours.peer.closed
            await browser.close()

            assert before != after
            assert closed.how is How.ORDERLY

    run(scene)
