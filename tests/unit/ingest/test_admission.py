"""Admission: who may publish where, and what the others are told."""

import pytest

from tailrace.config import App
from tailrace.errors import (
    AppUnknown,
    CallerError,
    ParameterInvalid,
    ParameterMissing,
    UserSigForAnother,
    UserSigRejected,
)
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.ingest.admission import WEB_V1, WEB_V2, admit
from tailrace.secret import Secret
from tailrace.wire import usersig

APP = SdkAppId(1400000001)
KEY = Secret("the key of the app")
NOW = 1_700_000_000
APPS = {APP: App(sdk_app_id=APP, account=1, key=KEY)}


def fields(user: str = "anna", **changes: str) -> dict[str, str]:
    sig = usersig.make(APP, KEY, UserId(user), NOW, 3600).reveal()
    return {"sdkappid": str(APP), "userid": user, "usersig": sig, **changes}


def test_a_user_with_a_valid_usersig_is_admitted_to_a_string_room() -> None:
    stream = admit(APPS, "stage_4", fields(), NOW)

    assert stream == Stream(Room(APP, "stage_4", numeric=False), UserId("anna"), StreamType.MAIN)


@pytest.mark.parametrize(("name", "room"), [("123", "123"), ("007", "7"), ("4294967295", "4294967295")])
def test_the_flag_selects_a_numeric_room(name: str, room: str) -> None:
    assert admit(APPS, name, fields(use_number_room_id="1"), NOW).room == Room(APP, room, numeric=True)


def test_the_same_digits_without_the_flag_are_a_string_room() -> None:
    assert admit(APPS, "123", fields(use_number_room_id="0"), NOW).room == Room(APP, "123", numeric=False)


def test_streamtype_one_is_the_auxiliary_stream() -> None:
    assert admit(APPS, "stage", fields(streamtype="1"), NOW).type is StreamType.AUX


def test_percent_encoded_rooms_are_decoded() -> None:
    assert admit(APPS, "stage%5F4", fields(), NOW).room.room_id == "stage_4"


@pytest.mark.parametrize("name", ["0", "4294967296", "-1", "1.0", "stage", "", "٣", "99999999999"])
def test_a_numeric_room_out_of_range_is_refused(name: str) -> None:
    with pytest.raises(ParameterInvalid, match="room"):
        admit(APPS, name, fields(use_number_room_id="1"), NOW)


@pytest.mark.parametrize("name", ["", "a b", "a-b", "a/b", "é", "x" * 65, "a%2Fb", "a\n"])
def test_a_room_name_that_rtmp_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(ParameterInvalid, match="room"):
        admit(APPS, name, fields(), NOW)


@pytest.mark.parametrize("user", ["a b", "x" * 65, "a.b", "*", "a\n"])
def test_a_user_id_out_of_its_alphabet_is_refused(user: str) -> None:
    with pytest.raises(ParameterInvalid, match="userid"):
        admit(APPS, "stage", fields(user), NOW)


@pytest.mark.parametrize("field", ["sdkappid", "userid", "usersig"])
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_missing_field_is_named(field: str, how: str) -> None:
    given = fields(**{field: ""})
    if how == "absent":
        del given[field]

    with pytest.raises(ParameterMissing, match=field):
        admit(APPS, "stage", given, NOW)


@pytest.mark.parametrize("value", ["14x", "0", "-5", "4294967296"])
def test_an_sdkappid_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ParameterInvalid, match="sdkappid"):
        admit(APPS, "stage", fields(sdkappid=value), NOW)


def test_an_unknown_app_is_refused() -> None:
    with pytest.raises(AppUnknown, match="sdkappid"):
        admit(APPS, "stage", fields(sdkappid="1400000002"), NOW)


@pytest.mark.parametrize("flag", ["use_number_room_id", "streamtype"])
def test_a_flag_is_0_or_1(flag: str) -> None:
    with pytest.raises(ParameterInvalid, match=flag):
        admit(APPS, "stage", fields(**{flag: "2"}), NOW)


def rejected_sigs() -> list[tuple[str, str]]:
    return [
        ("forged", usersig.make(APP, Secret("another key"), UserId("anna"), NOW, 3600).reveal()),
        ("expired", usersig.make(APP, KEY, UserId("anna"), NOW - 7200, 3600).reveal()),
        ("other user", usersig.make(APP, KEY, UserId("bert"), NOW, 3600).reveal()),
        ("other app", usersig.make(SdkAppId(5), KEY, UserId("anna"), NOW, 3600).reveal()),
        ("garbage", "eJx-garbage"),
    ]


@pytest.mark.parametrize(("what", "sig"), rejected_sigs(), ids=lambda value: value[:10])
def test_a_usersig_that_does_not_hold_is_refused_without_being_shown(what: str, sig: str) -> None:
    with pytest.raises(UserSigRejected, match="usersig") as caught:
        admit(APPS, "stage", fields(usersig=sig), NOW)

    assert sig not in str(caught.value)


def test_a_usersig_that_is_valid_for_another_user_is_told_from_a_bad_one() -> None:
    berts = usersig.make(APP, KEY, UserId("bert"), NOW, 3600).reveal()
    forged = usersig.make(APP, Secret("another key"), UserId("bert"), NOW, 3600).reveal()

    with pytest.raises(UserSigForAnother):
        admit(APPS, "stage", fields(usersig=berts), NOW)
    with pytest.raises(UserSigRejected) as caught:
        admit(APPS, "stage", fields(usersig=forged), NOW)
    assert not isinstance(caught.value, UserSigForAnother)


def test_browsers_may_use_every_string_room_and_name_the_fields_their_way() -> None:
    given = {"SDKAppID": str(APP), "SessionID": "anna", "Authorization": fields()["usersig"]}

    stream = admit(APPS, "my%20room%20%231%3F", given, NOW, WEB_V2)

    assert stream == Stream(Room(APP, "my room #1?", numeric=False), UserId("anna"), StreamType.MAIN)
    for field in given:
        with pytest.raises(ParameterMissing, match=field):
            admit(APPS, "stage", {**given, field: ""}, NOW, WEB_V2)


@pytest.mark.parametrize("name", ["", "a/b", "a%2Fb", "é", "a*b", 'a"b', "x" * 65, "a\n"])
def test_a_room_name_that_browsers_do_not_allow_is_refused(name: str) -> None:
    with pytest.raises(ParameterInvalid, match="room"):
        admit(APPS, name, fields(), NOW, WEB_V1)


def test_no_refusal_holds_what_the_caller_sent() -> None:
    for changes in (
        {"sdkappid": "secret-1"},
        {"userid": "secret 1"},
        {"streamtype": "secret1"},
        {"usersig": "secret1"},
    ):
        with pytest.raises(CallerError) as caught:
            admit(APPS, "stage", fields(**changes), NOW)
        assert "secret" not in str(caught.value).lower()
