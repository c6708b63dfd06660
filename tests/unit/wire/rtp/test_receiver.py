"""The receiving side of a session: datagrams in, units and RTCP out."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.unit import Codec, Unit
from tailrace.wire import h264, sdp
from tailrace.wire.rtp.packet import Packet
from tailrace.wire.rtp.receiver import ReceivedTrack, Receiver
from tailrace.wire.rtp.rtcp import (
    Bye,
    Nack,
    Pli,
    ReceiverReport,
    Remb,
    Rtcp,
    Sdes,
    SenderReport,
    TransportFeedback,
    parse_compound,
)
from tests.harness.rtp import (
    AUDIO_PT,
    AUDIO_SSRC,
    PICTURE,
    PPS,
    RTX_PT,
    RTX_SSRC,
    SOUND,
    SPS,
    TRANSPORT_ID,
    VIDEO_PT,
    VIDEO_SSRC,
    VP8,
    VP8_PT,
    SentTrack,
    again,
    h264_payloads,
    vp8_frame,
    vp8_payloads,
)

OURS = 0xABCD
SESSION = 7
KEY = [SPS, PPS, b"\x65\x88" + bytes(3000)]
DELTA = [b"\x41\x9a" + bytes(2000)]


def receiver() -> Receiver:
    return Receiver([PICTURE, SOUND], SESSION, OURS)


def said(to: Receiver, now: float) -> list[Rtcp]:
    return [packet for datagram in to.poll(now) for packet in parse_compound(datagram)]


def test_a_picture_leaves_with_its_last_packet() -> None:
    ours, sender = receiver(), SentTrack()
    *before, last = sender.packets(h264_payloads(KEY), 0)

    assert [ours.rtp(packet.encode(), 1.0) for packet in before] == [[]] * len(before)
    (unit,) = ours.rtp(last.encode(), 1.0)

    assert (unit.codec, unit.session, unit.sequence, unit.key) == (Codec.H264, SESSION, 0, True)
    assert h264.parse_config(unit.config).sps == (SPS,)
    assert list(h264.nal_units(unit.payload)) == [KEY[2]]
    assert (ours.seen, ours.heard, ours.size, ours.video_codec) == (True, False, (640, 480), Codec.H264)


def test_a_vp8_picture_and_a_sound_become_units() -> None:
    ours, frame = receiver(), vp8_frame(0, key=True, size=3000)
    picture = SentTrack(VP8_PT)
    sound = SentTrack(AUDIO_PT, AUDIO_SSRC)

    units: list[Unit] = []
    for packet in (*picture.packets(vp8_payloads(frame), 0), *sound.packets([b"\xfcopus"], 0, marker=False)):
        units += ours.rtp(packet.encode(), 1.0)

    assert [(unit.codec, unit.key, unit.config, unit.payload) for unit in units] == [
        (Codec.VP8, True, b"", frame),
        (Codec.OPUS, True, b"", b"\xfcopus"),
    ]
    assert (ours.seen, ours.heard, ours.size, ours.video_codec) == (True, True, (640, 480), Codec.VP8)


def test_times_are_microseconds_of_the_senders_timestamps() -> None:
    ours, sender = receiver(), SentTrack(AUDIO_PT, AUDIO_SSRC)
    times = []
    for number in range(50):
        (packet,) = sender.packets([b"\xfcx"], 0xFFFFFF00 + 960 * number)  # wraps within the first packets
        arrival = 5.0 + number * 0.02 + (0.013 if number % 3 else 0.0)
        times += [unit.pts_us for unit in ours.rtp(packet.encode(), arrival)]

    assert times == [5_000_000 + 20_000 * number for number in range(50)]


def test_a_lost_packet_is_asked_for_and_mended_by_a_retransmission() -> None:
    ours, sender = receiver(), SentTrack(sequence=65_534)  # wraps within the picture
    ours.rtp(Packet(AUDIO_PT, False, 1, 0, AUDIO_SSRC, b"\xfcx").encode(), 0.9)
    packets = sender.packets(h264_payloads(KEY), 0)
    first, missing, *rest = packets
    for packet in (first, *rest):
        assert ours.rtp(packet.encode(), 1.0) == []

    assert [packet for packet in said(ours, 1.02) if isinstance(packet, Nack)] == [
        Nack(OURS, VIDEO_SSRC, (missing.sequence,))
    ]
    (unit,) = ours.rtp(again(missing, 5).encode(), 1.05)

    assert list(h264.nal_units(unit.payload)) == [KEY[2]]
    assert ours.figures()[sdp.Kind.VIDEO].recovered == 1
    assert said(ours, 1.2) == []


def test_what_is_not_mended_in_time_is_given_up_and_a_key_frame_asked_for() -> None:
    ours, sender = receiver(), SentTrack()
    for packet in sender.packets(h264_payloads(KEY), 0):
        ours.rtp(packet.encode(), 1.0)
    _lost, *rest = sender.packets(h264_payloads(DELTA), 3000)
    for packet in rest:
        ours.rtp(packet.encode(), 1.03)
    units: list[Unit] = []
    for number in range(2, 20):
        for packet in sender.packets(h264_payloads(DELTA), 3000 * number):
            units += ours.rtp(packet.encode(), 1.0 + number / 30)

    assert units == []
    assert Pli(OURS, VIDEO_SSRC) in said(ours, 1.7)
    assert Pli(OURS, VIDEO_SSRC) not in said(ours, 1.8)  # not so soon again
    for packet in sender.packets(h264_payloads(KEY), 3000 * 20):
        units += ours.rtp(packet.encode(), 1.9)

    assert [(unit.key, unit.sequence) for unit in units] == [(True, 1)]
    assert Pli(OURS, VIDEO_SSRC) not in said(ours, 3.0)
    assert ours.figures()[sdp.Kind.VIDEO].lost == 1
    assert ours.figures()[sdp.Kind.VIDEO].left_out == 19


def test_a_key_frame_ends_the_wait_for_packets_before_it() -> None:
    ours, sender = receiver(), SentTrack()
    for packet in sender.packets(h264_payloads(DELTA), 0):
        assert ours.rtp(packet.encode(), 1.0) == []
    sender.packets(h264_payloads(DELTA), 3000)  # lost
    units: list[Unit] = []
    for packet in sender.packets(h264_payloads(KEY), 6000):
        units += ours.rtp(packet.encode(), 1.05)

    assert [unit.key for unit in units] == [True]


def test_sound_goes_on_behind_a_hole() -> None:
    ours, sender = receiver(), SentTrack(AUDIO_PT, AUDIO_SSRC)
    units: list[Unit] = []
    for number in range(20):
        (packet,) = sender.packets([bytes((0xFC, number))], 960 * number)
        if number != 5:
            units += ours.rtp(packet.encode(), number * 0.02)

    assert [unit.payload[1] for unit in units] == [number for number in range(20) if number != 5]
    assert [unit.pts_us // 20_000 for unit in units] == [number for number in range(20) if number != 5]
    assert [unit.sequence for unit in units] == list(range(19))


def test_a_key_frame_that_is_wanted_is_asked_for_until_it_comes() -> None:
    ours, sender = receiver(), SentTrack()
    for packet in sender.packets(h264_payloads(KEY), 0):
        ours.rtp(packet.encode(), 1.0)
    assert Pli(OURS, VIDEO_SSRC) not in said(ours, 1.0)

    ours.want_key_frame()

    assert Pli(OURS, VIDEO_SSRC) in said(ours, 1.0)
    assert Pli(OURS, VIDEO_SSRC) not in said(ours, 1.1)
    assert Pli(OURS, VIDEO_SSRC) in said(ours, 1.4)
    for packet in sender.packets(h264_payloads(KEY), 3000):
        ours.rtp(packet.encode(), 1.5)
    assert Pli(OURS, VIDEO_SSRC) not in said(ours, 2.0)


def test_reports_tell_loss_and_answer_the_senders() -> None:
    ours, sender = receiver(), SentTrack(AUDIO_PT, AUDIO_SSRC)
    for number in range(100):
        (packet,) = sender.packets([b"\xfcx"], 960 * number)
        if number % 4:
            ours.rtp(packet.encode(), 10 + number * 0.02)
    ours.rtcp(SenderReport(AUDIO_SSRC, 0x1234_5678_0000_0000, 0, 0, 0).encode(), 12.0)

    report, name, *_ = said(ours, 12.5)

    assert isinstance(report, ReceiverReport)
    assert isinstance(name, Sdes)
    (block,) = report.blocks
    assert (block.ssrc, block.lost, block.highest) == (AUDIO_SSRC, 24, 1099)
    assert block.fraction_lost == 24 * 256 // 99
    assert (block.last_sr, block.delay) == (0x5678_0000, 32768)


def test_arrivals_are_told_each_tenth_of_a_second() -> None:
    ours, sender = receiver(), SentTrack(AUDIO_PT, AUDIO_SSRC)
    told: list[TransportFeedback] = []
    for number in range(50):
        (packet,) = sender.packets([b"\xfcx"], 960 * number)
        packet.extensions = {TRANSPORT_ID: struct.pack(">H", (65_530 + number) & 0xFFFF)}
        now = 10 + number * 0.02
        if number != 8:
            ours.rtp(packet.encode(), now)
        told += [each for each in said(ours, now) if isinstance(each, TransportFeedback)]

    assert 8 <= len(told) <= 10
    assert [each.number for each in told] == list(range(len(told)))
    came = {(each.first + index) & 0xFFFF: ticks for each in told for index, ticks in enumerate(each.arrivals) if ticks}
    assert (65_530 + 8) & 0xFFFF not in came
    assert came[65_530] == 40_000
    assert came[3] - came[1] == 160


def test_remb_is_for_senders_that_know_nothing_else() -> None:
    old = sdp.Codec(VIDEO_PT, "H264", 90_000, 1, {}, ("nack", "nack pli", "goog-remb"))
    ours = Receiver([ReceivedTrack(sdp.Kind.VIDEO, (old,), {}, {})], SESSION, OURS)
    for packet in SentTrack().packets(h264_payloads(KEY), 0):
        ours.rtp(packet.encode(), 1.0)

    (remb,) = (packet for packet in said(ours, 1.0) if isinstance(packet, Remb))

    assert remb.ssrcs == (VIDEO_SSRC,)
    assert remb.bits_per_second >= 150_000


def test_pictures_in_another_order_than_they_are_shown_are_refused() -> None:
    ours, sender = receiver(), SentTrack()
    for packet in sender.packets(h264_payloads(KEY), 9000):
        ours.rtp(packet.encode(), 1.0)
    *before, last = sender.packets(h264_payloads(DELTA), 3000)
    for packet in before:
        ours.rtp(packet.encode(), 1.1)

    with pytest.raises(PeerError, match="B-frames"):
        ours.rtp(last.encode(), 1.1)


def test_a_second_source_is_followed_once_the_first_is_silent_or_has_said_goodbye() -> None:
    ours = receiver()
    first, second, third = (SentTrack(AUDIO_PT, ssrc) for ssrc in (1, 2, 3))

    def send(track: SentTrack, now: float) -> int:
        (packet,) = track.packets([b"\xfcx"], 123_456 * track.ssrc)
        return len(ours.rtp(packet.encode(), now))

    assert [send(first, 1.0), send(second, 1.1), send(first, 1.2)] == [1, 0, 1]
    assert send(second, 2.5) == 1
    ours.rtcp(Bye((2,)).encode(), 2.6)
    assert send(third, 2.7) == 1


def test_probes_and_unknown_payloads_are_left_out() -> None:
    ours = receiver()

    assert ours.rtp(Packet(RTX_PT, False, 1, 0, RTX_SSRC, b"").encode(), 1.0) == []
    assert ours.rtp(Packet(RTX_PT, False, 2, 0, RTX_SSRC, b"\x00\x01x").encode(), 1.0) == []
    assert ours.rtp(Packet(50, False, 1, 0, 9, b"what").encode(), 1.0) == []
    assert said(ours, 1.0) == []


def test_a_retransmission_of_what_was_not_agreed_on_is_left_out() -> None:
    ours = Receiver([ReceivedTrack(sdp.Kind.VIDEO, (VP8,), {RTX_PT: VIDEO_PT}, {})], SESSION, OURS)
    (packet,) = SentTrack(VP8_PT).packets(vp8_payloads(vp8_frame(0, key=True)), 0)
    ours.rtp(packet.encode(), 1.0)

    assert ours.rtp(Packet(RTX_PT, True, 1, 3000, RTX_SSRC, b"\x03\xe9" + PPS).encode(), 1.0) == []


def test_padding_between_pictures_is_no_loss() -> None:
    ours, sender = receiver(), SentTrack()
    units: list[Unit] = []
    for payloads, timestamp in ((h264_payloads(KEY), 0), ([b""], 0), (h264_payloads(DELTA), 3000)):
        for packet in sender.packets(payloads, timestamp, marker=payloads != [b""]):
            units += ours.rtp(packet.encode(), 1.0)

    assert [unit.key for unit in units] == [True, False]


FATES = st.lists(st.tuples(st.integers(0, 250), st.sampled_from(["comes", "comes", "comes", "lost", "twice"])))


@given(st.integers(0, 0xFFFF), st.integers(1, 9), FATES, st.booleans())
def test_every_picture_that_comes_out_went_in_and_can_be_decoded(
    first: int, key_each: int, fates: list[tuple[int, str]], markers: bool
) -> None:
    """Pictures of one to three packets, each of which is delayed by some ms, lost, or comes twice."""
    ours, sender, deliveries = receiver(), SentTrack(VP8_PT, sequence=first), list[tuple[float, Packet]]()
    frames, fate = [], iter(fates)
    for number in range(len(fates) // 2 + 1):
        frames.append(vp8_frame(number, number % key_each == 0, size=40 * (number % 3)))
        for packet in sender.packets(vp8_payloads(frames[-1], 50), 3000 * number, markers):
            delay_ms, what = next(fate, (0, "comes"))
            copies = {"lost": 0, "comes": 1, "twice": 2}[what]
            deliveries += [(1 + number / 30 + delay_ms / 1000 * copy, packet) for copy in range(1, copies + 1)]
    deliveries.sort(key=lambda delivery: delivery[0])

    units = [unit for now, packet in deliveries for unit in ours.rtp(packet.encode(), now)]

    numbers = [frames.index(unit.payload) for unit in units]
    assert numbers == sorted(set(numbers))
    assert all(unit.key or numbers[index - 1] == numbers[index] - 1 for index, unit in enumerate(units) if index)
    assert not units or units[0].key
    assert all(unit.key == (number % key_each == 0) for unit, number in zip(units, numbers, strict=True))
    if all(what == "comes" and not delay for delay, what in fates):
        assert len(units) >= len(frames) - (0 if markers else 1)


@given(st.lists(st.tuples(st.sampled_from([VIDEO_PT, RTX_PT, VP8_PT, AUDIO_PT]), st.binary(max_size=60)), max_size=40))
def test_noise_is_counted_or_refused(noise: list[tuple[int, bytes]]) -> None:
    ours = Receiver([PICTURE, SOUND], SESSION, OURS)
    for index, (payload_type, data) in enumerate(noise):
        with suppress(PeerError):  # B-frames
            ours.rtp(bytes((0x80 | data[0] & 0x3F if data else 0x80, payload_type)) + data, 1.0 + index / 100)
        ours.rtcp(data, 1.0 + index / 100)
        for datagram in ours.poll(1.0 + index / 100):
            parse_compound(datagram)
    assert ours.malformed <= 2 * len(noise)
