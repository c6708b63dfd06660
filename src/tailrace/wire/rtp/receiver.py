"""Receiver: one publishing session's RTP and RTCP datagrams in, units and RTCP to send out.

Datagrams are told apart by payload type, which all m-lines of a bundle have different ones of (RFC 8843 9.2).
"""

from collections.abc import Sequence
from typing import Final

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit
from tailrace.wire import sdp
from tailrace.wire.rtp import packet as rtp
from tailrace.wire.rtp.alignment import Alignment
from tailrace.wire.rtp.arrivals import Arrivals
from tailrace.wire.rtp.bandwidth import Bandwidth
from tailrace.wire.rtp.rtcp import (
    Bye,
    Nack,
    Pli,
    ReceiverReport,
    Remb,
    Rtcp,
    Sdes,
    SenderReport,
    encode_compound,
    parse_compound,
)
from tailrace.wire.rtp.track import Figures, ReceivedTrack, Track

__all__ = ["TRANSPORT_WIDE", "Figures", "ReceivedTrack", "Receiver"]

TRANSPORT_WIDE: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
# Browsers report once a second on pictures; RFC 3550 6.2 would allow 5 % of the bandwidth, which is far more.
_REPORT_PERIOD = 1.0


class Receiver:
    """One session's receiving side. `session` goes into its units, `ssrc` is ours in what is sent. Times are seconds on
    any steady clock, the same for all calls; units have it in microseconds.

    `malformed` counts datagrams that were none.
    """

    def __init__(self, tracks: Sequence[ReceivedTrack], session: int, ssrc: int) -> None:
        self.malformed = 0
        self._ssrc = ssrc
        # RFC 7022 asks for a name that is one session's alone, and `ssrc` was drawn for this one.
        self._name = Sdes(ssrc, f"{ssrc:08x}")
        self._tracks = {said.kind: Track(said, session) for said in tracks}
        self._sound = self._tracks.get(sdp.Kind.AUDIO)
        self._picture = self._tracks.get(sdp.Kind.VIDEO)
        self._routes: dict[int, tuple[Track, int | None]] = {}  # by payload type: track, and what is sent again as it
        self._transport_wide: int | None = None
        rates = False
        for said in tracks:
            track = self._tracks[said.kind]
            for codec in said.codecs:
                self._routes[codec.payload_type] = track, None
                rates |= "goog-remb" in codec.feedback and "transport-cc" not in codec.feedback
            chosen = {codec.payload_type for codec in said.codecs}
            for payload_type, original in said.rtx.items():
                if original in chosen:
                    self._routes[payload_type] = track, original
            for identifier, uri in said.extensions.items():
                if uri == TRANSPORT_WIDE:
                    self._transport_wide = identifier
        self._arrivals = Arrivals()
        self._bandwidth = Bandwidth() if rates and self._transport_wide is None else None
        self._alignment = Alignment(
            self._sound.clock if self._sound is not None else None,
            self._picture.clock if self._picture is not None else None,
        )
        self._report_due = 0.0

    def rtp(self, data: bytes, now: float) -> list[Unit]:
        """Return the units that leave by this datagram. One that is none is counted and left out.

        Raises PeerError when what is published cannot be in a room: B-frames.
        """
        try:
            packet = rtp.parse(data)
        except PeerError:
            self.malformed += 1
            return []
        if (identifier := self._transport_wide) is not None:
            number = packet.extensions.get(identifier)
            if number is not None and len(number) == 2:
                self._arrivals.note(number[0] << 8 | number[1], now)
        route = self._routes.get(packet.payload_type)
        if route is None:
            return []
        track, original = route
        if original is None:
            return track.take(packet, now, False, len(data))
        # RFC 4588 4: the number that the packet had first, and then what was in it. Without, it probes the network.
        payload = packet.payload
        if len(payload) < 2 or track.ssrc is None:
            return []
        packet.payload_type = original
        packet.sequence = payload[0] << 8 | payload[1]
        packet.ssrc = track.ssrc
        packet.payload = payload[2:]
        return track.take(packet, now, True, len(data))

    def rtcp(self, data: bytes, now: float) -> None:
        """Take a datagram of RTCP. One that is none is counted and left out."""
        try:
            packets = parse_compound(data)
        except PeerError:
            self.malformed += 1
            return
        for packet in packets:
            if isinstance(packet, SenderReport):
                for track in self._tracks.values():
                    if track.ssrc == packet.ssrc and track.statistics is not None:
                        track.statistics.reported(packet, now)
                        self._alignment.report(track.clock, packet, int(now * 1_000_000))
            elif isinstance(packet, Bye):
                for track in self._tracks.values():
                    if track.ssrc in packet.ssrcs:
                        track.end()

    def poll(self, now: float) -> list[bytes]:
        """Return the RTCP to send now, at most one datagram. Call it each 20 to 50 ms, and after `want_key_frame`."""
        said: list[Rtcp] = []
        blocks = []
        if now >= self._report_due:
            blocks = [track.statistics.block(now) for track in self._tracks.values() if track.statistics is not None]
            if blocks:
                self._report_due = now + _REPORT_PERIOD
        for track in self._tracks.values():
            if track.ssrc is not None:
                if asked := track.ask(now):
                    said.append(Nack(self._ssrc, track.ssrc, tuple(asked)))
                if track.ask_key(now):
                    said.append(Pli(self._ssrc, track.ssrc))
        sources = [track.ssrc for track in self._tracks.values() if track.ssrc is not None]
        if sources and (feedback := self._arrivals.feedback(self._ssrc, sources[-1], now)) is not None:
            said.append(feedback)
        if self._bandwidth is not None and sources:
            said += self._remb(self._bandwidth, sources, now)
        if not said and not blocks:
            return []
        # Not every sender has agreed to RTCP of reduced size: each datagram begins with a report and names us.
        return [encode_compound((ReceiverReport(self._ssrc, tuple(blocks)), self._name, *said))]

    def want_key_frame(self) -> None:
        """Ask for a key frame at the next `poll`, and again until one comes."""
        if self._picture is not None and self._picture.pictures is not None:
            self._picture.pictures.wanted = True

    @property
    def heard(self) -> bool:
        """Whether a sound has come."""
        return self._sound is not None and self._sound.units > 0

    @property
    def seen(self) -> bool:
        """Whether a picture has come."""
        return self._picture is not None and self._picture.units > 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture; zeros before the first key frame."""
        pictures = self._picture.pictures if self._picture is not None else None
        return pictures.size if pictures is not None else (0, 0)

    @property
    def video_codec(self) -> Codec | None:
        """The codec of the picture; None before the first packet."""
        pictures = self._picture.pictures if self._picture is not None else None
        return pictures.codec if pictures is not None else None

    def figures(self) -> dict[sdp.Kind, Figures]:
        """Return the counts of each track."""
        return {kind: track.figures for kind, track in self._tracks.items()}

    def _remb(self, bandwidth: Bandwidth, sources: list[int], now: float) -> list[Remb]:
        counts = [track.statistics for track in self._tracks.values() if track.statistics is not None]
        estimate = bandwidth.update(
            sum(each.octets for each in counts),
            sum(each.packets for each in counts),
            sum(each.expected for each in counts),
            now,
        )
        return [] if estimate is None else [Remb(self._ssrc, estimate, tuple(sources))]
