"""Places: where people stand in the dynamic layouts, by the figures of spec/03 section 3; windows of custom ones."""

from tests.harness.cloud import who
from tests.harness.viewer import Place
from tests.media.people import Person, Sound

WIDTH, HEIGHT = 640, 360
# No person has any of these colours.
BLACK, GREY, WHITE = 0x000000, 0x808080, 0xFFFFFF
CANVAS = {"BackGroundColor": f"{GREY:#x}"}


def guest(index: int, *, sound: Sound = Sound.TONE, video: bool = True) -> Person:
    """Return somebody who costs little; the same one again and again, as films take half a second to make."""
    return Person(index, 320, 180, fps=15, kbps=200, sound=sound, video=video)


def whole(width: int = WIDTH, height: int = HEIGHT) -> Place:
    """Return the canvas."""
    return 0, 0, width, height


def grid(columns: int, rows: int, cell: int, width: int = WIDTH, height: int = HEIGHT) -> Place:
    """Return a cell, counted from left to right and top to bottom."""
    row, column = divmod(cell, columns)
    return _even(width * column / columns, height * row / rows, width / columns, height / rows)


def small(number: int, width: int = WIDTH, height: int = HEIGHT) -> Place:
    """Return a small window of the floating layout: in rows of four, from the lower left corner upwards."""
    row, column = divmod(number, 4)
    x, y = width * (0.012 + column * 0.247), height * (1 - 0.012 - 0.235 - row * 0.247)
    return _even(x, y, width * 0.235, height * 0.235)


def beside(across: int, rows: int, number: int, width: int = WIDTH, height: int = HEIGHT) -> Place:
    """Return a small window beside a shared screen, 1/`across` of the width; two columns when there are ten across."""
    column, row = divmod(number, rows)
    left = width * ((8 if across == 10 else across - 1) + column) / across
    return _even(left, height * row / rows, width / across, height / rows)


def window(place: Place, **more: object) -> dict[str, object]:
    """Return an entry of MixLayoutList."""
    x, y, width, height = place
    return {"LocationX": x, "LocationY": y, "ImageWidth": width, "ImageHeight": height, **more}


def custom(*windows: dict[str, object]) -> dict[str, object]:
    """Return LayoutParams."""
    return {"MixLayoutMode": 4, "MixLayoutList": windows}


def reserved(user: str, room: str = "") -> dict[str, object]:
    """Return the member that keeps a window for one user."""
    return {"UserMediaStream": who(user, room, StreamType=0)}


def _even(*pixels: float) -> Place:
    x, y, width, height = (int(number + 1e-6) & ~1 for number in pixels)
    return x, y, width, height
