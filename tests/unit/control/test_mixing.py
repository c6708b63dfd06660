"""Mixing: whose sound is mixed, and from which rooms."""

from typing import Any

import pytest

from tailrace.control.mixing import mix_of, refuse_mixing
from tailrace.control.naming import Naming
from tailrace.control.params.audio import McuAudioParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.wire import read
from tailrace.errors import ParameterInvalid
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.mix import Mix, Voice, Voices

MAIN, OTHER = (Room(SdkAppId(1), name, numeric=False) for name in ("main", "other"))
NAMING = Naming(MAIN, UserId("robot"))
ENCODE = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}


def user(name: str, **more: Any) -> dict[str, Any]:
    level = {"SoundLevel": more.pop("SoundLevel")} if "SoundLevel" in more else {}
    return {"UserInfo": {"UserId": name} | more} | level


def mixed(audio: dict[str, Any] | None, video: dict[str, Any] | None = None, before: Mix = Mix()) -> Mix:  # noqa: B008
    return mix_of(
        None if audio is None else read(McuAudioParams, audio, text=False),
        None if video is None else read(McuVideoParams, video, text=False),
        NAMING,
        before,
    )


def custom(*windows: dict[str, Any]) -> dict[str, Any]:
    slots = [{"UserMediaStream": window} for window in windows]
    return {"VideoEncode": ENCODE, "LayoutParams": {"MixLayoutMode": 4, "MixLayoutList": slots}}


FLOATING = {"VideoEncode": ENCODE}


def test_without_lists_everybody_is_heard() -> None:
    assert mixed({}, FLOATING).voices == mixed(None, FLOATING).voices == Voices()


def test_lists_name_users_and_levels() -> None:
    audio = {"SubscribeAudioList": [user("a", SoundLevel=30), user("b")], "UnSubscribeAudioList": [user("c")]}

    assert mixed(audio).voices == Voices(
        only=(Voice(MAIN, UserId("a"), 30), Voice(MAIN, UserId("b"))), never=(Voice(MAIN, UserId("c")),)
    )


BEFORE = Mix(voices=Voices(only=(Voice(MAIN, UserId("a")),), never=(Voice(MAIN, UserId("b")),)))


def test_an_absent_list_stays_and_an_empty_one_resets() -> None:
    assert mixed({}, before=BEFORE) == mixed(None, before=BEFORE) == BEFORE
    assert mixed({"SubscribeAudioList": []}, before=BEFORE).voices == Voices(never=BEFORE.voices.never)
    assert mixed({"UnSubscribeAudioList": []}, before=BEFORE).voices == Voices(only=BEFORE.voices.only)
    assert mixed({"SubscribeAudioList": [user("z")]}, before=BEFORE).voices == Voices(
        only=(Voice(MAIN, UserId("z")),), never=BEFORE.voices.never
    )


@pytest.mark.parametrize("name", ["SubscribeAudioList", "UnSubscribeAudioList"])
def test_a_dynamic_layout_hears_the_main_room_only(name: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        mixed({name: [user("a"), user("b", RoomId="other")]}, FLOATING)

    assert refused.value.path == f"AudioParams.{name}.1.UserInfo.RoomId"


def test_sound_alone_may_come_from_any_room() -> None:
    assert mixed({"SubscribeAudioList": [user("a", RoomId="other")]}).voices.only == (Voice(OTHER, UserId("a")),)


def test_a_custom_layout_hears_its_users_in_the_rooms_where_it_shows_them() -> None:
    picture = custom(user("a", RoomId="other"), {"StreamType": 1})

    assert (
        len(mixed({"SubscribeAudioList": [user("a", RoomId="other"), user("z", RoomId="third")]}, picture).voices.only)
        == 2
    )
    with pytest.raises(ParameterInvalid, match=r"`AudioParams\.SubscribeAudioList\.0\.UserInfo\.RoomId`"):
        mixed({"SubscribeAudioList": [user("a")]}, picture)


def test_one_who_is_shown_from_two_rooms_may_be_heard_from_both() -> None:
    picture = custom(user("a", RoomId="other"), user("a"))
    audio = {"SubscribeAudioList": [user("a", RoomId="other"), user("a")]}

    assert [voice.room for voice in mixed(audio, picture).voices.only] == [OTHER, MAIN]


def test_a_new_layout_must_fit_the_voices_that_stay() -> None:
    before = mixed({"SubscribeAudioList": [user("a", RoomId="other")]}, custom(user("a", RoomId="other")))

    with pytest.raises(ParameterInvalid, match=r"`AudioParams\.SubscribeAudioList\.0\.UserInfo\.RoomId`"):
        mixed(None, {"LayoutParams": {"MixLayoutMode": 3}}, before)
    assert mixed({"SubscribeAudioList": []}, {"LayoutParams": {"MixLayoutMode": 3}}, before).voices == Voices()


def test_a_single_stream_may_come_with_empty_lists() -> None:
    audio = read(McuAudioParams, {"SubscribeAudioList": [], "UnSubscribeAudioList": []}, text=False)
    video = read(McuVideoParams, {"VideoEncode": ENCODE, "WaterMarkList": []}, text=False)

    refuse_mixing(audio, video)
    refuse_mixing(None, None)


def test_a_single_stream_has_no_watermarks() -> None:
    place = {"WaterMarkWidth": 5, "WaterMarkHeight": 6, "LocationX": 7, "LocationY": 8}
    marks = [{"WaterMarkType": 1, "WaterMarkText": place | {"Text": "hi", "FontSize": 24}}]
    video = read(McuVideoParams, {"WaterMarkList": marks}, text=False)

    with pytest.raises(ParameterInvalid, match="WaterMarkList"):
        refuse_mixing(None, video)
