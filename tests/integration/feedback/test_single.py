"""A single stream into rooms: pictures untouched, AAC as Opus, and Opus as it came."""

from tailrace.unit import Codec
from tests.harness.bus_publisher import BusPublisher
from tests.harness.stage import Stage
from tests.integration.feedback.conftest import Rooms
from tests.media.browser import person_in_browser
from tests.media.people import Person, units
from tests.media.people import film as film_of
from tests.media.sync import offsets, pictures
from tests.media.windows import windows_found

IN_STEP = 0.040
FPS = 25
ANNA = Person(0, 320, 180, level=0.3)
WHOLE = {0: (0, 0, 320, 180)}


def test_aac_becomes_opus_in_step_and_silence_while_its_publisher_is_away(stage: Stage, rooms: Rooms) -> None:
    anna = stage.enter(ANNA)
    room = f"{stage.room}b"
    stage.keep(stage.cloud.start(stage.room, ANNA.user, [], FeedBackRoomParams=[rooms.back(room)]))
    with rooms.watch(room) as viewer:
        viewer.until_more(Codec.H264, 4 * FPS)
        got = viewer.received()
        anna.leave()
        viewer.until_more(Codec.OPUS, 50)
        viewer.until_more(Codec.H264, 5)

    assert viewer.exits == 0
    published = {unit.payload for unit in units(film_of(ANNA, stage.films)) if unit.codec is Codec.H264}
    assert {body.data for _, body in got.frames} <= published
    apart = offsets(got, WHOLE)[0]
    assert len(apart) >= 3
    assert all(abs(seconds) <= IN_STEP for seconds in apart)
    assert [window.person for window in windows_found(pictures(viewer.received())[-1][1])] == [0]
    times = [unit.pts_us for unit in viewer.of(Codec.OPUS)]
    assert times == sorted(set(times))


def test_opus_goes_on_as_it_came(stage: Stage, rooms: Rooms) -> None:
    sent = person_in_browser(ANNA, 6.0, Codec.H264, start_us=77_000_000_000)
    room = f"{stage.room}b"
    with BusPublisher(stage.served, stage.room, ANNA.user, sent):
        stage.keep(stage.cloud.start(stage.room, ANNA.user, [], FeedBackRoomParams=[rooms.back(room)]))
        with rooms.watch(room) as viewer:
            viewer.until_more(Codec.H264, 3 * FPS)
            got = viewer.received()
            opus = viewer.of(Codec.OPUS)

    payloads = {codec: {unit.payload for unit in sent if unit.codec is codec} for codec in (Codec.OPUS, Codec.H264)}
    assert len(opus) > 50
    assert {unit.payload for unit in opus} <= payloads[Codec.OPUS]
    assert {body.data for _, body in got.frames} <= payloads[Codec.H264]
    apart = offsets(got, WHOLE)[0]
    assert len(apart) >= 2
    assert all(abs(seconds) <= IN_STEP for seconds in apart)


def test_sound_alone_is_fed_back_as_opus_alone(stage: Stage, rooms: Rooms) -> None:
    stage.enter(ANNA)
    room = f"{stage.room}b"
    stage.keep(stage.cloud.start(stage.room, ANNA.user, [], video=False, FeedBackRoomParams=[rooms.back(room)]))
    with rooms.watch(room) as viewer:
        viewer.until_more(Codec.OPUS, 100)
        place = viewer.until_in_room()

    assert {unit.codec for unit in viewer.units} == {Codec.OPUS}
    assert (place.audio, place.video) == (True, False)
    assert viewer.received().sound().beeps()
