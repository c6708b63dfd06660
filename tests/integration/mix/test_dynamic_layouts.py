"""Floating, screen sharing, grid: who stands where, when people come and leave."""

from tests.harness.cloud import who
from tests.harness.stage import Stage
from tests.integration.mix.places import beside, grid, guest, small, whole
from tests.media.people import Sound
from tests.media.windows import who_is_at

FLOATING, SCREEN_SHARING, GRID = 1, 2, 3
BIG = {"Width": 1280, "Height": 720, "Fps": 8}


def biggest(user: str, stream_type: int = 0) -> dict[str, object]:
    """Return the layout member that names who fills the big window."""
    return {"MaxVideoUser": {"UserMediaStream": who(user, StreamType=stream_type)}}


def test_a_grid_grows_and_shrinks_in_the_order_of_entry(stage: Stage) -> None:
    people = [stage.enter(guest(0))]
    viewer = stage.mix({"MixLayoutMode": GRID})
    viewer.until_there({0: whole()})

    for count, columns, rows in ((2, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 3)):
        people.append(stage.enter(guest(count - 1)))
        viewer.until_there({n: grid(columns, rows, n) for n in range(count)})

    people[1].leave()
    viewer.until_there({person: grid(2, 2, cell) for cell, person in enumerate((0, 2, 3, 4))})
    stage.enter(guest(1))
    viewer.until_there({person: grid(3, 3, cell) for cell, person in enumerate((0, 2, 3, 4, 1))})


def test_floating_windows_stand_in_rows_before_the_first_one_who_is_followed_by_the_second(stage: Stage) -> None:
    first, *_ = [stage.enter(guest(n)) for n in range(6)]
    viewer = stage.mix({"MixLayoutMode": FLOATING})
    viewer.until_there({0: whole()} | {n: small(n - 1) for n in range(1, 6)})

    first.leave()
    viewer.until_there({1: whole()} | {n: small(n - 2) for n in range(2, 6)})
    stage.enter(guest(0))
    viewer.until_there({1: whole(), 0: small(4)} | {n: small(n - 2) for n in range(2, 6)})


def test_the_big_floating_window_is_kept_for_who_is_named(stage: Stage) -> None:
    for n in (0, 1):
        stage.enter(guest(n))
    viewer = stage.mix({"MixLayoutMode": FLOATING, **biggest("person2")})
    viewer.until_there({0: small(0), 1: small(1)})

    named = stage.enter(guest(2))
    viewer.until_there({2: whole(), 0: small(0), 1: small(1)})
    named.leave()
    viewer.until_there({0: small(0), 1: small(1)})


def test_a_shared_screen_stands_uncut_beside_the_cameras(stage: Stage) -> None:
    # The screen is of the user "person0", and looks like person 9.
    for n in range(4):
        stage.enter(guest(n))
    viewer = stage.mix({"MixLayoutMode": SCREEN_SHARING, **biggest("person0", stream_type=1)})
    viewer.until_there({n: beside(5, 4, n) for n in range(4)})

    screen = stage.enter(guest(9), user="person0", streamtype=1)
    # 512 x 360 are for the screen, which is 16 : 9.
    viewer.until_there({9: (0, 36, 512, 288)} | {n: beside(5, 4, n) for n in range(4)})
    stage.enter(guest(4))
    viewer.until_there({9: (0, 26, 548, 308)} | {n: beside(7, 6, n) for n in range(5)})
    screen.leave()
    viewer.until_there({n: beside(7, 6, n) for n in range(5)})


def test_camera_and_screen_of_one_user_are_two_windows_in_a_grid(stage: Stage) -> None:
    stage.enter(guest(0))
    screen = stage.enter(guest(9), user="person0", streamtype=1)
    viewer = stage.mix({"MixLayoutMode": GRID})
    viewer.until_there({0: grid(2, 1, 0), 9: grid(2, 1, 1)})
    viewer.until_heard({0: 0.05, 9: 0.05})

    screen.leave()
    viewer.until_there({0: whole()})


def test_sixteen_are_mixed_and_the_seventeenth_when_there_is_room(stage: Stage) -> None:
    # There are sixteen people, so one of the seventeen streams is a second one that looks like person 14.
    for n in range(15):
        stage.enter(guest(n))
    double = stage.enter(guest(14, sound=Sound.NONE), user="double")
    stage.enter(guest(15))
    viewer = stage.mix({"MixLayoutMode": GRID})
    # One look finds all that looks like person 14, in the last two cells.
    viewer.until_there({n: grid(4, 4, n) for n in range(14)} | {14: (320, 270, 320, 90)})
    viewer.until_heard(dict.fromkeys(range(15), 0.05))
    double.leave()
    viewer.until_there({n: grid(4, 4, n) for n in range(16)})
    viewer.until_heard(dict.fromkeys(range(16), 0.05))
    stage.end()

    viewer = stage.mix({"MixLayoutMode": FLOATING})
    # Of the first one too little is seen to be found, but his right upper corner is.
    shot = viewer.until_there({n: small(n - 1) for n in range(1, 16)})
    assert who_is_at(shot.picture, 482, 4, 158, 82) == 0
    stage.end()

    size = BIG["Width"], BIG["Height"]
    viewer = stage.mix({"MixLayoutMode": SCREEN_SHARING, **biggest("person15")}, encode=BIG)
    viewer.until_there({15: (0, 72, 1024, 576)} | {n: beside(10, 8, n, *size) for n in range(15)})
