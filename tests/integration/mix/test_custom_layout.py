"""The custom layout: reserved and free windows, layers, the canvas border, placeholders, people of another room."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image

from tests.harness.cloud import who
from tests.harness.stage import Stage
from tests.integration.mix.places import CANVAS, GREY, WHITE, custom, guest, reserved, window
from tests.media.windows import shows_colour, who_is_at


@pytest.fixture
def picture_url() -> Iterator[str]:
    """The address of a white PNG."""
    file = BytesIO()
    Image.new("RGB", (32, 18), "white").save(file, "png")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(file.getvalue())))
            self.end_headers()
            self.wfile.write(file.getvalue())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="pictures")
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/white.png"
    server.shutdown()
    thread.join()
    server.server_close()


def test_reserved_windows_wait_and_free_ones_are_taken_in_the_order_of_entry(stage: Stage) -> None:
    left, right, below, corner = (0, 0, 320, 180), (320, 0, 320, 180), (0, 180, 320, 180), (480, 240, 320, 180)
    # The last window reaches beyond both borders of the canvas.
    in_corner = (480, 240, 160, 120)
    one, _, named, _ = (stage.enter(guest(n)) for n in (1, 2, 0, 4))
    viewer = stage.mix(
        custom(
            window(left, **reserved("person0")),
            window(right),
            window(below),
            window(corner, **reserved("person3")),
        ),
        canvas=CANVAS,
    )

    shot = viewer.until_there({0: left, 1: right, 2: below})
    assert shows_colour(shot.picture, GREY, 484, 244, 152, 112)
    # Nobody sees person 4, and nobody hears him.
    viewer.until_heard({0: 0.05, 1: 0.05, 2: 0.05})

    one.leave()
    viewer.until_there({0: left, 4: right, 2: below})
    viewer.until_heard({0: 0.05, 4: 0.05, 2: 0.05})

    stage.enter(guest(3))
    viewer.until_there({0: left, 4: right, 2: below, 3: in_corner})

    named.leave()
    stage.enter(guest(1))
    shot = viewer.until_there({4: right, 2: below, 3: in_corner})
    assert shows_colour(shot.picture, GREY, 4, 4, 312, 172)
    viewer.until_heard({4: 0.05, 2: 0.05, 3: 0.05})

    stage.enter(guest(0))
    viewer.until_there({0: left, 4: right, 2: below, 3: in_corner})


def test_a_higher_layer_covers_a_lower_one_and_of_two_equal_ones_the_later_covers_the_earlier(stage: Stage) -> None:
    places = ((0, 0, 400, 240), (200, 60, 440, 300), (100, 120, 200, 180))
    for n in range(3):
        stage.enter(guest(n))
    viewer = stage.mix(
        custom(
            *(
                window(place, ZOrder=layer, **reserved(f"person{n}"))
                for n, (place, layer) in enumerate(zip(places, (2, 1, 2), strict=True))
            )
        )
    )

    shot = viewer.until_there(dict(enumerate(places)))

    assert who_is_at(shot.picture, 300, 62, 100, 176) == 0
    assert who_is_at(shot.picture, *places[2]) == 2


def test_a_placeholder_is_shown_while_the_user_sends_no_picture(stage: Stage, picture_url: str) -> None:
    left, right = (0, 0, 320, 360), (320, 0, 320, 360)
    stage.enter(guest(1))
    viewer = stage.mix(
        custom(window(left, BackgroundImageUrl=picture_url, **reserved("person0")), window(right)), canvas=CANVAS
    )
    shot = viewer.until(lambda shot: shows_colour(shot.picture, WHITE, 4, 4, 312, 352), "the placeholder")
    assert who_is_at(shot.picture, *right) == 1

    voice = stage.enter(guest(0, video=False))
    viewer.until_heard({0: 0.05, 1: 0.05})
    assert shows_colour(viewer.now().picture, WHITE, 4, 4, 312, 352)

    voice.leave()
    camera = stage.enter(guest(0))
    viewer.until_there({0: left, 1: right})
    camera.leave()
    viewer.until(lambda shot: shows_colour(shot.picture, WHITE, 4, 4, 312, 352), "the placeholder again")


def test_a_named_user_of_another_room_is_seen_and_when_he_is_on_the_list_heard(stage: Stage) -> None:
    left, right = (0, 0, 320, 360), (320, 0, 320, 360)
    other = f"{stage.room}_other"
    stage.enter(guest(0))
    stage.enter(guest(1), room=other)
    stage.enter(guest(2), room=other)
    layout = custom(window(left), window(right, **reserved("person1", other)))
    listed = [who("person0"), who("person1", other)]

    both = stage.mix(layout, only=listed)
    both.until_there({0: left, 1: right})
    both.until_heard({0: 0.05, 1: 0.05})
    stage.end()

    one = stage.mix(layout, only=listed[:1])
    one.until_there({0: left, 1: right})
    one.until_heard({0: 0.05})
