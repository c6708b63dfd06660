"""Pipeline: units in, messages out: in order, in time, and with what a destination needs to begin."""

import io
import json

import av
import numpy as np
import pytest

from tailrace.ids import Kind, Room, SdkAppId, Stream, UserId
from tailrace.model.mix import NO_SEI, LayoutVolume, PassThrough, Sei
from tailrace.model.plan import AudioEncoding, Plan
from tailrace.unit import Unit
from tailrace.wire import h264, sei
from tailrace.wire.flv import TagType, encode_tag, file_header, parse_video
from tailrace.worker.lane import Junction
from tailrace.worker.pipeline import Pipeline
from tailrace.worker.reel import KEPT_SOUND_MESSAGES, Message, Opening, Reel
from tests.media.encoded import HEIGHT, RATE_HZ, WIDTH, interleaved, mean_colour, pictures, pitch, sound

RED, BLUE = (220, 20, 20), (20, 20, 220)
ROOM = Room(SdkAppId(1), "stage", numeric=False)


class Relayed:
    """A pipeline and what it has delivered."""

    def __init__(
        self, *, video: bool = True, start_us: int = 0, audio: AudioEncoding | None = None, sei: Sei = NO_SEI
    ) -> None:
        source, audio = Stream(ROOM, UserId("anna")), audio or AudioEncoding()
        plan = Plan(ROOM, UserId("robot"), (), source, video=video, audio=audio, sei=sei)
        self.messages: list[Message] = []
        self.reel = Reel(audio, video, self.messages.append, start_us // 1000)
        lane = Junction(self.reel, video, lambda now_us: None, lambda revision: None).lane()
        self.pipeline = Pipeline(plan, start_us, lane)

    def feed(self, units: list[Unit]) -> "Relayed":
        for unit in units:
            self.pipeline.take(unit, 0.0)
        return self

    def times(self, kind: Kind) -> list[int]:
        return [message.timestamp_ms for message in self.messages if message.kind is kind and message.frame]


def join(units: list[Unit], **options: object) -> Relayed:
    relayed = Relayed(**options)  # type: ignore[arg-type]
    assert not list(relayed.pipeline.join([], 0.0))
    return relayed.feed(units)


def flv(messages: list[Message]) -> io.BytesIO:
    data = file_header(audio=True, video=True)
    for message in messages:
        tag = TagType.VIDEO if message.kind is Kind.VIDEO else TagType.AUDIO
        data += encode_tag(tag, message.timestamp_ms, message.body)
    return io.BytesIO(data)


def whole(opening: Opening) -> list[Message]:
    return opening.headers + opening.messages


def test_pictures_and_sound_arrive_as_they_were_published() -> None:
    relayed = join(interleaved(pictures(RED, 2.0), sound(1000, 2.0)))

    with av.open(flv(relayed.messages), "r") as received:
        frames = list(received.decode(video=0))
    with av.open(flv(relayed.messages), "r") as received:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in received.decode(audio=0)])
    assert len(frames) == 50
    assert all(mean_colour(frame) == pytest.approx(RED, abs=6) for frame in frames)
    assert pitch(samples[RATE_HZ // 2 :], RATE_HZ) == pytest.approx(1000, abs=3)


def test_the_h264_is_not_touched() -> None:
    published = pictures(RED, 1.0)

    relayed = join(published)

    bodies = [message.body[5:] for message in relayed.messages if message.kind is Kind.VIDEO and message.frame]
    assert bodies == [unit.payload for unit in published]


def test_the_first_message_is_set_up_data_and_the_first_picture_a_key_frame_at_time_zero() -> None:
    relayed = join(interleaved(pictures(RED, 1.0, start_us=5_000_000), sound(440, 1.0, start_us=5_000_000)))

    header, key = [message for message in relayed.messages if message.kind is Kind.VIDEO][:2]
    assert (header.frame, header.starts) == (False, False)
    assert (key.frame, key.starts, key.timestamp_ms) == (True, True, 0)


def test_who_joins_late_gets_metadata_set_up_and_the_group_of_pictures_so_far() -> None:
    relayed = join(interleaved(pictures(RED, 1.6), sound(440, 1.6)))

    opening = relayed.reel.opening()

    assert opening.metadata["width"] == WIDTH
    assert opening.metadata["height"] == HEIGHT
    assert opening.metadata["audiosamplerate"] == RATE_HZ
    assert [header.kind for header in opening.headers] == [Kind.VIDEO, Kind.AUDIO]
    assert opening.messages[0].starts
    assert opening.messages[0].timestamp_ms == 1000
    with av.open(flv(whole(opening)), "r") as received:
        assert len(list(received.decode(video=0))) == 15


def test_sound_is_announced_with_the_first_picture_although_its_encoder_needs_more_input() -> None:
    relayed = Relayed(audio=AudioEncoding(sample_rate_hz=8000, channels=1))
    start = interleaved(pictures(RED, 0.2), sound(440, 0.2))

    next(relayed.pipeline.join(start, 0.0))

    opening = relayed.reel.opening()
    assert (opening.metadata["audiosamplerate"], opening.metadata["stereo"]) == (8000, False)
    assert [header.kind for header in opening.headers] == [Kind.VIDEO, Kind.AUDIO]
    list(relayed.pipeline.join(start, 0.0))
    assert [m.frame for m in relayed.messages if m.kind is Kind.AUDIO][0:1] == [False]
    assert [m.frame for m in relayed.messages].count(False) == 2


def test_a_publisher_who_returns_with_another_picture_size_goes_on_in_the_same_stream() -> None:
    first = interleaved(pictures(RED, 1.0), sound(440, 1.0))
    again = interleaved(
        pictures(BLUE, 1.0, session=2, start_us=90_000_000), sound(880, 1.0, session=2, start_us=90_000_000)
    )

    relayed = join(first + again)

    for kind in Kind:
        steps = np.diff(relayed.times(kind))
        assert steps.min() > 0
        assert steps.max() <= 100
    with av.open(flv(relayed.messages), "r") as received:
        frames = list(received.decode(video=0))
    assert mean_colour(frames[0]) == pytest.approx(RED, abs=6)
    assert mean_colour(frames[-1]) == pytest.approx(BLUE, abs=6)


def test_an_audio_only_task_relays_no_picture_and_starts_with_sound() -> None:
    relayed = join(interleaved(pictures(RED, 2.0), sound(440, 2.0)), video=False)

    assert {message.kind for message in relayed.messages} == {Kind.AUDIO}
    opening = relayed.reel.opening()
    assert "width" not in opening.metadata
    assert opening.messages[0].starts
    assert len(opening.messages) <= KEPT_SOUND_MESSAGES + 1


def test_a_publisher_without_pictures_starts_a_task_that_wants_them_after_a_second() -> None:
    units = sound(440, 2.0)

    relayed = join(units)

    begins = next(message for message in relayed.messages if message.starts)
    assert 950 <= begins.timestamp_ms <= 1100


def test_a_task_that_is_taken_over_goes_on_in_time() -> None:
    relayed = join(interleaved(pictures(RED, 1.0), sound(440, 1.0)), start_us=61_000_000)

    assert relayed.times(Kind.VIDEO)[0] == 61_000
    assert relayed.times(Kind.AUDIO)[0] >= 61_000


def test_a_broken_piece_of_sound_costs_only_itself() -> None:
    units = sound(440, 1.0)
    units[10].payload = b"\xff" * 30

    relayed = join(units, video=False)

    assert relayed.pipeline.rejected == 1
    assert len(relayed.times(Kind.AUDIO)) >= len(units) - 3


def test_a_group_of_pictures_without_end_is_not_kept() -> None:
    units = pictures(RED, 1.0)
    for unit in units:
        unit.payload += b"\0" * 1_000_000

    relayed = join(units)

    assert not relayed.reel.ready
    assert relayed.reel.opening().messages == []


def test_sei_that_was_asked_for_travels_with_pictures_that_are_passed_through() -> None:
    asked = Sei(LayoutVolume("match", interval=0.5), PassThrough("hello", 200, interval=10.0, with_key_frames=True))
    relayed = Relayed(sei=asked)

    units = interleaved(pictures(RED, 2.0, gop=25), sound(1000, 2.0))
    for _ in relayed.pipeline.join(units, 0.0):
        pass

    found: list[tuple[int, sei.Message]] = []
    for message in relayed.messages:
        body = parse_video(message.body) if message.kind is Kind.VIDEO and message.frame else None
        for unit in h264.nal_units(body.data) if body else ():
            if unit[0] & 31 == h264.NalType.SEI:
                found += [(message.timestamp_ms, note) for note in sei.messages(unit) if note.type >= 100]
    assert [at for at, note in found if note.type == 100] == [0, 520, 1000, 1520]
    assert [(at, note.payload) for at, note in found if note.type == 200] == [(0, b"hello"), (1000, b"hello")]
    told = json.loads(next(note.payload for at, note in found if at == 1000 and note.type == 100))
    assert told["app_data"] == "match"
    (region,) = told["regions"]
    assert (region["uid"], region["w"], region["h"]) == ("anna", WIDTH, HEIGHT)
    assert 45 <= region["volume"] <= 55
