"""Sources and arrivals of the demo: a film that is repeated, and when its pictures came."""

import asyncio
from collections.abc import Sequence

from tailrace.cli.demo.arrivals import Arrivals
from tailrace.cli.demo.sources import Film
from tailrace.wire import flv

CONFIG = flv.VideoBody(flv.AvcPacket.CONFIG, True, 0, b"c").encode()
PICTURES = [flv.VideoBody(flv.AvcPacket.UNITS, number == 0, 0, bytes([number])).encode() for number in range(3)]
ROUND_MS = 100


def film_of(pictures: Sequence[bytes]) -> bytes:
    tags = [(0, CONFIG), *((10 + 30 * number, body) for number, body in enumerate(pictures))]
    body = b"".join(flv.encode_tag(flv.TagType.VIDEO, at_ms, data) for at_ms, data in tags)
    return flv.file_header(audio=False, video=True) + body


def test_a_film_goes_round_without_a_hole_and_says_its_set_up_once() -> None:
    async def take(count: int) -> list[tuple[int, bytes]]:
        film = Film("film", film_of(PICTURES), ROUND_MS)
        assert (film.video, film.audio) == (True, False)
        tags = [await film.take() for _ in range(count)]
        return [(tag.timestamp_ms, tag.body) for tag in tags]

    assert asyncio.run(take(8)) == [
        (0, CONFIG),
        *((10 + 30 * number, PICTURES[number]) for number in range(3)),
        *((110 + 30 * number, PICTURES[number]) for number in range(3)),
        (210, PICTURES[0]),
    ]


def test_arrivals_say_when_the_picture_of_a_time_came_however_the_stream_is_cut() -> None:
    arrivals = Arrivals()
    data = film_of(PICTURES)

    for now, byte in enumerate(data):
        arrivals.take(bytes([byte]), float(now))

    assert arrivals.latest == 0.07
    assert arrivals.at(0.07) == float(len(data) - 1)  # with the last byte of its tag
    assert arrivals.at(0.041) == arrivals.at(0.07)
    assert arrivals.at(0.08) is None


def test_before_the_first_picture_nothing_has_arrived() -> None:
    assert (Arrivals().latest, Arrivals().at(0.0)) == (0.0, None)
