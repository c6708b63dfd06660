"""Scenes: who is in the room, and the outputs that the tests ask for and change, with what must then be seen."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.harness.cloud import who
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.media.people import Person, Sound, film

ROOM = "stage"
FPS = 25
FILM_PICTURES = 8 * FPS
# Small windows of the floating layout are 194 x 108 of it: their codes can be read. Halves are even.
WIDTH, HEIGHT = 832, 468
ENCODE = {"Width": WIDTH, "Height": HEIGHT, "Fps": FPS, "BitRate": 2000, "Gop": 1}
# Three who are heard all the time, each at a pitch of its own, and one who sends no sound.
PEOPLE = [Person(index, 320, 180, sound=Sound.TONE if index < 3 else Sound.NONE) for index in range(4)]
EVERYBODY = range(len(PEOPLE))

Place = tuple[int, int, int, int]
Places = Mapping[int, Place]

GRID: dict[str, Any] = {"MixLayoutMode": 3}
# spec/03 section 3.3: four windows divide the canvas, left to right and top to bottom.
GRID_PLACES: Places = {0: (0, 0, 416, 234), 1: (416, 0, 416, 234), 2: (0, 234, 416, 234), 3: (416, 234, 416, 234)}
FLOATING: dict[str, Any] = {"MixLayoutMode": 1}
# spec/03 section 3.1: x = W (0.012 + c 0.247), y = H (1 - 0.012 - 0.235), w = 0.235 W, h = 0.235 H.
FLOATING_PLACES: Places = {
    0: (0, 0, WIDTH, HEIGHT),
    1: (8, 352, 194, 108),
    2: (214, 352, 194, 108),
    3: (420, 352, 194, 108),
}
CUSTOM_PLACES: Places = {
    3: (40, 20, 320, 180),
    1: (500, 20, 320, 180),
    0: (40, 260, 320, 180),
    2: (500, 260, 320, 180),
}


def window(person: int, place: Place, **more: Any) -> dict[str, Any]:
    """Return an entry of MixLayoutList."""
    x, y, width, height = place
    return {
        "UserMediaStream": who(f"person{person}"),
        "LocationX": x,
        "LocationY": y,
        "ImageWidth": width,
        "ImageHeight": height,
        **more,
    }


def custom(places: Places, **more: Any) -> dict[str, Any]:
    """Return LayoutParams with a window for each of these."""
    return {"MixLayoutMode": 4, "MixLayoutList": [window(person, place, **more) for person, place in places.items()]}


CUSTOM = custom(CUSTOM_PLACES)


def text_mark(text: str, place: Place, background: str = "0xFFFFFF") -> dict[str, Any]:
    """Return a watermark in a box of that colour."""
    x, y, width, height = place
    return {
        "WaterMarkType": 1,
        "WaterMarkText": {
            "Text": text,
            "LocationX": x,
            "LocationY": y,
            "WaterMarkWidth": width,
            "WaterMarkHeight": height,
            "FontSize": 20,
            "FontColor": "0x000000",
            "BackGroundColor": background,
        },
    }


def targets(*urls: str) -> list[dict[str, Any]]:
    """Return PublishCdnParams."""
    return [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in urls]


def single(user: str) -> dict[str, Any]:
    """Return SingleSubscribeParams."""
    return {"UserMediaStream": who(user)}


@contextmanager
def publishing(served: Served, films: Path, room: str, people: list[Person]) -> Iterator[list[Publisher]]:
    """Let `people` publish; each is in the room before the next one comes."""
    with ExitStack() as stack:
        publishers = []
        for person in people:
            url = served.publish_url(room, person.user)
            publishers.append(stack.enter_context(Publisher(film(person, films), url)))
            eventually(partial(_is_in, served, room, person), f"{person.user} in the room")
        yield publishers


def _is_in(served: Served, room: str, person: Person) -> bool:
    ending = f".s{room}.{person.user}.main"
    return any(entry["stream"].endswith(ending) for entry in served.entries("publisher accepted"))
