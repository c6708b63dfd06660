"""A track over a bad network, in virtual time, with a sender that answers NACK and PLI as a browser does."""

import heapq
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tailrace.unit import Unit
from tailrace.wire import sdp
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.receiver import Receiver
from tailrace.wire.rtp.rtcp import Nack, Pli, SenderReport, parse_compound
from tests.harness.rtp import (
    AUDIO_PT,
    AUDIO_SSRC,
    PICTURE,
    RTX_PT,
    SOUND,
    VIDEO_SSRC,
    VP8_PT,
    SentTrack,
    again,
    vp8_frame,
    vp8_payloads,
)

FRAME_RATE, SECONDS = 30, 60
FRAME_BYTES = 6000  # 1.4 Mbit/s
ONE_WAY = 0.020
POLL_EACH = 0.030
# VP8's packets are sent again as those of H.264 are, under one payload type of the retransmission's own.
VP8_PICTURE = type(PICTURE)(PICTURE.kind, PICTURE.codecs, {RTX_PT: VP8_PT}, PICTURE.extensions)


@dataclass
class Network:
    """Delivers datagrams of one direction: some not at all, the others after a delay of up to `jitter` more."""

    loss: float
    jitter: float
    random: random.Random

    def delay(self) -> float | None:
        """Return how long a datagram takes, None when it is lost."""
        lost, delay = self.random.random() < self.loss, ONE_WAY + self.random.random() * self.jitter
        return None if lost else delay


@dataclass
class Session:
    """One simulated minute: what was sent and when, and what came out and when."""

    network: Network
    answers_nack: bool = True
    units: list[tuple[float, Unit]] = field(default_factory=list)
    sent: dict[bytes, float] = field(default_factory=dict)
    nacks: int = 0
    plis: int = 0
    receiver: Receiver = field(default_factory=lambda: Receiver([VP8_PICTURE, SOUND], 1, 0xABCD))

    def run(self) -> None:
        """Let the minute pass."""
        picture, sound = SentTrack(VP8_PT, VIDEO_SSRC, 65_000), SentTrack(AUDIO_PT, AUDIO_SSRC, 65_000)
        resent, frames, key_wanted = 0, 0, True
        events: list[tuple[float, int, str, object]] = []
        counter = iter(range(1 << 60))

        def at(when: float, what: str, value: object) -> None:
            heapq.heappush(events, (when, next(counter), what, value))

        def deliver(now: float, packet: Packet) -> None:
            if (delay := self.network.delay()) is not None:
                at(now + delay, "arrive", packet.encode())

        for number in range(SECONDS * FRAME_RATE):
            at(1 + number / FRAME_RATE, "picture", number)
        for number in range(SECONDS * 50):
            at(1 + number / 50, "sound", number)
        for number in range(int(SECONDS / POLL_EACH)):
            at(1 + number * POLL_EACH, "poll", None)
        for second in range(SECONDS):
            at(1.5 + second, "report", None)
        while events:
            now, _, what, value = heapq.heappop(events)
            if what == "picture" and isinstance(value, int):
                frame = vp8_frame(value, key_wanted, FRAME_BYTES * (3 if key_wanted else 1))
                key_wanted = False
                self.sent[frame[:14]] = now
                frames += 1
                for packet in picture.packets(vp8_payloads(frame), value * 90_000 // FRAME_RATE):
                    deliver(now, packet)
            elif what == "sound" and isinstance(value, int):
                payload = b"\xfc" + struct.pack(">I", value)
                self.sent[payload] = now
                for packet in sound.packets([payload], value * 960, marker=False):
                    deliver(now, packet)
            elif what == "report":
                ntp = int((3_900_000_000 + now) * (1 << 32))
                for ssrc, rate in ((AUDIO_SSRC, 48_000), (VIDEO_SSRC, 90_000)):
                    self.receiver.rtcp(SenderReport(ssrc, ntp, round((now - 1) * rate), 0, 0).encode(), now + ONE_WAY)
            elif what == "arrive" and isinstance(value, bytes):
                self.units += [(now, unit) for unit in self.receiver.rtp(value, now)]
            elif what == "poll":
                for datagram in self.receiver.poll(now):
                    if (delay := self.network.delay()) is not None:
                        at(now + delay, "feedback", datagram)
            elif what == "feedback" and isinstance(value, bytes):
                for said in parse_compound(value):
                    if isinstance(said, Pli):
                        self.plis += 1
                        key_wanted = True
                    elif isinstance(said, Nack) and self.answers_nack:
                        self.nacks += len(said.sequences)
                        for sequence in said.sequences:
                            if said.media == VIDEO_SSRC:
                                deliver(now, again(picture.history[sequence], resent & 0xFFFF))
                                resent += 1

    def of(self, kind: sdp.Kind) -> list[tuple[float, Unit]]:
        """Return the units of one track, with when they came out."""
        return [(now, unit) for now, unit in self.units if unit.codec.is_video == (kind is sdp.Kind.VIDEO)]

    def freezes(self) -> Iterator[float]:
        """Yield the seconds between two pictures."""
        yield from (after - before for (before, _), (after, _) in pairwise(self.of(sdp.Kind.VIDEO)))

    def delays(self, kind: sdp.Kind) -> list[float]:
        """Return how long each unit took from the sender until it came out, sorted."""
        return sorted(now - self.sent[unit.payload[: 14 if unit.codec.is_video else 5]] for now, unit in self.of(kind))

    def check(self) -> None:
        """What holds on every network."""
        for kind in sdp.Kind:
            units = [unit for _, unit in self.of(kind)]
            assert [unit.sequence for unit in units] == list(range(len(units)))
            assert all(after.pts_us > before.pts_us for before, after in pairwise(units))
        apart = []
        for track in (self.of(sdp.Kind.VIDEO), self.of(sdp.Kind.AUDIO)):
            _, last = track[-1]
            apart.append(last.pts_us / 1e6 - self.sent[last.payload[: 14 if last.codec.is_video else 5]])
        assert abs(apart[0] - apart[1]) < 0.001  # no drift, whatever the network did


def session(loss: float, jitter: float, seed: int, answers_nack: bool = True) -> Session:
    made = Session(Network(loss, jitter, random.Random(seed)), answers_nack)
    made.run()
    made.check()
    return made


def test_on_a_good_network_each_picture_leaves_when_its_last_packet_arrives() -> None:
    good = session(0.0, 0.0, seed=1)

    assert len(good.of(sdp.Kind.VIDEO)) == SECONDS * FRAME_RATE
    assert len(good.of(sdp.Kind.AUDIO)) == SECONDS * 50
    assert good.delays(sdp.Kind.VIDEO)[-1] == pytest.approx(ONE_WAY, abs=1e-6)
    assert (good.nacks, good.plis) == (0, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_5_percent_loss_and_50_ms_jitter_nothing_freezes_for_a_second(seed: int) -> None:
    bad = session(0.05, 0.050, seed)
    pictures, sounds = len(bad.of(sdp.Kind.VIDEO)), len(bad.of(sdp.Kind.AUDIO))
    delays = bad.delays(sdp.Kind.VIDEO)
    figures = bad.receiver.figures()[sdp.Kind.VIDEO]
    print(
        f"longest freeze {max(bad.freezes()):.3f} s, pictures {pictures} of {SECONDS * FRAME_RATE}, sounds {sounds} of "
        f"{SECONDS * 50}, picture delay median {delays[len(delays) // 2] * 1000:.0f} ms, p99 "
        f"{delays[len(delays) * 99 // 100] * 1000:.0f} ms, asked {bad.nacks}, plis {bad.plis}, {figures}"
    )

    assert max(bad.freezes()) < 1.0
    assert pictures > 0.97 * SECONDS * FRAME_RATE
    assert sounds > 0.93 * SECONDS * 50
    # The network's delay, the patience, and what comes next ends it.
    assert bad.delays(sdp.Kind.AUDIO)[-1] < ONE_WAY + 0.050 + 0.100 + 0.090


def test_with_a_sender_that_repeats_nothing_key_frames_mend_every_loss() -> None:
    bad = session(0.01, 0.020, seed=1, answers_nack=False)

    assert bad.plis > 10
    assert max(bad.freezes()) < 2.0
    assert len(bad.of(sdp.Kind.VIDEO)) > 0.3 * SECONDS * FRAME_RATE
