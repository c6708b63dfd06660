"""Track: the packets of one source in one session become units, in order and with their times.

A picture leaves as soon as its last packet is there and all before it. Sound leaves packet by packet, and goes on
behind a hole. What else is done about holes is in `reorder.py` and `pictures.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit
from tailrace.wire import sdp
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.pictures import Pictures
from tailrace.wire.rtp.reorder import Reorder, Taken
from tailrace.wire.rtp.statistics import Statistics
from tailrace.wire.rtp.track_clock import TrackClock

# How long to wait for what is missing. A picture that comes 300 ms late is better than the half second until a new key
# frame; a player in a room has not that much sound in store. Where nothing is sent again, waiting is for packets that
# were overtaken only, which takes as long as the network's jitter.
_PATIENCE = {sdp.Kind.VIDEO: 0.300, sdp.Kind.AUDIO: 0.150}
_PATIENCE_WITHOUT_NACK = 0.100
# Pictures may run a tenth faster or slower unseen. Sound is stretched by whoever decodes it, who does 0.5 % unheard.
_SLEW = {sdp.Kind.VIDEO: 0.1, sdp.Kind.AUDIO: 0.004}
# A second source of one track is a mistake, or layers that were not agreed on; but a sender that began again has one.
_SILENT_AFTER = 1.0
# A key frame takes a round trip, and a frame or two of the encoder; browsers make no more of them in a second.
_ASK_KEY_AGAIN_AFTER = 0.300
# B-frames lie some pictures back; a clock that was set, further.
_LARGEST_REORDERING_US = 1_000_000


@dataclass(frozen=True, slots=True)
class ReceivedTrack:
    """What was agreed on with the sender for one track: as in the answer (`sdp.Accepted`)."""

    kind: sdp.Kind
    codecs: tuple[sdp.Codec, ...]
    rtx: Mapping[int, int]
    extensions: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one track since it began: packets, and units in `units` and `left_out`; `jitter` in seconds."""

    packets: int
    lost: int
    recovered: int
    repeated: int
    malformed: int
    units: int
    left_out: int
    jitter: float


class Track:
    """One of the two tracks of a session. `ssrc` is None until something came."""

    def __init__(self, said: ReceivedTrack, session: int) -> None:
        self.kind = said.kind
        self.ssrc: int | None = None
        self.statistics: Statistics | None = None
        self.units = 0
        codecs = {codec.payload_type: codec for codec in said.codecs}
        self._nacks = any("nack" in codec.feedback for codec in said.codecs)
        self._rate_hz = said.codecs[0].clock_rate
        self.clock = TrackClock(self._rate_hz, _SLEW[said.kind])
        self.pictures = Pictures(codecs) if said.kind is sdp.Kind.VIDEO else None
        self._patience = _PATIENCE[said.kind] if self._nacks else _PATIENCE_WITHOUT_NACK
        self._reorder = Reorder(self._patience)
        self._session = session
        self._lost = self._recovered = self._repeated = 0  # of the sources before this one
        self._came_at = 0.0
        self._ended = False
        self._key_asked_at = -_ASK_KEY_AGAIN_AFTER

    def take(self, packet: Packet, now: float, again: bool, size: int) -> list[Unit]:
        """Return the units that leave by this packet. `again`: it came as a retransmission (RFC 4588).

        Raises PeerError when B-frames are published.
        """
        if packet.ssrc != self.ssrc and not again and not self._switch(packet.ssrc, now):
            return []
        statistics = self.statistics
        if statistics is None:
            return []  # a retransmission before anything else
        now_us = int(now * 1_000_000)
        if not again:
            self._came_at = now
            statistics.count(packet.sequence, packet.timestamp, size, now)
            self.clock.begin(packet.timestamp, now_us)
        reorder, pictures = self._reorder, self.pictures
        taken = reorder.add(packet, now, again)
        if pictures is None:
            return [
                self._unit(Codec.OPUS, each.timestamp, now_us, True, b"", each.payload)
                for each in taken
                if each is not None and each.payload
            ]
        units: list[Unit] = []
        self._picture_units(pictures, taken, now_us, units)
        # Behind a hole there is no point in waiting for pictures that are left out anyway.
        if pictures.waits and reorder.waits and (None in taken or pictures.begins_key(packet)):
            self._picture_units(pictures, reorder.skip_to(pictures.begins_key), now_us, units)
        return units

    def ask(self, now: float) -> list[int]:
        """Return the sequence numbers to ask for again now."""
        return self._reorder.ask(now) if self._nacks and self._reorder.waits else []

    def ask_key(self, now: float) -> bool:
        """Return whether to ask for a key frame now."""
        if self.pictures is None or not self.pictures.wanted or self.ssrc is None:
            return False
        if now - self._key_asked_at < _ASK_KEY_AGAIN_AFTER:
            return False
        self._key_asked_at = now
        return True

    def end(self) -> None:
        """The source said BYE: another one may follow at once."""
        self._ended = True

    @property
    def figures(self) -> Figures:
        """The counts so far."""
        reorder, pictures, statistics = self._reorder, self.pictures, self.statistics
        return Figures(
            statistics.packets if statistics else 0,
            self._lost + reorder.lost,
            self._recovered + reorder.recovered,
            self._repeated + reorder.repeated,
            pictures.malformed if pictures else 0,
            self.units,
            pictures.left_out if pictures else 0,
            statistics.jitter_seconds if statistics else 0.0,
        )

    def _switch(self, ssrc: int, now: float) -> bool:
        """Follow another source, unless the one so far still sends."""
        if self.ssrc is not None:
            if now - self._came_at < _SILENT_AFTER and not self._ended:
                return False
            self._lost += self._reorder.lost
            self._recovered += self._reorder.recovered
            self._repeated += self._reorder.repeated
            self._reorder = Reorder(self._patience)
            self.clock.break_off()
            if self.pictures is not None:
                self.pictures.hole()
        self.ssrc = ssrc
        self.statistics = Statistics(ssrc, self._rate_hz)
        self._ended = False
        return True

    def _picture_units(self, pictures: Pictures, taken: Taken, now_us: int, units: list[Unit]) -> None:
        for packet in taken:
            if packet is None:
                pictures.hole()
                continue
            for timestamp, frame in pictures.take(packet):
                if -_LARGEST_REORDERING_US < self.clock.step(timestamp) < 0:
                    raise PeerError("B-frames are not supported in rooms; publish without them")
                codec = pictures.codec or Codec.VP8
                units.append(self._unit(codec, timestamp, now_us, frame.key, frame.config, frame.payload))

    def _unit(self, codec: Codec, timestamp: int, now_us: int, key: bool, config: bytes, payload: bytes) -> Unit:
        pts_us = self.clock.at(timestamp, now_us)
        number = self.units
        self.units = number + 1
        return Unit(codec, self._session, number, pts_us, pts_us, key, config, payload)
