"""FLV: tag bodies, tags and files, in whole and in every cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import PeerError
from tailrace.wire import flv

composition = st.integers(-0x800000, 0x7FFFFF)
bodies = st.lists(
    st.tuples(st.sampled_from(list(flv.TagType)), st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=6
)


@pytest.mark.parametrize(
    ("kind", "body", "setup"),
    [
        (flv.TagType.VIDEO, flv.VideoBody(flv.AvcPacket.CONFIG, True, 0, b"c").encode(), True),
        (flv.TagType.VIDEO, flv.VideoBody(flv.AvcPacket.UNITS, True, 0, b"u").encode(), False),
        (flv.TagType.AUDIO, flv.AudioBody(True, b"c").encode(), True),
        (flv.TagType.AUDIO, flv.AudioBody(False, b"u").encode(), False),
        (flv.TagType.SCRIPT, b"", False),
    ],
)
def test_set_up_data_is_told_from_media(kind: flv.TagType, body: bytes, setup: bool) -> None:
    assert flv.is_setup(flv.Tag(kind, 0, body)) is setup


@given(st.sampled_from(list(flv.AvcPacket)), st.booleans(), composition, st.binary(max_size=50))
def test_a_video_body_is_read_as_it_was_written(
    packet: flv.AvcPacket, key: bool, composition_ms: int, data: bytes
) -> None:
    body = flv.VideoBody(packet, key, composition_ms, data)

    assert flv.parse_video(body.encode()) == body


@given(st.booleans(), st.binary(max_size=50))
def test_an_audio_body_is_read_as_it_was_written(config: bool, data: bytes) -> None:
    body = flv.AudioBody(config, data)

    assert flv.parse_audio(body.encode()) == body


def test_a_video_body_is_laid_out_as_the_specification_says() -> None:
    body = flv.VideoBody(flv.AvcPacket.UNITS, key=True, composition_ms=-2, data=b"nal")

    assert body.encode() == b"\x17\x01\xff\xff\xfenal"


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        (b"\x12", "Sorenson H.263"),
        (b"\x1c\x00\x00\x00\x00", "HEVC"),
        (b"\x19", "codec 9"),
        (b"\x90hvc1", "HEVC"),
        (b"\x91av01....", "AV1"),
        (b"\x90vp09", "VP9"),
        (b"\x90xyz1", "'xyz1'"),
        (b"\x90\xff\x00\x0a\x1b", "enhanced RTMP"),
        (b"\x90", "enhanced RTMP"),
    ],
)
def test_another_video_codec_is_refused_by_name(body: bytes, codec: str) -> None:
    with pytest.raises(PeerError, match=codec) as caught:
        flv.parse_video(body)

    assert "H.264" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("body", "codec"),
    [(b"\x2f\x00", "MP3"), (b"\xb6", "Speex"), (b"\x90Opus", "Opus"), (b"\x95fLaC", "FLAC"), (b"\xc0", "codec 12")],
)
def test_another_audio_codec_is_refused_by_name(body: bytes, codec: str) -> None:
    with pytest.raises(PeerError, match=codec):
        flv.parse_audio(body)


def test_a_command_frame_holds_no_picture() -> None:
    assert flv.parse_video(b"\x57\x00") is None


@pytest.mark.parametrize("body", [b"", b"\x17", b"\x17\x01", b"\x17\x01\x00\x00", b"\x17\x03\x00\x00\x00"])
def test_a_cut_or_unknown_video_body_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        flv.parse_video(body)


@pytest.mark.parametrize("body", [b"", b"\xaf", b"\xaf\x02"])
def test_a_cut_or_unknown_audio_body_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        flv.parse_audio(body)


@given(st.binary(max_size=64))
def test_garbage_bodies_raise_peer_error_only(garbage: bytes) -> None:
    for parse in (flv.parse_video, flv.parse_audio):
        try:
            parse(garbage)
        except PeerError:
            continue


@given(bodies, st.integers(1, 60), st.booleans(), st.booleans())
def test_a_file_is_read_the_same_however_it_is_cut(
    tags: list[tuple[flv.TagType, int, bytes]], size: int, audio: bool, video: bool
) -> None:
    data = flv.file_header(audio=audio, video=video) + b"".join(flv.encode_tag(*tag) for tag in tags)
    reader = flv.Reader()

    found = [tag for at in range(0, len(data), size) for tag in reader.receive(data[at : at + size])]

    assert [(tag.type, tag.timestamp_ms, tag.body) for tag in found] == tags
    assert (reader.audio, reader.video) == (audio, video)


def test_a_tag_is_laid_out_as_the_specification_says() -> None:
    assert flv.encode_tag(flv.TagType.AUDIO, 0x12345678, b"ab") == bytes.fromhex("08000002345678120000006162 0000000d")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 404 Not Found",
        b"FLV\x02",
        b"FLV\x01\x05\x00\x00\x00\x0a\x00\x00\x00\x00",
        flv.file_header(audio=True, video=True) + b"\x07" + bytes(14),
        flv.file_header(audio=True, video=True) + flv.encode_tag(8, 0, b"x")[:-1] + b"\xff",
    ],
)
def test_what_is_not_flv_is_refused(data: bytes) -> None:
    with pytest.raises(PeerError):
        flv.Reader().receive(data)
