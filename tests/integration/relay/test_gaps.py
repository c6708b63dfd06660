"""A publisher who is away for a while: the push goes on with the last picture and silence, and then with him."""

from itertools import pairwise
from pathlib import Path

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.film import BLUE, FPS, GREEN, RED, Colour
from tests.media.received import Received, largest_step, rises

STILLS_MS = 200
# Beyond the spacing of what is shown.
NO_JUMP_MS = 100
COLOURS: dict[str, Colour] = {"red": RED, "green": GREEN, "blue": BLUE}


def colours(received: Received) -> list[str]:
    """Return the colours of the pictures in their order, each once for each time that it begins."""
    found = [next((n for n, c in COLOURS.items() if picture.looks(c)), "other") for _, picture in received.pictures()]
    return [name for at, name in enumerate(found) if at == 0 or found[at - 1] != name]


def assert_time_goes_on(received: Received) -> None:
    """Check that neither track goes back or jumps."""
    pictures, sound = [at for at, _ in received.frames], received.sound_times
    assert rises(pictures)
    assert largest_step(pictures) <= STILLS_MS + NO_JUMP_MS
    assert rises(sound)
    assert largest_step(sound) <= NO_JUMP_MS


def gap_of(received: Received) -> tuple[float, float]:
    """Return from when to when, in seconds, the longest run of pictures lasted that do not move on."""
    seen = received.pictures()
    moves = [at for (_, before), (at, now) in pairwise(seen) if before.number != now.number]
    return max(pairwise(moves), key=lambda step: step[1] - step[0])


def test_a_publisher_who_dies_and_returns_later_leaves_his_last_picture_and_silence(
    served: Served, cloud: Cloud, cdn: HostedCdn, red_film: Path, green_film: Path
) -> None:
    url = served.publish_url("gap", "cleo")
    with Publisher(red_film, url) as first:
        task = cloud.start("gap", "cleo", [cdn.url("gap")])
        cdn.until_more("gap", 2 * FPS)
        first.vanish()
    eventually(lambda: cloud.describe(task)["Notes"], "a note")
    cdn.until_more("gap", 15)
    with Publisher(green_film, url):
        cdn.until_more("gap", 3 * FPS)
        eventually(lambda: not cloud.describe(task)["Notes"], "no note any more")
        cloud.stop(task)
        stream = cdn.until_ended("gap")

    got = cdn.received("gap")
    assert len(cdn.streams("gap")) == 1
    assert stream.events.count("connect") == 1
    assert colours(got) == ["red", "green"]
    assert_time_goes_on(got)
    begin, end = gap_of(got)
    assert end - begin > 2.5
    assert not [at for at in got.sound().beeps() if begin + 0.2 < at < end - 0.2]
    flashes, beeps = got.flashes(), got.sound().beeps()
    after = [flash for flash in flashes if flash > end]
    assert after
    assert all(min(abs(beep - flash) for beep in beeps) <= 0.040 for flash in after[:-1])
