"""Update: what is sent for what a shell asks to change, beside what the task is now."""

from typing import Any

import pytest

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.look import ENCODE, Look
from tailrace.cli.mix_options import LayoutName
from tailrace.cli.update import Change
from tailrace.control.actions.update_publish_cdn_stream import Request
from tailrace.control.params.wire import read

A, B, C = "rtmp://a/live/secret-a", "rtmp://b/live/secret-b", "rtmp://c/live/secret-c"
SINGLE: dict[str, Any] = {
    "WithTranscoding": 0,
    "Video": 1,
    "VideoEncode": None,
    "Destinations": [{"Url": A, "IsTencentCdn": 1}, {"Url": B, "IsTencentCdn": 0}],
}
MIX = SINGLE | {"WithTranscoding": 1, "VideoEncode": ENCODE | {"Fps": 30}}


def change(task: dict[str, Any], look: Look | None = None, **asked: Any) -> dict[str, Any]:
    request = Change(look or Look(), **asked).request(task)
    read(Request, {"SdkAppId": 1, "TaskId": "t", "SequenceNumber": 1, **request}, text=False)
    return request


def test_a_layout_is_sent_alone() -> None:
    assert change(MIX, Look(layout=LayoutName.GRID)) == {
        "WithTranscoding": 1,
        "VideoParams": {"LayoutParams": {"MixLayoutMode": 3}},
    }


def test_one_figure_is_sent_with_the_others_as_they_are() -> None:
    assert change(MIX, Look(bitrate_kbps=800))["VideoParams"]["VideoEncode"] == ENCODE | {"Fps": 30, "BitRate": 800}


def test_urls_are_sent_as_the_complete_new_list() -> None:
    kept = [{"PublishCdnUrl": A, "IsTencentCdn": 1}, {"PublishCdnUrl": B, "IsTencentCdn": 0}]
    new = {"PublishCdnUrl": C, "IsTencentCdn": 0}

    assert change(SINGLE, add=[C]) == {"WithTranscoding": 0, "PublishCdnParams": [*kept, new]}
    assert change(SINGLE, add=[C], remove=["2"])["PublishCdnParams"] == [kept[0], new]
    assert change(MIX, remove=[A])["PublishCdnParams"] == [kept[1]]


def test_rooms_are_sent_as_the_complete_new_list() -> None:
    room = {"RoomId": "lobby", "RoomIdType": 1, "UserId": "stage", "UserSig": "sig"}

    asked = Change(Look(), feedback=["lobby:stage"])
    assert asked.request(MIX, [room]) == {"WithTranscoding": 1, "FeedBackRoomParams": [room]}
    assert change(SINGLE, feedback=["none"]) == {"WithTranscoding": 0, "FeedBackRoomParams": []}
    assert "FeedBackRoomParams" not in change(SINGLE, add=[C])


@pytest.mark.parametrize("name", ["3", "0", C])
def test_a_url_that_is_not_there_cannot_be_removed_and_is_not_shown(name: str) -> None:
    with pytest.raises(CommandError) as refused:
        change(SINGLE, remove=[name])

    assert "secret" not in str(refused.value)


def test_a_single_stream_becomes_a_mix_with_a_whole_encoding() -> None:
    assert change(SINGLE, Look(layout=LayoutName.GRID, fps=20), mix=True) == {
        "WithTranscoding": 1,
        "VideoParams": {"VideoEncode": ENCODE | {"Fps": 20}, "LayoutParams": {"MixLayoutMode": 3}},
    }


def test_sound_becomes_mixed_sound() -> None:
    assert change(SINGLE | {"Video": 0}, mix=True) == {"WithTranscoding": 1}


def test_a_mix_becomes_a_single_stream() -> None:
    assert change(MIX, single="bob", screen=True) == {
        "WithTranscoding": 0,
        "SingleSubscribeParams": {"UserMediaStream": {"UserInfo": {"UserId": "bob"}, "StreamType": 1}},
    }


@pytest.mark.parametrize("asked", [{}, {"mix": True}, {"mix": True, "single": "bob"}, {"mix": True, "screen": True}])
def test_what_changes_nothing_is_wrong_usage(asked: dict[str, Any]) -> None:
    with pytest.raises(CommandError) as refused:
        change(MIX, **asked)

    assert refused.value.code is Exit.USAGE


@pytest.mark.parametrize(("task", "single"), [(SINGLE, ""), (SINGLE, "bob"), (MIX, "bob")])
def test_a_single_stream_takes_no_options_of_the_picture(task: dict[str, Any], single: str) -> None:
    # It would be relayed as it is, and the option would have no effect without a word.
    with pytest.raises(CommandError, match="--mix"):
        change(task, Look(size="640x360"), single=single)
