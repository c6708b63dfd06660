"""What is fed back into rooms: the output's pictures as they are, its sound as Opus, in step."""

from collections.abc import Sequence

from tailrace.unit import Codec, Unit
from tests.harness.stage import Stage
from tests.harness.waiting import eventually
from tests.integration.feedback.conftest import Rooms
from tests.integration.mix.places import whole
from tests.media.people import Person
from tests.media.sync import offsets, pictures
from tests.media.windows import windows_found

GRID = {"MixLayoutMode": 3}
# Sound and picture of one user stay within 40 ms (design section 4), and a 15 Hz picture waits for its tick.
IN_STEP = 0.040


def follow(units: Sequence[Unit]) -> bool:
    """Whether no unit is missing, and times rise."""
    first = units[0].sequence
    times = [unit.dts_us for unit in units]
    return [unit.sequence - first for unit in units] == list(range(len(units))) and times == sorted(set(times))


def test_a_mix_is_fed_back_into_its_own_room_and_into_another_one(stage: Stage, rooms: Rooms) -> None:
    stage.enter(Person(0, level=0.3))
    stage.mix(GRID, FeedBackRoomParams=[rooms.back(stage.room), rooms.back("712", "other", numeric=True)])

    eventually(lambda: states(stage) == ["running", "running"], "fed back")
    with rooms.watch(stage.room) as own, rooms.watch("712", "other", numeric=True) as other:
        own.until_more(Codec.H264, 50)
        other.until_more(Codec.OPUS, 50)
    stage.end()

    for viewer in (own, other):
        assert viewer.units[0].codec is Codec.H264
        assert viewer.units[0].key
        assert viewer.of(Codec.AAC) == []
        assert follow(viewer.of(Codec.H264))
        assert follow(viewer.of(Codec.OPUS))
        seen = pictures(viewer.received())
        assert [window.person for window in windows_found(seen[-1][1])] == [0]
        apart = offsets(viewer.received(), {0: whole()})[0]
        assert len(apart) >= 2
        assert all(abs(seconds) <= IN_STEP for seconds in apart)


def states(stage: Stage) -> list[str]:
    return [room["State"] for room in stage.cloud.describe(stage.task)["FeedBackRooms"]]
