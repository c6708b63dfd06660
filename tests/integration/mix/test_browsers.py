"""Browsers and RTMP publishers in one picture: each is seen and heard, and stays together with himself."""

from tailrace.unit import Codec
from tests.harness.bus_publisher import BusPublisher
from tests.harness.stage import Stage
from tests.integration.mix.places import grid
from tests.media.browser import person_in_browser
from tests.media.people import Person
from tests.media.sync import offsets

SECONDS = 20
# design.md section 4
TOGETHER = 0.040


def test_rtmp_and_browsers_of_both_codecs_are_mixed_in_sync(stage: Stage) -> None:
    people = [Person(n, 320, 180, kbps=300) for n in range(3)]
    stage.enter(people[0])
    # Clocks that start anywhere, a network that loses a packet of sound now and then, a sound card that is too fast,
    # and pictures that become smaller.
    vp8 = person_in_browser(people[1], SECONDS, start_us=77_000_000_000, half=True, lost=range(33, 2000, 70))
    h264 = person_in_browser(people[2], SECONDS, Codec.H264, start_us=5_000, half=True, ppm=100, fec="1")
    with (
        BusPublisher(stage.served, stage.room, people[1].user, vp8) as first,
        BusPublisher(stage.served, stage.room, people[2].user, h264) as second,
    ):
        viewer = stage.mix({"MixLayoutMode": 3}, encode={"Width": 640, "Height": 360, "Fps": 25})
        places = {n: grid(2, 2, n) for n in range(3)}
        viewer.until_there(places)
        first.until_over(SECONDS + 10)
        second.until_over(SECONDS + 10)
        stage.end()

    apart = offsets(viewer.received, places)

    for number, seconds in apart.items():
        assert len(seconds) >= SECONDS - 6, number
        assert max(map(abs, seconds)) <= TOGETHER, (number, seconds)
