"""Web publishers: many browsers in one process that publish the clip over WHIP.

`python -m bench.web_publishers FILM SOUND` reads a JSON list of `{"url", "token"}` from its input, and writes lines of
JSON: `connected` once all are; then twice a second `figures`, for each publisher how many packets it had sent when the
server last reported, how many the server then had, and when that was, and the `film` that all together have sent by
`now`, in seconds; at the end, upon SIGTERM, `stamps`: digest and time of each picture of the first one, taken before
its first packet leaves.

FFmpeg's WHIP muxer would be the obvious publisher. It is not used: it neither numbers packets transport-wide nor
spreads pictures as browsers do, and cannot tell when a picture left. This one costs less as well.
"""

import asyncio
import heapq
import json
import random
import signal
import struct
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop

from bench import clip, rtp_film
from bench.rtp_film import AUDIO, RATES, VIDEO, Film, Piece
from bench.told import say
from bench.webrtc_client import Client, Place
from tailrace import supervise
from tailrace.errors import PeerError
from tailrace.wire.rtp.rtcp import (
    Nack,
    Pli,
    ReceiverReport,
    ReportBlock,
    Sdes,
    SenderReport,
    encode_compound,
    parse_compound,
)

_HEADER: Final = struct.Struct(">BBHIIHHBHB")
_EXTENDED, _MARKER, _ONE_BYTE_FORM, _TRANSPORT_ID = 0x90, 0x80, 0xBEDE, 3
# What can be sent again, as of browsers.
_HISTORY: Final = 1024
_NTP_EPOCH: Final = 2_208_988_800
_REPORT_EACH: Final = 1.0
_FIGURES_EACH: Final = 0.5
# Handshakes at once: more would be a load of its own.
_DIALS: Final = 4
# Packets leave this much late at most, together with others that are due.
_TICK: Final = 0.001

OFFER: Final = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
{head}
a=mid:0
a={direction}
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtcp-fb:111 transport-cc
{sound}
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
{head}
a=mid:1
a={direction}
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:96 H264/90000
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 transport-cc
{picture}
"""


@dataclass(slots=True)
class Figures:
    """Of one publisher. `received` packets had come of the `sent` ones when the server reported, at `at` (monotonic);
    `lost` are those that it then missed. `again`: packets that it asked for; `keys`: key frames that it asked for."""

    at: float = 0.0
    sent: int = 0
    received: int = 0
    lost: int = 0
    again: int = 0
    keys: int = 0


@dataclass(slots=True)
class _Track:
    ssrc: int
    first: int
    timestamp: int
    packets: int = 0
    octets: int = 0
    # As of the last report about it: packets sent by then, those that had come, and those that had not.
    sent: int = 0
    received: int = 0
    lost: int = 0


class Publisher:
    """One of them: `send` pieces when they are due."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._client = Client(lambda _packet, _now: None, self._rtcp)
        self._tracks = {
            kind: _Track(random.getrandbits(32), random.randrange(1000), random.getrandbits(32))
            for kind in (AUDIO, VIDEO)
        }
        self._by_ssrc = {track.ssrc: track for track in self._tracks.values()}
        self._number = 0
        self._sent: dict[tuple[int, int], bytes] = {}
        self._order: list[tuple[int, int]] = []
        self._reported_at = 0.0

    async def dial(self, place: Place) -> None:
        """Publish there."""
        said = {kind: f"a=msid:stream {kind}\na=ssrc:{self._tracks[kind].ssrc} cname:bench" for kind in (AUDIO, VIDEO)}
        offer = OFFER.format(head=self._client.head(), direction="sendonly", sound=said[AUDIO], picture=said[VIDEO])
        await self._client.dial(place, offer)

    def send(self, piece: Piece, rounds: int, film: Film) -> None:
        """Send one packet; `rounds`: how often the film has been played to its end before."""
        track = self._tracks[piece.payload_type]
        sequence = (track.first + track.packets) & 0xFFFF
        shift = round(rounds * film.seconds * RATES[piece.payload_type])
        header = _HEADER.pack(
            _EXTENDED,
            piece.payload_type | (_MARKER if piece.marker else 0),
            sequence,
            (track.timestamp + piece.timestamp + shift) & 0xFFFFFFFF,
            track.ssrc,
            _ONE_BYTE_FORM,
            1,
            _TRANSPORT_ID << 4 | 1,
            self._number & 0xFFFF,
            0,
        )
        self._number += 1
        track.packets += 1
        track.octets += len(piece.payload)
        self._keep((track.ssrc, sequence), self._client.send_rtp(header + piece.payload))

    def report(self, began: float, now: float) -> None:
        """Send sender reports when they are due; the film began at `began`."""
        if now - self._reported_at < _REPORT_EACH:
            return
        self._reported_at = now
        ntp = round((time.time() + _NTP_EPOCH) * (1 << 32)) & (1 << 64) - 1
        for kind, track in self._tracks.items():
            moment = (track.timestamp + round((now - began) * RATES[kind])) & 0xFFFFFFFF
            report = SenderReport(track.ssrc, ntp, moment, track.packets, track.octets)
            self._client.send_rtcp(encode_compound((report, Sdes(track.ssrc, "bench"))))

    def close(self) -> None:
        """End in order."""
        self._client.close()

    def _keep(self, key: tuple[int, int], datagram: bytes) -> None:
        if len(self._order) < _HISTORY:
            self._order.append(key)
        else:
            index = self._number % _HISTORY
            self._sent.pop(self._order[index], None)
            self._order[index] = key
        self._sent[key] = datagram

    def _rtcp(self, data: bytes, now: float) -> None:
        try:
            packets = parse_compound(data)
        except PeerError:
            return
        for packet in packets:
            match packet:
                case ReceiverReport() | SenderReport():
                    for block in packet.blocks:
                        if (track := self._by_ssrc.get(block.ssrc)) is not None:
                            self._count(track, block, now)
                case Nack():
                    for sequence in packet.sequences:
                        if (datagram := self._sent.get((packet.media, sequence))) is not None:
                            self.figures.again += 1
                            self._client.send(datagram)
                case Pli():
                    self.figures.keys += 1

    def _count(self, track: _Track, block: ReportBlock, now: float) -> None:
        # No report can be of what was not sent yet, so that what is above the low 16 bits is known.
        ahead = (track.first + track.packets - 1 - block.highest) & 0xFFFF
        track.sent, track.lost = track.packets, block.lost
        track.received = track.packets - ahead - block.lost
        figures, tracks = self.figures, self._tracks.values()
        figures.at = now
        figures.sent, figures.received, figures.lost = (
            sum(getattr(each, name) for each in tracks) for name in ("sent", "received", "lost")
        )


class Playing:
    """All of them, each with the film from its begin, out of step with each other."""

    def __init__(self, film: Film, publishers: list[Publisher]) -> None:
        self._film = film
        self._publishers = publishers
        self.stamps: list[tuple[str, float]] = []
        self._played = [0.0] * len(publishers)
        now = time.monotonic()
        # Their key frames are spread evenly.
        self._began = [now + clip.GOP_SECONDS * index / len(publishers) for index in range(len(publishers))]

    async def tell(self) -> None:
        """Say how it goes."""
        while True:
            await asyncio.sleep(_FIGURES_EACH)
            figures = [asdict(publisher.figures) for publisher in self._publishers]
            say("figures", now=time.monotonic(), film=sum(self._played), figures=figures)

    async def run(self, over: asyncio.Event) -> None:
        """Play until it is over."""
        due = [(began, index, 0) for index, began in enumerate(self._began)]
        heapq.heapify(due)
        pieces, seconds = self._film.pieces, self._film.seconds
        while not over.is_set():
            now = time.monotonic()
            while due[0][0] <= now:
                _, index, position = due[0]
                rounds, place = divmod(position, len(pieces))
                piece = pieces[place]
                if not index and piece.digest:
                    self.stamps.append((piece.digest, time.monotonic()))
                self._publishers[index].send(piece, rounds, self._film)
                self._played[index] = rounds * seconds + piece.at
                rounds, place = divmod(position + 1, len(pieces))
                heapq.heapreplace(
                    due, (self._began[index] + rounds * seconds + pieces[place].at, index, position + 1)
                )  # fmt: skip
            for publisher, began in zip(self._publishers, self._began, strict=True):
                publisher.report(began, now)
            await asyncio.sleep(max(_TICK, due[0][0] - time.monotonic()))


async def publish(film: Film, places: list[Place]) -> None:
    """Publish to all places until SIGTERM."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    publishers = [Publisher() for _ in places]
    try:
        pairs = list(zip(publishers, places, strict=True))
        for first in range(0, len(pairs), _DIALS):
            await asyncio.gather(*(publisher.dial(place) for publisher, place in pairs[first : first + _DIALS]))
        say("connected")
        playing = Playing(film, publishers)
        async with asyncio.TaskGroup() as group:
            telling = supervise.start(group, playing.tell(), "figures")
            await playing.run(over)
            await supervise.stop(telling)
        say("stamps", stamps=playing.stamps)
    finally:
        for publisher in publishers:
            publisher.close()


if __name__ == "__main__":
    video, audio = map(Path, sys.argv[1:])
    uvloop.run(publish(rtp_film.load(video, audio), [Place(**place) for place in json.load(sys.stdin)]))
