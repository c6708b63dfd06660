"""Look: from options to VideoParams that the API takes."""

from typing import Any

import pytest

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.look import ENCODE, Look
from tailrace.cli.mix_options import LayoutName
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.wire import read


def layout(**asked: Any) -> dict[str, Any]:
    video = Look(**asked).video_params()
    read(McuVideoParams, video, text=False)
    return dict(video["LayoutParams"])


def test_nothing_asked_for_is_nothing_said() -> None:
    assert Look().video_params() == {}
    assert Look().video_params(ENCODE) == {"VideoEncode": ENCODE}


def test_an_encoding_is_a_whole_of_what_was_and_what_is_asked_for() -> None:
    assert Look(bitrate_kbps=4000).video_params(ENCODE | {"Fps": 30})["VideoEncode"] == ENCODE | {
        "Fps": 30,
        "BitRate": 4000,
    }
    assert Look(size="720x1280", fps=25, gop=1).video_params()["VideoEncode"] == {
        "Width": 720,
        "Height": 1280,
        "Fps": 25,
        "BitRate": 1536,
        "Gop": 1,
    }


@pytest.mark.parametrize(("name", "mode"), [(LayoutName.FLOATING, 1), (LayoutName.SCREEN, 2), (LayoutName.GRID, 3)])
def test_a_layout_has_its_number(name: LayoutName, mode: int) -> None:
    assert layout(layout=name) == {"MixLayoutMode": mode}


def test_the_big_window_is_for_a_camera_or_a_screen() -> None:
    assert layout(big="alice") == {
        "MixLayoutMode": 1,
        "MaxVideoUser": {"UserMediaStream": {"UserInfo": {"UserId": "alice"}, "StreamType": 0}},
    }
    assert layout(layout=LayoutName.SCREEN, big="alice:screen")["MaxVideoUser"]["UserMediaStream"]["StreamType"] == 1


def test_windows_make_the_custom_layout() -> None:
    first, second = layout(windows=["alice:screen=640x720+0+10", "640x360+640+0"])["MixLayoutList"]

    assert first == {
        "ImageWidth": 640,
        "ImageHeight": 720,
        "LocationX": 0,
        "LocationY": 10,
        "ZOrder": 0,
        "UserMediaStream": {"UserInfo": {"UserId": "alice"}, "StreamType": 1},
    }
    assert "UserMediaStream" not in second
    assert second["ZOrder"] == 1


def test_a_background_has_a_colour() -> None:
    assert Look(background="0x99CCFF").video_params() == {"BackGroundColor": "0x99CCFF"}


@pytest.mark.parametrize(
    "asked",
    [
        {"size": "1280"},
        {"size": "1280x720x3"},
        {"windows": ["alice"]},
        {"windows": ["alice=640x720"]},
        {"windows": ["=640x720+0+0"]},
        {"layout": LayoutName.CUSTOM},
        {"layout": LayoutName.GRID, "windows": ["640x720+0+0"]},
        {"layout": LayoutName.GRID, "big": "alice"},
    ],
)
def test_what_makes_no_sense_is_wrong_usage(asked: dict[str, Any]) -> None:
    with pytest.raises(CommandError) as refused:
        Look(**asked).video_params()

    assert refused.value.code is Exit.USAGE
