"""`--feedback ROOM:USER`: entries of FeedBackRoomParams, each with a UserSig that lets its user in."""

import time
from pathlib import Path

import pytest

from tailrace.cli.exits import CommandError
from tailrace.cli.feedback import NOWHERE, new_rooms, rooms_of
from tailrace.cli.folder import DataFolder
from tailrace.cli.target import Target
from tailrace.config import App, Config
from tailrace.ids import SdkAppId, UserId
from tailrace.wire import usersig

APP = App.model_validate({"sdk_app_id": 1400000001, "account": 1, "key": "key of the app"})


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(Config(), DataFolder(tmp_path), {})


def test_each_entry_has_its_room_its_user_and_his_sig(target: Target) -> None:
    lobby, odd = rooms_of(["lobby:stage", "a:b c:back"], target, APP, numeric=False)

    assert (lobby["RoomId"], lobby["RoomIdType"], lobby["UserId"]) == ("lobby", 1, "stage")
    assert (odd["RoomId"], odd["UserId"]) == ("a:b c", "back")
    usersig.check(lobby["UserSig"], SdkAppId(APP.sdk_app_id), APP.key, UserId("stage"), time.time())


def test_rooms_are_numeric_when_the_relayed_one_is(target: Target) -> None:
    assert [entry["RoomIdType"] for entry in rooms_of(["712:back"], target, APP, numeric=True)] == [0]


def test_an_update_may_name_no_room_at_all_but_not_beside_others(target: Target) -> None:
    assert new_rooms([NOWHERE], target, APP, numeric=False) == []
    assert [entry["UserId"] for entry in new_rooms(["lobby:stage"], target, APP, numeric=False)] == ["stage"]
    with pytest.raises(CommandError):
        new_rooms([NOWHERE, "lobby:stage"], target, APP, numeric=False)


@pytest.mark.parametrize("text", ["none", "lobby", "lobby:", ":stage", "", "lobby:no body"])
def test_what_names_no_room_and_user_is_refused(target: Target, text: str) -> None:
    with pytest.raises(CommandError):
        rooms_of([text], target, APP, numeric=False)
