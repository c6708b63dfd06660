"""Packets of pictures become frames that can be decoded, or are left out."""

from tailrace.unit import Codec
from tailrace.wire.rtp.pictures import Pictures
from tests.harness.rtp import H264, PPS, SPS, VIDEO_PT, VP8, VP8_PT, SentTrack, h264_payloads, vp8_frame, vp8_payloads


def pictures() -> Pictures:
    return Pictures({VIDEO_PT: H264, VP8_PT: VP8})


def take(ours: Pictures, sender: SentTrack, number: int, key: bool, marker: bool = True, skip: int = -1) -> list[int]:
    """Send VP8 frame `number` of three packets without the one of index `skip`; return the frames that came."""
    packets = sender.packets(vp8_payloads(vp8_frame(number, key, size=100), 40), 3000 * number, marker)
    came = []
    for index, packet in enumerate(packets):
        if index == skip:
            ours.hole()
            continue
        for timestamp, frame in ours.take(packet):
            assert frame.payload == vp8_frame(timestamp // 3000, frame.key, size=100)
            came.append(timestamp // 3000)
    return came


def test_frames_leave_with_their_marker() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)

    assert [take(ours, sender, number, key=number == 0) for number in range(4)] == [[0], [1], [2], [3]]
    assert (ours.codec, ours.size, ours.left_out, ours.waits) == (Codec.VP8, (640, 480), 0, False)


def test_without_markers_they_leave_with_the_next_timestamp() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)

    assert [take(ours, sender, number, key=number == 0, marker=False) for number in range(4)] == [[], [0], [1], [2]]


def test_before_a_key_frame_nothing_leaves_and_one_is_wanted() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)
    assert (ours.waits, ours.wanted) == (True, False)

    assert take(ours, sender, 0, key=False) == []
    assert ours.wanted
    assert take(ours, sender, 1, key=True) == [1]
    assert (ours.waits, ours.wanted, ours.left_out) == (False, False, 1)


def test_a_hole_costs_all_up_to_the_next_key_frame_wherever_it_is() -> None:
    for skip in range(3):
        ours, sender = pictures(), SentTrack(VP8_PT)
        take(ours, sender, 0, key=True)
        came = take(ours, sender, 1, key=False, skip=skip)
        assert ours.waits
        assert ours.wanted
        came += take(ours, sender, 2, key=False) + take(ours, sender, 3, key=True) + take(ours, sender, 4, key=False)

        assert came == [3, 4]
        assert ours.left_out == 2


def test_a_key_frame_behind_a_hole_is_found_by_its_start() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)
    take(ours, sender, 0, key=True)
    ours.hole()

    assert take(ours, sender, 2, key=True) == [2]


def test_a_key_frame_with_a_hole_is_none() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)

    assert take(ours, sender, 0, key=True, skip=1) == []
    assert ours.waits


def test_a_payload_that_is_none_costs_its_frame_and_is_counted() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)
    take(ours, sender, 0, key=True)
    (broken,) = sender.packets([b"\x90"], 3000)

    assert list(ours.take(broken)) == []
    assert (ours.malformed, ours.left_out, ours.waits, ours.wanted) == (1, 1, True, True)
    assert take(ours, sender, 2, key=True) == [2]


def test_another_codec_begins_with_its_own_key_frame() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)
    take(ours, sender, 0, key=True)
    h264 = SentTrack(VIDEO_PT, sequence=sender.sequence)
    came = []
    for number, units in enumerate(([b"\x41\x9ax"], [SPS, PPS, b"\x65\x88x"], [b"\x41\x9ax"]), 1):
        for packet in h264.packets(h264_payloads(units), 3000 * number):
            came += [frame.key for _, frame in ours.take(packet)]

    assert came == [True, False]
    assert ours.codec is Codec.H264


def test_padding_is_no_picture() -> None:
    ours, sender = pictures(), SentTrack(VP8_PT)
    take(ours, sender, 0, key=True)
    (padding,) = sender.packets([b""], 0)

    assert list(ours.take(padding)) == []
    assert take(ours, sender, 1, key=False) == [1]


def test_a_key_frame_without_set_up_data_is_left_out_and_another_one_wanted() -> None:
    ours, sender = pictures(), SentTrack(VIDEO_PT)
    (packet,) = sender.packets([b"\x65\x88x"], 0)

    assert list(ours.take(packet)) == []
    assert (ours.wanted, ours.malformed, ours.left_out) == (True, 1, 1)
