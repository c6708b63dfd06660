"""FeedBackRoomParams: who is fed back where, and which names are refused."""

import dataclasses

import pytest

from tailrace.config import App
from tailrace.control.feedback import check_names, check_user_sigs, targets_of
from tailrace.control.params.publish import McuFeedBackRoomParams
from tailrace.errors import ParameterInvalid
from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.model.mix import Layout, LayoutMode, Mix, Scene, Slot, VideoEncoding, Voice, Voices
from tailrace.model.plan import Plan, RoomTarget
from tailrace.secret import Secret
from tailrace.wire import usersig

APP, NOW = SdkAppId(1400000001), 1_700_000_000
ROOM, OTHER = Room(APP, "hall", numeric=False), Room(APP, "5", numeric=True)
KEY = Secret("key of the app")
ENCODING = VideoEncoding(640, 360, 15, 500, 2)


def entry(user: str = "back", sig: str = "sig", room: Room = ROOM) -> McuFeedBackRoomParams:
    return McuFeedBackRoomParams.model_validate(
        {"RoomId": room.room_id, "RoomIdType": 0 if room.numeric else 1, "UserId": user, "UserSig": sig}
    )


def an_app() -> App:
    return App.model_validate({"sdk_app_id": APP, "account": 1, "key": KEY.reveal()})


def signed(user: str, valid_from: int = NOW) -> str:
    return usersig.make(APP, KEY, UserId(user), valid_from, 3600).reveal()


def test_rooms_and_users_are_those_of_the_list_in_its_order() -> None:
    assert targets_of(APP, [entry("a"), entry("b", room=OTHER)]) == (
        RoomTarget(ROOM, UserId("a")),
        RoomTarget(OTHER, UserId("b")),
    )


def test_a_user_sig_lets_its_own_user_in() -> None:
    check_user_sigs([entry("a", signed("a")), entry("b", signed("b"))], an_app(), NOW)


@pytest.mark.parametrize("sig", ["nonsense", signed("somebody else"), signed("b", NOW - 7200)])
def test_a_wrong_or_expired_user_sig_is_refused_by_its_path_and_not_repeated(sig: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        check_user_sigs([entry("a", signed("a")), entry("b", sig)], an_app(), NOW)

    assert refused.value.path == "FeedBackRoomParams.1.UserSig"
    assert sig not in str(refused.value)


MIXED = Plan(
    ROOM,
    UserId("robot"),
    (),
    mix=Mix(
        Scene(ENCODING, Layout(LayoutMode.CUSTOM, (Slot(Stream(ROOM, UserId("seen")), 0, 0, 640, 360),))),
        Voices(only=(Voice(OTHER, UserId("heard")),), never=(Voice(ROOM, UserId("muted")),)),
    ),
)
SINGLE = Plan(ROOM, UserId("robot"), (), source=Stream(ROOM, UserId("seen")))


@pytest.mark.parametrize(
    ("plan", "target"),
    [
        (MIXED, RoomTarget(ROOM, UserId("robot"))),
        (MIXED, RoomTarget(ROOM, UserId("seen"))),
        (MIXED, RoomTarget(OTHER, UserId("heard"))),
        (SINGLE, RoomTarget(ROOM, UserId("robot"))),
        (SINGLE, RoomTarget(ROOM, UserId("seen"))),
    ],
)
def test_a_name_that_would_throw_out_one_of_the_same_task_is_refused(plan: Plan, target: RoomTarget) -> None:
    fine = RoomTarget(ROOM, UserId("back"))

    with pytest.raises(ParameterInvalid) as refused:
        check_names(dataclasses.replace(plan, feedback=(fine, target)))

    assert refused.value.path == "FeedBackRoomParams.1.UserId"


@pytest.mark.parametrize("plan", [MIXED, SINGLE])
def test_the_same_names_in_other_rooms_and_names_that_are_shut_out_are_fine(plan: Plan) -> None:
    names = [(OTHER, "robot"), (OTHER, "seen"), (ROOM, "heard"), (ROOM, "muted"), (ROOM, "back")]

    check_names(dataclasses.replace(plan, feedback=tuple(RoomTarget(room, UserId(user)) for room, user in names)))
