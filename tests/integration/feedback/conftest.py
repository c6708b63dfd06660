"""What the tests of feedback share: what the mix tests have, and rooms that outputs are fed back into."""

import time
from typing import Any

import pytest

from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig
from tests.harness.bus_viewer import BusViewer
from tests.harness.served import Served
from tests.integration.mix.conftest import _ffmpeg, cdn, cloud, films, served, stage

__all__ = ["Rooms", "_ffmpeg", "cdn", "cloud", "films", "rooms", "served", "stage"]


class Rooms:
    """Names rooms of one server, in requests and on its bus."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._app = SdkAppId(served.app["sdk_app_id"])

    def back(self, room: str, user: str = "back", *, numeric: bool = False, sig: str = "") -> dict[str, Any]:
        """Return an entry of FeedBackRoomParams."""
        signed = usersig.make(self._app, Secret(self._served.app["key"]), UserId(user), int(time.time()), 3600)
        return {
            "RoomId": room,
            "RoomIdType": 0 if numeric else 1,
            "UserId": user,
            "UserSig": sig or signed.reveal(),
        }

    def stream(self, room: str, user: str = "back", *, numeric: bool = False) -> Stream:
        """Return the stream of a user."""
        return Stream(Room(self._app, room, numeric), UserId(user))

    def watch(self, room: str, user: str = "back", *, numeric: bool = False) -> BusViewer:
        """Watch a user as a task or a browser does."""
        return BusViewer(self._served.bus_url(), self.stream(room, user, numeric=numeric))


@pytest.fixture
def rooms(served: Served) -> Rooms:
    """The rooms of `served`."""
    return Rooms(served)
