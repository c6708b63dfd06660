"""Sender: what one viewer is sent. Pure: units and the time go in, datagrams come out.

A viewer begins with the current group of pictures, of which only the last one is news. So they are sent quickly, and
their times are spread over the time that takes, up to the time of the last: to the player they look like pictures that
were made while they came. It decodes all of them and is up to date; with their own times it would show them at their
own pace, seconds late, for as long as one watches.

Numbers are given when a packet leaves, so that pictures which are left out leave no hole to be asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tailrace.errors import PeerError
from tailrace.ids import Kind
from tailrace.unit import Codec
from tailrace.wire.rtp.outgoing import Outgoing, SentTrack
from tailrace.wire.rtp.pacer import STEP, Pacer, rate_for
from tailrace.wire.rtp.rtcp import Fir, Nack, Pli, Sdes, encode_compound, parse_compound

# Players show nothing in sync before they have a report of both tracks, and clocks drift by microseconds a second.
REPORT_EACH = 1.0
# What may wait for one viewer: 1.3 s at MAX_RATE of the pacer. A group of pictures may be as large as that by itself.
MAX_WAITING_BYTES = 16 * 1024 * 1024
# A viewer that cannot decode is started again, which costs a group of pictures: not more often than this.
RESTART_EACH = 1.0
# Packets sent again: at most 4 Mbit/s of them, and 200 at once. Who loses more has no line for the stream.
AGAIN_RATE = 4_000_000 / 8
AGAIN_BURST = 200 * 1200
# Pictures of a start are at least this far apart, so that no two have the same time.
_APART_US = 1000
_NTP_EPOCH = 2_208_988_800


@dataclass(frozen=True, slots=True)
class Sendable:
    """One unit as RTP payloads, the same for all viewers. `time_us` is on the clock of `now`, in microseconds."""

    codec: Codec
    time_us: int
    key: bool
    payloads: Sequence[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    payload_type: int
    timestamp: int
    payload: bytes
    marker: bool


class Sender:
    """One viewer's side of a stream. Send what each method returns at once, RTP and RTCP apart.

    `key_frame_wanted`: the viewer cannot go on, or pictures were left out: call `begin` with a group of pictures, or
    let the next key frame come. `cname` ties the tracks together (RFC 3550 6.5.1).
    """

    def __init__(self, tracks: Iterable[SentTrack], cname: str) -> None:
        self.key_frame_wanted = False
        self.left_out = 0
        self._tracks = {track.kind: Outgoing(track) for track in tracks}
        self._by_ssrc = {outgoing.track.ssrc: outgoing for outgoing in self._tracks.values()}
        self._cname = cname
        self._pacer = Pacer[_Waiting]()
        self._video_last = self._audio_last = 0  # times of media, in microseconds
        self._begun = False  # a key frame was taken, and every picture since
        self._begun_at: float | None = None
        self._reported_at: float | None = None
        self._again_at = 0.0
        self._again = float(AGAIN_BURST)

    @property
    def wakes_after(self) -> float | None:
        """Seconds after which `more` has something to send; None when nothing waits."""
        return None if self._pacer.empty else STEP

    def takes(self, codec: Codec) -> bool:
        """Whether the viewer takes a codec: also when it does not want the track at all."""
        outgoing = self._tracks.get(_kind(codec))
        return outgoing is None or codec in outgoing.track.payload_types

    def may_begin(self, now: float) -> bool:
        """Whether it is not too early to begin again."""
        return self._begun_at is None or now - self._begun_at >= RESTART_EACH

    def begin(self, group: Sequence[Sendable], now: float) -> list[bytes]:
        """Take the current group of pictures, beginning with its key frame, instead of all that waits."""
        self._pacer.clear()
        self._begun, self._begun_at = False, now
        if not group:
            return []
        total = sum(picture.size for picture in group)
        span_us = max(round(total / rate_for(total) * 1_000_000), _APART_US * (len(group) - 1))
        done = accumulate(picture.size for picture in group)
        for picture, size in zip(group, done, strict=True):
            self._queue(picture, group[-1].time_us - span_us * (total - size) // max(total, 1))
        return self.more(now)

    def video(self, picture: Sendable, now: float) -> list[bytes]:
        """Take the next picture; return packets to send now."""
        if picture.key or self._begun:
            self._queue(picture, picture.time_us)
        return self.more(now)

    def more(self, now: float) -> list[bytes]:
        """Return the packets of pictures that may leave now."""
        if (outgoing := self._tracks.get(Kind.VIDEO)) is None:
            return []
        return [
            outgoing.packet(item.payload_type, item.timestamp, item.payload, marker=item.marker)
            for item in self._pacer.take(now)
        ]

    def audio(self, sound: Sendable) -> list[bytes]:
        """Take the next piece of sound; return its packets: sound never waits."""
        outgoing = self._tracks.get(Kind.AUDIO)
        if outgoing is None or (payload_type := outgoing.track.payload_types.get(sound.codec)) is None:
            return []
        # The first packet after a pause has the marker (RFC 3551 4.1).
        marker = not 0 < sound.time_us - self._audio_last < _PAUSE_US
        self._audio_last = max(sound.time_us, self._audio_last + 1)
        timestamp = outgoing.timestamp(self._audio_last)
        return [outgoing.packet(payload_type, timestamp, payload, marker=marker) for payload in sound.payloads]

    def reports(self, now: float, unix: float) -> list[bytes]:
        """Return the sender reports as one datagram when they are due; `unix` is `now` in Unix seconds."""
        if self._reported_at is not None and now - self._reported_at < REPORT_EACH:
            return []
        sending = [outgoing for outgoing in self._tracks.values() if outgoing.packets]
        if not sending:
            return []
        self._reported_at = now
        ntp = round((unix + _NTP_EPOCH) * (1 << 32)) & (1 << 64) - 1
        # Each track's report and name, so that either may be read alone (RFC 3550 6.1).
        parts = [part for out in sending for part in (out.report(now, ntp), Sdes(out.track.ssrc, self._cname))]
        return [encode_compound(parts)]

    def rtcp(self, data: bytes, now: float) -> list[bytes]:
        """Take a datagram of the viewer; return packets to send again. What cannot be read is passed over."""
        try:
            packets = parse_compound(data)
        except PeerError:
            return []
        resent: list[bytes] = []
        for packet in packets:
            match packet:
                case Nack(_, media, sequences) if (outgoing := self._by_ssrc.get(media)) is not None:
                    resent += self._send_again(outgoing, sequences, now)
                case Pli() | Fir():
                    self.key_frame_wanted = True
        return resent

    def _queue(self, picture: Sendable, time_us: int) -> None:
        outgoing = self._tracks.get(Kind.VIDEO)
        if outgoing is None or (payload_type := outgoing.track.payload_types.get(picture.codec)) is None:
            return
        if self._pacer.waiting_bytes + picture.size > MAX_WAITING_BYTES and not self._pacer.empty:
            # The viewer is far behind: nothing that waits is worth anything any more.
            self._pacer.clear()
            self._begun, self.key_frame_wanted = False, True
            self.left_out += 1
            if not picture.key:
                return
        self._begun = True
        if picture.key:
            self.key_frame_wanted = False
        self._video_last = max(time_us, self._video_last + _APART_US if self._video_last else 0)
        timestamp = outgoing.timestamp(self._video_last)
        *first, last = picture.payloads
        self._pacer.put((len(payload), _Waiting(payload_type, timestamp, payload, False)) for payload in first)
        self._pacer.put([(len(last), _Waiting(payload_type, timestamp, last, True))])

    def _send_again(self, outgoing: Outgoing, sequences: Iterable[int], now: float) -> list[bytes]:
        self._again = min(self._again + (now - self._again_at) * AGAIN_RATE, AGAIN_BURST)
        self._again_at = now
        resent = []
        for sequence in sequences:
            if self._again <= 0:
                break
            if (packet := outgoing.again(sequence, now)) is not None:
                self._again -= len(packet)
                resent.append(packet)
        return resent


# A piece of sound is at most 120 ms long (RFC 7587 3.3), and mostly 20 ms.
_PAUSE_US = 150_000


def _kind(codec: Codec) -> Kind:
    return Kind.VIDEO if codec.is_video else Kind.AUDIO
