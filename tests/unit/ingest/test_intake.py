"""Intake: what becomes a unit, what is left out, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.ingest.intake import Intake
from tailrace.unit import MAX_UNIT_BYTES, Codec
from tailrace.wire import h264
from tailrace.wire.flv import AudioBody, AvcPacket, VideoBody

RECORD = bytes.fromhex("0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e4801000568cb83cb20")
OTHER = bytes.fromhex("014d401fffe10019674d401feca02802dd80880000030008000003019078c18cb001000568ebe3cb20")
SESSION = 1_700_000_000_000_000


def picture(key: bool = False, composition_ms: int = 0, data: bytes = b"\0\0\0\x02\x65\x88") -> bytes:
    return VideoBody(AvcPacket.UNITS, key, composition_ms, data).encode()


def setup(record: bytes = RECORD) -> bytes:
    return VideoBody(AvcPacket.CONFIG, True, 0, record).encode()


def sound(data: bytes = b"aac") -> bytes:
    return AudioBody(False, data).encode()


SOUND_SETUP = AudioBody(True, bytes.fromhex("1190")).encode()


def ready() -> Intake:
    """An intake that has seen the set-up data of both tracks."""
    intake = Intake(SESSION)
    intake.video(0, setup())
    intake.audio(0, SOUND_SETUP)
    return intake


def test_pictures_and_sound_become_numbered_units_with_their_set_up_data() -> None:
    intake = ready()

    key, sound_unit, delta = intake.video(40, picture(key=True)), intake.audio(41, sound()), intake.video(80, picture())

    assert key
    assert sound_unit
    assert delta
    assert (key.codec, key.key, key.config, key.sequence, key.session) == (Codec.H264, True, RECORD, 0, SESSION)
    assert (delta.key, delta.config, delta.sequence, delta.dts_us) == (False, b"", 1, 80_000)
    assert (sound_unit.codec, sound_unit.config, sound_unit.payload) == (Codec.AAC, bytes.fromhex("1190"), b"aac")
    assert (sound_unit.sequence, sound_unit.pts_us) == (0, 41_000)


def test_what_is_published_is_known_from_the_set_up_data() -> None:
    intake = ready()

    assert intake.sps
    assert intake.audio_config
    assert (intake.sps.width, intake.sps.height) == (640, 360)
    assert (intake.audio_config.rate_hz, intake.audio_config.channels) == (48000, 2)
    assert intake.setups == 2


def test_nothing_is_passed_on_before_its_set_up_data_and_a_key_frame() -> None:
    intake = Intake(SESSION)

    assert intake.video(0, picture(key=True)) is None
    assert intake.audio(0, sound()) is None
    intake.video(0, setup())
    assert intake.video(40, picture()) is None
    assert intake.video(80, picture(key=True)) is not None


def test_new_set_up_data_applies_from_the_next_key_frame_on() -> None:
    intake = ready()
    intake.video(40, picture(key=True))

    intake.video(80, setup(OTHER))

    assert intake.video(80, picture()) is None
    unit = intake.video(120, picture(key=True))
    assert unit
    assert unit.config == OTHER
    assert intake.sps
    assert intake.sps.width == 1280


def test_repeated_set_up_data_changes_nothing() -> None:
    intake = ready()
    intake.video(40, picture(key=True))

    intake.video(80, setup())

    assert intake.video(80, picture()) is not None
    assert intake.setups == 2


def test_lengths_of_two_bytes_are_made_four_in_pictures_and_set_up_data() -> None:
    intake = Intake(SESSION)
    intake.video(0, setup(h264.parse_config(RECORD).with_length_size(2).encode()))

    unit = intake.video(0, picture(key=True, data=b"\0\x02\x65\x88"))

    assert unit
    assert unit.payload == b"\0\0\0\x02\x65\x88"
    assert unit.config == RECORD


def test_a_picture_shown_before_an_earlier_one_is_a_b_frame_and_refused() -> None:
    intake = ready()
    intake.video(0, picture(key=True, composition_ms=80))
    intake.video(40, picture(composition_ms=160))

    with pytest.raises(PeerError, match="B-frames"):
        intake.video(80, picture(composition_ms=40))


def test_a_constant_composition_time_is_no_b_frame() -> None:
    intake = ready()

    units = [intake.video(40 * n, picture(key=n == 0, composition_ms=80)) for n in range(5)]

    assert [unit and unit.pts_us for unit in units] == [80_000 + 40_000 * n for n in range(5)]


def test_a_clock_set_back_is_no_b_frame_and_is_passed_on() -> None:
    intake = ready()
    intake.video(60_000, picture(key=True))

    unit = intake.video(20, picture())

    assert unit
    assert unit.dts_us == 20_000
    assert intake.jumps == 1


def test_a_clock_that_goes_on_beyond_32_bits_is_no_jump() -> None:
    intake = Intake(SESSION)
    intake.video(2**32 - 20, setup())
    intake.video(2**32 - 20, picture(key=True))

    unit = intake.video(2**32 + 20, picture())

    assert unit
    assert unit.dts_us == (2**32 + 20) * 1000
    assert intake.jumps == 0


def test_a_clock_that_runs_away_ends_the_session_before_a_unit_cannot_hold_it() -> None:
    intake = ready()

    for step in range(147):
        unit = intake.audio(step * (2**31 - 1), sound())
        assert unit
        assert unit.encode()
    with pytest.raises(PeerError, match="timestamps"):
        intake.audio(148 * (2**31 - 1), sound())


@pytest.mark.parametrize("message", [b"", b"\x17\x02\x00\x00\x00", b"\x57\x00", picture(data=b"")])
def test_messages_without_a_picture_are_left_out(message: bytes) -> None:
    intake = ready()
    intake.video(0, picture(key=True))

    assert intake.video(40, message) is None


def test_sound_messages_without_sound_are_left_out() -> None:
    intake = ready()

    assert intake.audio(40, b"") is None
    assert intake.audio(40, sound(b"")) is None


def test_a_picture_that_no_bus_message_holds_is_refused() -> None:
    intake = ready()
    size = MAX_UNIT_BYTES
    payload = size.to_bytes(4, "big") + bytes(size)

    with pytest.raises(PeerError, match="bit rate"):
        intake.video(0, picture(key=True, data=payload))


def test_absurdly_long_set_up_data_is_refused() -> None:
    with pytest.raises(PeerError, match="set-up data"):
        Intake(SESSION).audio(0, AudioBody(True, bytes.fromhex("1190") + bytes(70_000)).encode())


@given(st.lists(st.tuples(st.booleans(), st.integers(-(2**40), 2**40), st.binary(max_size=60)), max_size=20))
def test_garbage_raises_peer_error_only(messages: list[tuple[bool, int, bytes]]) -> None:
    intake = ready()
    for video, timestamp_ms, message in messages:
        try:
            unit = (intake.video if video else intake.audio)(timestamp_ms, message)
        except PeerError:
            continue
        assert unit is None or unit.encode()
