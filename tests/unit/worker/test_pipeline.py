"""Pipeline: units in, messages out: in order, in time, and with what a destination needs to begin."""

import io
import itertools
import json
import queue

import av
import numpy as np
import pytest

from tailrace.ids import Kind, Room, SdkAppId, Stream, UserId
from tailrace.media.still import black, encode, last_picture
from tailrace.media.video_transcoder import Transcoded, VideoTranscoder
from tailrace.model.mix import NO_SEI, LayoutVolume, PassThrough, Sei
from tailrace.model.plan import AudioEncoding, Plan
from tailrace.unit import Codec, Unit
from tailrace.wire import h264, sei
from tailrace.wire.flv import AvcPacket, TagType, encode_tag, file_header, parse_video
from tailrace.worker.lane import Junction
from tailrace.worker.pipeline import Pipeline
from tailrace.worker.reel import KEPT_SOUND_MESSAGES, Message, Opening, Reel
from tests.fakes.clock import ManualClock
from tests.harness.waiting import DEADLINE
from tests.media.browser import opus, plain, tone, video
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
        self.pipeline = Pipeline(plan, start_us, lane, self._transcode)

    def _transcode(self) -> VideoTranscoder:
        self.made: queue.Queue[Transcoded] = queue.Queue()
        return VideoTranscoder("auto", 1, ManualClock(), self.made.put)

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


class Live:
    """A pipeline whose publisher sends in real time: `now` is the time until which all has come."""

    def __init__(self, *, start_us: int = 0) -> None:
        self.relayed = Relayed(start_us=start_us)
        self.pipeline = self.relayed.pipeline
        assert not list(self.pipeline.join([], 0.0))
        self.now = 0.0

    def comes(self, units: list[Unit]) -> None:
        """Take units, each at its time after `now`."""
        first, begin = units[0].dts_us, self.now
        for unit in units:
            self.now = begin + (unit.dts_us - first) / 1_000_000
            self.pipeline.take(unit, self.now)

    def stays_away(self, seconds: float) -> None:
        """Let time pass, with a look four times a second."""
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self.pipeline.fill(self.now)
            if Kind.VIDEO in self.pipeline.gap.filling and self.pipeline.stills is None:
                config, payloads = self.relayed.reel.group()
                last = last_picture(config, payloads)
                assert last is not None
                self.pipeline.stills = encode(last)

    def colours(self) -> list[str]:
        """Return the colours that are seen one after the other."""
        with av.open(flv(self.relayed.messages), "r") as received:
            means = [mean_colour(frame) for frame in received.decode(video=0)]
        names = ["red" if mean[0] > 150 else "blue" if mean[2] > 150 else "other" for mean in means]
        return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]

    def steps(self, kind: Kind) -> list[int]:
        """Return how far apart in milliseconds the messages of a track are."""
        return [int(step) for step in np.diff(self.relayed.times(kind))]


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


def test_where_a_group_will_end_is_known_before_it_is_taken() -> None:
    units = interleaved(pictures(RED, 2), sound(440.0, 2))
    relayed = Relayed(start_us=90_000_000)

    end_us = relayed.pipeline.end_of(units)
    assert list(relayed.pipeline.join(units, 0.0))

    assert 0 <= end_us - relayed.pipeline.timeline.end_us <= 40_000


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


def stream(colour: tuple[int, int, int], seconds: float, *, session: int = 1, start_us: int = 0) -> list[Unit]:
    return interleaved(
        pictures(colour, seconds, session=session, start_us=start_us),
        sound(1000, seconds, session=session, start_us=start_us),
    )


def test_a_gap_is_filled_with_the_last_picture_and_silence_and_time_goes_on() -> None:
    live = Live()
    live.comes(stream(RED, 2.0))
    live.stays_away(5.0)
    live.now += 0.1
    live.comes(stream(BLUE, 2.0, session=2, start_us=70_000_000))

    assert live.colours() == ["red", "blue"]
    for kind, longest in ((Kind.VIDEO, 200), (Kind.AUDIO, 43)):
        assert min(live.steps(kind)) > 0
        assert max(live.steps(kind)) <= longest
        assert live.relayed.times(kind)[-1] == pytest.approx(live.now * 1000, abs=100)
    with av.open(flv(live.relayed.messages), "r") as received:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in received.decode(audio=0)])
    loud = np.abs(samples).reshape(-1, 1024).max(axis=1) > 0.1
    silent = np.flatnonzero(~loud)[2:] * 1024 / RATE_HZ
    assert 1.9 < silent[0] < 2.2
    assert 6.8 < silent[-1] < 7.2
    assert loud[-10:].all()


def test_what_is_sent_in_a_gap_has_one_set_up_for_sound_and_one_more_for_pictures() -> None:
    live = Live()
    live.comes(stream(RED, 1.0))
    live.stays_away(3.0)
    live.comes(stream(RED, 1.0, session=2))

    headers = [message for message in live.relayed.messages if not message.frame]
    videos = [message.body for message in headers if message.kind is Kind.VIDEO]
    assert [message.kind for message in headers].count(Kind.AUDIO) == 1
    assert len(videos) == 3
    assert videos[0] == videos[2] != videos[1]


def test_nothing_is_filled_before_the_publisher_has_ever_come() -> None:
    live = Live()
    live.stays_away(60.0)

    assert live.relayed.messages == []


def test_an_output_that_goes_on_while_nobody_is_there_is_filled_from_its_start() -> None:
    live = Live(start_us=61_000_000)
    live.pipeline.stills = encode(black(WIDTH, HEIGHT))
    live.pipeline.go_on(Kind, 0.0)
    live.stays_away(2.0)

    assert live.relayed.times(Kind.VIDEO) == list(range(61_000, 63_000, 200))
    assert live.relayed.times(Kind.AUDIO)[0] == 61_000
    assert live.relayed.messages[0].frame is False
    assert live.relayed.reel.ready


def test_pictures_that_follow_those_of_before_a_gap_wait_for_their_key_frame() -> None:
    live = Live()
    units = pictures(RED, 8.0, gop=200)
    live.comes(units[:50])
    live.stays_away(4.0)
    before = len(live.relayed.messages)
    live.comes(units[150:160])

    assert live.pipeline.joiner.wants_start
    assert len(live.relayed.messages) == before
    # The answer to the request is the whole group so far; the output has arrived at 6 s, and goes on there.
    list(live.pipeline.join(units[:161], live.now))
    live.comes(units[161:])
    times = live.relayed.times(Kind.VIDEO)
    assert min(np.diff(times)) > 0
    assert times[-1] == pytest.approx(8000, abs=300)
    assert live.colours() == ["red"]
    keys = [m.timestamp_ms for m in live.relayed.messages if m.kind is Kind.VIDEO and m.starts]
    assert keys[-1] > 5500


def test_what_a_publisher_kept_while_his_network_stood_still_is_left_out_until_he_has_caught_up() -> None:
    live = Live()
    units = stream(RED, 8.0)
    live.comes([unit for unit in units if unit.dts_us < 2_000_000])
    live.stays_away(4.0)
    for unit in (unit for unit in units if 2_000_000 <= unit.dts_us < 6_000_000):
        live.pipeline.take(unit, live.now)
    live.comes([unit for unit in units if unit.dts_us >= 6_000_000])

    for kind in Kind:
        assert min(live.steps(kind)) > 0
        assert max(live.steps(kind)) <= 300
        # He is where he would be without the gap.
        assert live.relayed.times(kind)[-1] == pytest.approx(units[-1].dts_us / 1000, abs=60)


def test_sound_that_stops_alone_is_silence_and_keeps_its_place_beside_the_picture() -> None:
    live = Live()
    shown, heard = pictures(RED, 8.0), sound(1000, 8.0)
    muted = [unit for unit in heard if not 2_000_000 <= unit.dts_us < 6_000_000]
    for unit in interleaved(shown, muted):
        live.now = unit.dts_us / 1_000_000
        live.pipeline.take(unit, live.now)
        live.pipeline.fill(live.now)

    assert max(live.steps(Kind.AUDIO)) <= 43
    assert max(live.steps(Kind.VIDEO)) == 40
    with av.open(flv(live.relayed.messages), "r") as received:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in received.decode(audio=0)])
    loud = np.flatnonzero(np.abs(samples) > 0.1) / RATE_HZ
    edges = [(a, b) for a, b in itertools.pairwise(loud) if b - a > 1]
    assert len(edges) == 1
    assert edges[0] == (pytest.approx(2.0, abs=0.06), pytest.approx(6.0, abs=0.06))


def test_a_late_unit_of_a_session_that_was_replaced_is_no_return() -> None:
    live = Live()
    live.comes(stream(RED, 1.0, session=2))
    live.stays_away(3.0)
    before = len(live.relayed.messages)
    live.comes(stream(BLUE, 0.4, session=1))

    assert len(live.relayed.messages) == before
    assert live.pipeline.gap.lost


def test_a_gap_of_a_task_of_sound_alone_is_silence_alone() -> None:
    relayed = join(stream(RED, 2.0), video=False)
    relayed.pipeline.gap.came(Kind.AUDIO, 2_000_000, 2.0)
    relayed.pipeline.fill(5.0)

    assert {message.kind for message in relayed.messages} == {Kind.AUDIO}
    # The encoder holds back a frame, and begins none that it cannot end.
    assert relayed.times(Kind.AUDIO)[-1] == pytest.approx(5000, abs=75)


def test_sound_and_picture_of_a_publisher_who_returns_at_once_are_together() -> None:
    # What was before has more pictures than sound, by less than what counts as a jump of a clock.
    before = interleaved(pictures(RED, 1.08), sound(440, 1.0))
    relayed = join(before)
    relayed.feed(interleaved(pictures(BLUE, 1.0, session=2), sound(1000, 1.0, session=2)))

    with av.open(flv(relayed.messages), "r") as received:
        blue = next(frame.time for frame in received.decode(video=0) if mean_colour(frame)[2] > 150)
    packets = [m for m in relayed.messages if m.kind is Kind.AUDIO and m.frame]
    with av.open(flv(relayed.messages), "r") as received:
        heard = [frame.to_ndarray()[0] for frame in received.decode(audio=0)]
    high = next(
        message.timestamp_ms / 1000
        for message, samples in zip(packets, heard, strict=True)
        if message.timestamp_ms > 950 and pitch(samples, RATE_HZ) > 900
    )
    # The first piece with the new tone, to within one piece.
    assert high == pytest.approx(blue, abs=0.022)


def wait_for(relayed: Relayed, pictures: int) -> None:
    """Put so many transcoded pictures on the lane, as the event loop would."""
    for _ in range(pictures):
        relayed.pipeline.show(relayed.made.get(timeout=DEADLINE))


def configs(relayed: Relayed) -> list[bytes]:
    """Return the set-up data of pictures in their order."""
    bodies = [parse_video(message.body) for message in relayed.messages if message.kind is Kind.VIDEO]
    return [body.data for body in bodies if body and body.packet is AvcPacket.CONFIG]


def test_vp8_is_shown_as_h264_at_its_times_with_the_sound_beside_it() -> None:
    shown = video(Codec.VP8, plain(RED, 2.0))

    relayed = join(interleaved(shown, opus(tone(1000), 2.0)))
    wait_for(relayed, len(shown))
    relayed.pipeline.close()

    assert relayed.times(Kind.VIDEO) == [unit.pts_us // 1000 for unit in shown]
    assert set(np.diff(relayed.times(Kind.AUDIO))) <= {21, 22}
    with av.open(flv(sorted(relayed.messages, key=lambda message: message.timestamp_ms)), "r") as received:
        frames = list(received.decode(video=0))
    assert len(frames) == len(shown)
    assert all(mean_colour(frame) == pytest.approx(RED, abs=6) for frame in frames)


def test_of_a_start_with_vp8_the_latest_picture_is_the_first_message_and_older_sound_is_left_out() -> None:
    relayed = Relayed()
    units = interleaved(video(Codec.VP8, plain(RED, 1.9), start_us=9_000_000), opus(tone(440), 2.0, start_us=9_000_000))

    assert list(relayed.pipeline.join(units, 0.0))
    wait_for(relayed, 1)
    relayed.pipeline.close()

    assert relayed.made.empty()
    assert relayed.times(Kind.VIDEO) == [0]
    assert next(message for message in relayed.messages if message.kind is Kind.VIDEO and message.frame).starts
    assert 1 <= len(relayed.times(Kind.AUDIO)) <= 10


def test_h264_of_another_size_is_passed_through_with_its_own_set_up_data() -> None:
    published = video(Codec.H264, [*plain(RED, 1.0), *plain(RED, 1.0, (160, 90))])

    relayed = join(published)

    assert [h264.picture_size(config) for config in configs(relayed)] == [(320, 180), (160, 90)]
    bodies = [message.body[5:] for message in relayed.messages if message.kind is Kind.VIDEO and message.frame]
    assert bodies == [unit.payload for unit in published]
    with av.open(flv(relayed.messages), "r") as received:
        assert len(list(received.decode(video=0))) == len(published)


def test_another_codec_goes_on_where_the_one_before_ended() -> None:
    relayed = join(pictures(RED, 1.0))
    between = video(Codec.VP8, plain(BLUE, 1.0), session=2, start_us=50_000_000)
    relayed.feed(between)
    wait_for(relayed, len(between))
    relayed.feed(pictures(RED, 1.0, session=3, start_us=7_000))

    assert relayed.pipeline.transcoder is None
    steps = np.diff(relayed.times(Kind.VIDEO))
    assert steps.min() > 0
    assert steps.max() <= 41
    assert len(configs(relayed)) == 3
    with av.open(flv(relayed.messages), "r") as received:
        means = [mean_colour(frame) for frame in received.decode(video=0)]
    assert len(means) == 25 + 30 + 25
    assert [means[at] for at in (0, 30, 79)] == [pytest.approx(colour, abs=8) for colour in (RED, BLUE, RED)]


def test_what_the_transcoder_makes_too_late_is_left_out() -> None:
    relayed = join(video(Codec.VP8, plain(BLUE, 0.2)))
    made = [relayed.made.get(timeout=DEADLINE) for _ in range(6)]

    relayed.feed(pictures(RED, 0.2, session=2))
    before = len(relayed.messages)
    for picture in made:
        relayed.pipeline.show(picture)

    assert len(relayed.messages) == before


def test_after_stills_vp8_goes_on_with_a_key_frame() -> None:
    live = Live()
    live.comes(interleaved(video(Codec.VP8, plain(RED, 1.0)), opus(tone(440), 1.0)))
    wait_for(live.relayed, 30)
    live.stays_away(3.0)
    again = video(Codec.VP8, plain(BLUE, 1.0), session=2, start_us=90_000_000)

    live.comes(interleaved(again, opus(tone(440), 1.0, session=2, start_us=90_000_000)))
    wait_for(live.relayed, len(again))
    live.pipeline.close()

    assert live.colours() == ["red", "blue"]
    assert min(live.steps(Kind.VIDEO)) > 0
    assert max(live.steps(Kind.VIDEO)) <= 450
    assert max(live.steps(Kind.AUDIO)) <= 64
    after = [message for message in live.relayed.messages if message.kind is Kind.VIDEO][-len(again) :]
    assert after[0].starts


def test_sei_that_was_asked_for_travels_with_vp8_as_well() -> None:
    relayed = Relayed(sei=Sei(None, PassThrough("hello", 200, interval=0.5)))
    assert not list(relayed.pipeline.join([], 0.0))
    shown = video(Codec.VP8, plain(RED, 1.1))
    relayed.feed(shown)
    wait_for(relayed, len(shown))
    relayed.pipeline.close()

    found = [
        message
        for body in (parse_video(m.body) for m in relayed.messages if m.kind is Kind.VIDEO and m.frame)
        if body
        for unit in h264.nal_units(body.data)
        if unit[0] & 31 == h264.NalType.SEI
        for message in sei.messages(unit)
    ]
    assert [message.payload for message in found] == [b"hello"] * 3
