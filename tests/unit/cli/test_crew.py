"""What room is left, in words."""

import pytest

from tailrace.cli.crew import words
from tailrace.model.room_left import RoomLeft


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (RoomLeft(97, 1.44, 20 * 2**30), "97 tasks, 1.4 cores, 20.0 GiB"),
        (RoomLeft(0, -0.3, -5), "0 tasks, 0.0 cores, 0.0 GiB"),
        (RoomLeft(5), "5 tasks"),
    ],
)
def test_room_in_words(room: RoomLeft, text: str) -> None:
    assert words(room) == text
