"""Web viewers: browsers in one process that watch over WHEP, and decode nothing.

`python -m bench.web_viewers` reads a JSON list of `{"url", "token"}` from its input, and writes lines of JSON:
`connected` once all are; then twice a second `figures`: the packets that each has got; at the end, upon SIGTERM,
`stamps`: digest and time of each picture of the first one, taken when its last packet came. With `--answer` there is
one, who gets an offer and posts an answer.
"""

import asyncio
import hashlib
import json
import random
import signal
import sys
import time
from typing import Final

import uvloop

from bench.told import say
from bench.web_publishers import OFFER
from bench.webrtc_client import Client, Place
from tailrace import supervise
from tailrace.wire.rtp.receiver import ReceivedTrack, Receiver
from tailrace.wire.rtp.rtcp import ReceiverReport
from tailrace.wire.sdp import Offer, Setup

_FIGURES_EACH: Final = 0.5
# As browsers do.
_POLL_EACH: Final = 0.03
_REPORT_EACH: Final = 1.0
_SESSION: Final = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0")


class Viewer:
    """One that counts packets."""

    def __init__(self) -> None:
        self.packets = 0
        self.stamps: list[tuple[str, float]] = []
        self.client = Client(self._rtp, lambda _packet, _now: None)
        self._ssrc = random.getrandbits(32)

    async def dial(self, place: Place) -> None:
        """Watch there."""
        await self.client.dial(place, OFFER.format(head=self.client.head(), direction="recvonly", sound="", picture=""))

    async def live(self) -> None:
        """Give signs of life."""
        while True:
            self.client.send_rtcp(ReceiverReport(self._ssrc, ()).encode())
            await asyncio.sleep(_REPORT_EACH)

    def _rtp(self, _packet: bytes, _now: float) -> None:
        self.packets += 1


class Stamping(Viewer):
    """One that puts pictures together, asks for what it lacks, and stamps them."""

    def __init__(self) -> None:
        super().__init__()
        self._receiver: Receiver | None = None
        self._early: list[tuple[bytes, float]] = []

    async def dial(self, place: Place) -> None:
        """Watch there."""
        offer = OFFER.format(head=self.client.head(), direction="recvonly", sound="", picture="")
        self.begin(await self.client.dial(place, offer))

    async def answer(self, place: Place) -> None:
        """Watch what is offered there."""
        self.begin(await self.client.answer(place, self._answer))

    def _answer(self, offer: Offer) -> str:
        """Accept the first codec of each track."""
        lines = [*_SESSION, f"a=group:BUNDLE {' '.join(media.mid for media in offer.media)}"]
        for media in offer.media:
            codec = media.codecs[0]
            lines += [
                f"m={media.name} 9 {media.protocol} {codec.payload_type}",
                "c=IN IP4 0.0.0.0",
                self.client.head(Setup.ACTIVE),
                f"a=mid:{media.mid}",
                "a=recvonly",
                f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}" + "/2" * (codec.name == "opus"),
                *(f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in codec.feedback),
            ]
        return "\n".join((*lines, ""))

    def begin(self, answer: Offer) -> None:
        """Read what comes by what was agreed on."""
        tracks = [ReceivedTrack(media.kind, media.codecs, media.rtx, media.extensions) for media in answer.media]
        self._receiver = Receiver(tracks, 1, self._ssrc)
        for packet, now in self._early:
            self._rtp(packet, now)

    async def live(self) -> None:
        """Ask for what is missing."""
        while True:
            assert self._receiver is not None
            for packet in self._receiver.poll(time.monotonic()):
                self.client.send_rtcp(packet)
            await asyncio.sleep(_POLL_EACH)

    def _rtp(self, packet: bytes, now: float) -> None:
        if self._receiver is None:
            self._early.append((packet, now))
            return
        self.packets += 1
        for unit in self._receiver.rtp(packet, now):
            if unit.codec.is_video:
                self.stamps.append((hashlib.blake2b(unit.payload, digest_size=8).hexdigest(), now))


async def watch(places: list[Place], *, answer: bool) -> None:
    """Watch all of them until SIGTERM; with `answer` a single one, whose server makes the offer."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    first = Stamping()
    viewers = [first, *(Viewer() for _ in places[1:])]
    try:
        if answer:
            await first.answer(places[0])
        else:
            for viewer, place in zip(viewers, places, strict=True):
                await viewer.dial(place)
        say("connected")
        async with asyncio.TaskGroup() as group:
            tasks = [supervise.start(group, viewer.live(), "viewer") for viewer in viewers]
            tasks.append(supervise.start(group, _tell(viewers), "figures"))
            await over.wait()
            for task in tasks:
                await supervise.stop(task)
        say("stamps", stamps=first.stamps)
    finally:
        for viewer in viewers:
            viewer.client.close()


async def _tell(viewers: list[Viewer]) -> None:
    while True:
        await asyncio.sleep(_FIGURES_EACH)
        say("figures", packets=[viewer.packets for viewer in viewers])


if __name__ == "__main__":
    uvloop.run(watch([Place(**place) for place in json.load(sys.stdin)], answer="--answer" in sys.argv))
