"""The built-in CDN's channels and names, without any network."""

import pytest

from tailrace.errors import NameTaken, PeerError
from tailrace.ingest.cdn import Cdn, Channel, StreamRecord
from tailrace.wire.flv import AudioBody, AvcPacket, TagType, VideoBody
from tailrace.wire.rtmp.amf0 import EcmaArray, Value

RECORD = bytes.fromhex("0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e4801000568cb83cb20")
SETUP = VideoBody(AvcPacket.CONFIG, True, 0, RECORD).encode()
SOUND_SETUP = AudioBody(True, bytes.fromhex("1190")).encode()
SOUND = AudioBody(False, b"aac").encode()


def picture(key: bool = False) -> bytes:
    return VideoBody(AvcPacket.UNITS, key, 0, b"nal").encode()


class Witness:
    """A player that writes down what it is given: `description`, (kind, time, key, must), `end`."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def describe(self, values: EcmaArray) -> None:
        self.seen.append(dict(values))

    def media(self, kind: TagType, timestamp_ms: int, _body: bytes, key: bool, must: bool, /) -> None:
        self.seen.append((kind.name, timestamp_ms, key, must))

    def end(self) -> None:
        self.seen.append("end")


def channel() -> Channel:
    return Channel(StreamRecord("x", published_at=1.0))


def test_a_player_that_is_there_gets_what_comes_in_order() -> None:
    stream, player = channel(), Witness()
    stream.join(player)

    stream.metadata({"width": 640.0})
    stream.video(0, SETUP, 2.0)
    stream.video(0, picture(key=True), 2.0)
    stream.audio(21, SOUND)
    stream.end()

    assert player.seen == [
        {"width": 640.0},
        ("VIDEO", 0, False, True),
        ("VIDEO", 0, True, False),
        ("AUDIO", 21, False, False),
        "end",
    ]


def test_a_late_player_gets_description_set_up_data_and_the_current_group() -> None:
    stream, player = channel(), Witness()
    stream.metadata({"width": 640.0})
    stream.video(0, SETUP, 2.0)
    stream.audio(0, SOUND_SETUP)
    for time_ms, key in ((0, True), (40, False), (80, True), (120, False)):
        stream.video(time_ms, picture(key), 2.0)
        stream.audio(time_ms, SOUND)

    stream.join(player)

    assert player.seen == [
        {"width": 640.0},
        ("VIDEO", 80, False, True),
        ("AUDIO", 80, False, True),
        ("VIDEO", 80, True, True),
        ("AUDIO", 80, False, True),
        ("VIDEO", 120, False, True),
        ("AUDIO", 120, False, True),
    ]


def test_who_leaves_gets_nothing_more() -> None:
    stream, player = channel(), Witness()
    stream.join(player)
    stream.leave(player)
    stream.leave(player)

    stream.audio(0, SOUND)
    stream.end()

    assert player.seen == []


def test_the_first_key_frame_is_timed_once_and_set_up_data_is_not_one() -> None:
    stream = channel()

    stream.video(0, SETUP, 2.0)
    assert stream.record.first_key_frame_at == 0.0
    stream.video(0, picture(key=True), 3.0)
    stream.video(40, picture(key=True), 4.0)

    assert stream.record.first_key_frame_at == 3.0
    assert stream.record.video_frames == 2


@pytest.mark.parametrize("values", [{"": 1.0}, {"a": {"": 1.0}}])
def test_a_description_that_cannot_be_passed_on_is_the_publishers_fault(values: dict[str, Value]) -> None:
    with pytest.raises(PeerError, match="onMetaData"):
        channel().metadata(values)


@pytest.mark.parametrize("body", [b"\x90hvc1", b"\x17\x00\x00\x00\x00\x01", b"\x12"])
def test_other_codecs_and_broken_set_up_data_are_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        channel().video(0, body, 1.0)


def test_a_name_is_taken_until_its_stream_has_ended() -> None:
    cdn = Cdn()
    stream = cdn.open("x", 1.0)
    with pytest.raises(NameTaken):
        cdn.open("x", 2.0)

    cdn.close(stream, 3.0, orderly=True, fc_unpublish=True)

    assert cdn.find("x") is None
    assert cdn.open("x", 4.0) is not stream


def test_the_list_holds_ended_streams_and_then_live_ones() -> None:
    cdn = Cdn()
    first, _ = cdn.open("first", 1.0), cdn.open("second", 2.0)
    cdn.close(first, 3.0, orderly=False, fc_unpublish=False)

    ended, live = (record.as_json() for record in cdn.records())

    assert (ended["name"], ended["state"], ended["ended"], ended["ended_at"]) == ("first", "ended", "lost", 3.0)
    assert (live["name"], live["state"], live["ended"], live["ended_at"]) == ("second", "live", "", 0.0)


def test_the_list_of_ended_streams_is_bounded_and_keeps_the_newest() -> None:
    cdn = Cdn()
    for number in range(500):
        cdn.close(cdn.open(str(number), 1.0), 2.0, orderly=True, fc_unpublish=True)

    names = [record.name for record in cdn.records()]

    assert len(names) == 200
    assert names[-1] == "499"


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_absurd_names_are_refused(name: str) -> None:
    with pytest.raises(PeerError, match="stream name"):
        Cdn().open(name, 1.0)


def test_who_joins_a_stream_that_has_just_ended_is_told_so() -> None:
    cdn, player = Cdn(), Witness()
    stream = cdn.open("x", 1.0)
    cdn.close(stream, 2.0, orderly=True, fc_unpublish=True)

    stream.join(player)

    assert player.seen == ["end"]


def test_a_late_player_of_sound_alone_begins_with_the_latest_frame() -> None:
    stream, player = channel(), Witness()
    stream.audio(0, SOUND_SETUP)
    stream.audio(21, SOUND)
    stream.audio(42, SOUND)

    stream.join(player)

    assert player.seen == [("AUDIO", 42, False, True), ("AUDIO", 42, False, True)]
