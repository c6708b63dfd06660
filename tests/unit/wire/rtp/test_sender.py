"""What one viewer is sent, in virtual time."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tailrace.unit import Codec
from tailrace.wire.rtp.pacer import STEP
from tailrace.wire.rtp.rtcp import Fir, Nack, Pli, Sdes, SenderReport, encode_compound, parse_compound
from tailrace.wire.rtp.sender import MAX_WAITING_BYTES, Sendable, Sender
from tests.unit.wire.rtp.sending import AUDIO, VIDEO, picture, read, sender, since, sound


def drained(viewer: Sender, now: float) -> tuple[list[bytes], float]:
    """Everything that waits, and when the last of it left."""
    sent: list[bytes] = []
    while viewer.wakes_after is not None:
        now += viewer.wakes_after
        sent += viewer.more(now)
    return sent, now


def group(until: float, *, pictures: int = 50, packets: int = 10) -> list[Sendable]:
    """Two seconds of pictures, the first a key frame of ten times the size."""
    first = until - (pictures - 1) / 25
    return [picture(first + n / 25, key=n == 0, packets=packets * (1 if n else 10)) for n in range(pictures)]


def test_a_live_picture_leaves_at_once_and_its_last_packet_is_marked() -> None:
    viewer = sender()

    packets = read(viewer.video(picture(5.0, key=True, packets=3), 5.0))

    assert [packet.marker for packet in packets] == [False, False, True]
    assert {packet.timestamp for packet in packets} == {5000 + 450_000}
    assert viewer.wakes_after is None


def test_pictures_before_the_first_key_frame_are_left_out() -> None:
    viewer = sender()

    assert viewer.video(picture(1.0), 1.0) == []
    assert len(viewer.video(picture(1.04, key=True), 1.04)) == 1
    assert len(viewer.video(picture(1.08), 1.08)) == 1


def test_a_viewer_who_comes_late_is_up_to_date_in_a_part_of_the_time_of_the_group() -> None:
    viewer = sender()

    first = viewer.begin(group(100.0), 100.0)
    rest, done = drained(viewer, 100.0)

    assert len(first) == 39  # of 1000 bytes: the first pictures are there at once
    assert done - 100.0 < 0.4
    assert len(first) + len(rest) == 590


def test_times_of_a_start_move_on_as_it_is_sent_and_end_with_the_newest_picture() -> None:
    viewer, now = sender(), 100.0
    arrivals = [(packet, now) for packet in read(viewer.begin(group(100.0), now))]
    while viewer.wakes_after is not None:
        now += STEP
        arrivals += [(packet, now) for packet in read(viewer.more(now))]

    newest = 5000 + 100 * 90_000
    late = [at - 100.0 - since(newest, packet.timestamp) / 90_000 for packet, at in arrivals if packet.marker]
    assert arrivals[-1][0].timestamp == newest
    assert max(late) - min(late) < 0.05  # to the player, pictures that all took equally long
    times = [packet.timestamp for packet, _ in arrivals]
    assert times == sorted(times)
    assert len(set(times)) == 50


def test_live_pictures_follow_the_start_with_their_own_times() -> None:
    viewer = sender()
    viewer.begin(group(100.0), 100.0)
    viewer.video(picture(100.04), 100.04)
    rest, done = drained(viewer, 100.04)

    assert read(rest)[-1].timestamp == 5000 + 100_04 * 900
    assert read(viewer.video(picture(done + 0.02), done + 0.02))[-1].timestamp == 5000 + round((done + 0.02) * 90_000)


def test_times_never_go_back_when_a_viewer_is_started_again() -> None:
    viewer = sender()
    sent = viewer.begin(group(100.0), 100.0) + drained(viewer, 100.0)[0]
    sent += viewer.begin(group(100.5), 100.5) + drained(viewer, 100.5)[0]
    sent += viewer.video(picture(101.0), 101.0)

    times = [packet.timestamp for packet in read(sent)]
    assert times == sorted(times)


def test_numbers_have_no_hole_when_pictures_are_left_out() -> None:
    viewer = sender()
    sent = viewer.begin(group(100.0), 100.0)
    sent += viewer.begin(group(101.0), 101.0) + drained(viewer, 101.0)[0]

    numbers = [packet.sequence for packet in read(sent)]
    assert numbers == [(65530 + n) % 65536 for n in range(len(numbers))]


def test_a_viewer_who_takes_nothing_costs_a_bounded_amount() -> None:
    viewer, now = sender(), 0.0
    viewer.video(picture(0.0, key=True, packets=100), now)
    for number in range(1000):
        viewer.video(picture(number * 1e-6, packets=100), now)
        assert viewer._pacer.waiting_bytes <= MAX_WAITING_BYTES

    assert viewer.left_out
    assert viewer.key_frame_wanted
    drained(viewer, now)
    assert viewer.video(picture(9.0), 9.0) == []
    assert viewer.video(picture(9.1, key=True), 9.1)
    assert not viewer.key_frame_wanted


def test_sound_never_waits_for_pictures() -> None:
    viewer = sender()
    viewer.begin(group(100.0), 100.0)

    assert len(viewer.audio(sound(100.0))) == 1


def test_the_first_sound_after_a_pause_is_marked() -> None:
    viewer = sender()

    marks = [read(viewer.audio(sound(at)))[0].marker for at in (1.0, 1.02, 1.04, 2.0, 2.02)]

    assert marks == [True, False, False, True, False]


def test_reports_of_both_tracks_tie_their_clocks_to_one_moment() -> None:
    viewer = sender()
    viewer.video(picture(7.0, key=True), 7.0)
    viewer.audio(sound(7.0))

    (datagram,) = viewer.reports(7.5, 1_700_000_000.25)

    first, name, second, _ = parse_compound(datagram)
    assert isinstance(first, SenderReport)
    assert isinstance(second, SenderReport)
    assert isinstance(name, Sdes)
    assert first.ntp == second.ntp == round((1_700_000_000.25 + 2_208_988_800) * 2**32)
    # Both clocks say that the picture and the sound of 7.0 s are half a second old.
    assert since(VIDEO.timestamp + 7 * 90_000, first.rtp) == 45_000
    assert since(AUDIO.timestamp + 7 * 48_000, second.rtp) == 24_000


def test_reports_come_each_second_and_only_of_what_was_sent() -> None:
    viewer = sender()
    assert viewer.reports(1.0, 1.0) == []
    viewer.audio(sound(1.0))

    due = [len(viewer.reports(1.0 + n / 10, n / 10)) for n in range(21)]

    assert due == [1, *[0] * 9, 1, *[0] * 9, 1]


def test_every_packet_that_is_lost_comes_again_on_a_bad_line() -> None:
    chance, viewer, missing, sent, now = random.Random(5), sender(), set[int](), 0, 0.0
    for number in range(500):
        now = number / 25
        packets = read(viewer.video(picture(now, key=number == 0, packets=4), now))
        sent += len(packets)
        missing |= {packet.sequence for packet in packets if chance.random() < 0.1}
        again = read(viewer.rtcp(Nack(1, VIDEO.ssrc, tuple(sorted(missing))).encode(), now + 0.03)) if missing else []
        missing -= {int.from_bytes(p.payload[:2], "big") for p in again if chance.random() > 0.1}

    assert sent == 2000
    assert len(missing) < 10


def test_one_who_asks_for_everything_again_gets_a_bounded_amount() -> None:
    viewer = sender()
    for number in range(1000):
        viewer.video(picture(number / 1000, key=number == 0), number / 1000)
    all_of_them = Nack(1, VIDEO.ssrc, tuple((65530 + n) % 65536 for n in range(1000))).encode()

    resent = sum(len(datagram) for n in range(100) for datagram in viewer.rtcp(all_of_them, 2.0 + n / 100))

    assert resent < 900_000


def test_a_loss_that_cannot_be_mended_asks_for_a_key_frame() -> None:
    for packet in (Pli(1, VIDEO.ssrc), Fir(1, ((VIDEO.ssrc, 1),))):
        viewer = sender()
        viewer.video(picture(1.0, key=True), 1.0)
        assert not viewer.key_frame_wanted

        viewer.rtcp(encode_compound([packet]), 1.1)

        assert viewer.key_frame_wanted


def test_a_viewer_is_not_started_again_and_again() -> None:
    viewer = sender()
    viewer.begin(group(100.0), 100.0)

    assert not viewer.may_begin(100.5)
    assert viewer.may_begin(101.1)


def test_another_codec_comes_with_its_own_payload_type() -> None:
    viewer = sender()

    kinds = [
        read(viewer.video(picture(at, key=True, codec=codec), at))[0].payload_type
        for at, codec in ((1.0, Codec.H264), (2.0, Codec.VP8))
    ]

    assert kinds == [102, 96]
    assert not sender(AUDIO).video(picture(1.0, key=True), 1.0)
    assert sender(AUDIO).takes(Codec.VP8)
    assert not sender().takes(Codec.AAC)


@given(st.binary(max_size=300))
def test_what_a_viewer_sends_is_never_a_crash(data: bytes) -> None:
    viewer = sender()
    viewer.video(picture(1.0, key=True), 1.0)

    assert isinstance(viewer.rtcp(data, 2.0), list)
