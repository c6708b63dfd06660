"""How far sound and picture drift apart in a mix: `python -m bench.mix_sync [MINUTES]`, ten unless given.

Three people publish into a mix, one with a right clock, one whose clock is 200 ppm fast, one 200 ppm slow. Each flashes
and beeps once a second. What the CDN received is decoded, and for each person's flashes and beeps the time between the
two is printed, for the first minute and for the last one.
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.skewed import SkewedPublisher
from tests.media.people import Person, film
from tests.media.received import Received
from tests.media.sync import offsets

PPM = 200
ROOM = "sync"
WIDTH, HEIGHT, FPS = 640, 360, 25
# A quarter of the grid for each, in the order of coming.
PLACES = {0: (0, 0, 320, 180), 1: (320, 0, 320, 180), 2: (0, 180, 320, 180)}
MINUTE_MS = 60_000


def record(folder: Path, seconds: float) -> Received:
    """Mix the three for so long; return what the CDN received."""
    with Served(folder) as served, HostedCdn() as cdn, ExitStack() as people:
        for person in (Person(number, 320, 180, kbps=300) for number in PLACES):
            url, file = served.publish_url(ROOM, person.user), film(person, folder)
            ppm = {0: 0, 1: PPM, 2: -PPM}[person.index]
            people.enter_context(SkewedPublisher(file, url, ppm) if ppm else Publisher(file, url))
            time.sleep(1)  # the order of coming is the order in the grid
        cloud = Cloud(served)
        encode = {"Width": WIDTH, "Height": HEIGHT, "Fps": FPS}
        task = cloud.start_mix(ROOM, [cdn.url(ROOM)], layout={"MixLayoutMode": 3}, encode=encode)
        time.sleep(seconds)
        cloud.stop(task)
        cdn.until_ended(ROOM)
        return cdn.received(ROOM)


def part(received: Received, begin_ms: int, end_ms: int) -> Received:
    """Return what lies between two output times, from a key frame on, with the set-up data of both tracks."""
    begin_ms = min(at for at, body in received.frames if body.key and at >= begin_ms)
    video = [(begin_ms, received.video[0][1])]
    video += [(at, body) for at, body in received.video[1:] if begin_ms <= at < end_ms]
    audio = [(begin_ms, received.audio[0][1])]
    audio += [(at, body) for at, body in received.audio[1:] if begin_ms <= at < end_ms]
    return Received(video, audio)


def main() -> None:
    """Measure and print a line for each person and minute."""
    minutes = float(sys.argv[1]) if sys.argv[1:] else 10.0
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as folder:
        received = record(Path(folder), minutes * 60)
    last_ms = received.frames[-1][0]
    for name, begin_ms in (("first minute", 0), ("last minute", max(0, last_ms - MINUTE_MS))):
        for person, apart in offsets(part(received, begin_ms, begin_ms + MINUTE_MS), PLACES).items():
            clock = {0: "right", 1: f"{PPM} ppm fast", 2: f"{PPM} ppm slow"}[person]
            ms = [1000 * seconds for seconds in apart]
            print(
                f"{name}, clock {clock}: {len(ms)} flashes, picture minus sound {statistics.fmean(ms):+.1f} ms on "
                f"average, {min(ms):+.1f} to {max(ms):+.1f} ms"
            )


if __name__ == "__main__":
    main()
