"""Scene: VideoParams in our own terms; render modes and colours as spec/03 section 4 has them."""

from typing import Any

import pytest

from tailrace.control.naming import Naming
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.wire import read
from tailrace.control.scene import scene_of
from tailrace.errors import ParameterInvalid, ParameterMissing
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.model.mix import (
    Crop,
    Fit,
    ImageMark,
    Layout,
    LayoutMode,
    Motion,
    Rounded,
    Scene,
    Slot,
    TextMark,
    VideoEncoding,
)
from tailrace.secret import ImageUrl

MAIN, OTHER = (Room(SdkAppId(1), name, numeric=False) for name in ("main", "other"))
NAMING = Naming(MAIN, UserId("robot"))
ENCODE = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}
ENCODING = VideoEncoding(1280, 720, 15, 1536, 2)
URL = "https://images.example/a.png"
IMAGE = ImageUrl(URL)


def scene(before: Scene | None = None, **members: Any) -> Scene:
    return scene_of(read(McuVideoParams, members, text=False), NAMING, before)


def layout(**members: Any) -> Layout:
    return scene(VideoEncode=ENCODE, LayoutParams=members).layout


def slot(**members: Any) -> Slot:
    (found,) = layout(MixLayoutMode=4, MixLayoutList=[{"ImageWidth": 640, "ImageHeight": 360} | members]).slots
    return found


def named(user: str, **info: Any) -> dict[str, Any]:
    return {"UserMediaStream": {"UserInfo": {"UserId": user} | info}}


def test_the_smallest_picture_is_floating_on_black() -> None:
    assert scene(VideoEncode=ENCODE) == Scene(ENCODING)
    assert Scene(ENCODING).layout == Layout(LayoutMode.FLOATING)


def test_odd_sizes_are_rounded_down() -> None:
    encoding = scene(VideoEncode=ENCODE | {"Width": 641, "Height": 361}).encoding

    assert (encoding.width, encoding.height) == (640, 360)


def test_no_encoding_at_the_start_is_missing() -> None:
    with pytest.raises(ParameterMissing, match=r"`VideoParams\.VideoEncode`"):
        scene(BackGroundColor="0x000000")


@pytest.mark.parametrize(("mode", "fit"), [(0, Fit.CROP), (1, Fit.INSIDE_ON_BLACK), (2, Fit.STRETCH)])
def test_the_canvas_image_has_a_scale_of_its_own(mode: int, fit: Fit) -> None:
    found = scene(VideoEncode=ENCODE, BackgroundImageUrl=URL, BackgroundRenderMode=mode, BackGroundColor="0xfF0080")

    assert (found.image, found.image_fit, found.colour) == (IMAGE, fit, 0xFF0080)


@pytest.mark.parametrize(("mode", "fit"), [(None, None), (0, Fit.CROP), (1, Fit.INSIDE), (2, Fit.INSIDE_ON_BLACK)])
def test_a_dynamic_layout_has_one_render_mode_for_all_windows(mode: int | None, fit: Fit | None) -> None:
    assert layout(**({} if mode is None else {"RenderMode": mode})).fit is fit


def test_a_dynamic_layout_is_as_asked() -> None:
    asked = layout(
        MixLayoutMode=2,
        MaxVideoUser={"UserMediaStream": {"UserInfo": {"UserId": "a"}, "StreamType": 1}},
        PureAudioHoldPlaceMode=1,
        EnableStreamSEI=0,
    )

    assert asked == Layout(
        LayoutMode.SCREEN_SHARING,
        biggest=Stream(MAIN, UserId("a"), StreamType.AUX),
        hold_audio_only=True,
        keep_sei=False,
    )


def test_what_is_for_other_modes_has_no_effect() -> None:
    everything = {
        "MixLayoutList": [{}],
        "MaxVideoUser": named("a"),
        "PureAudioHoldPlaceMode": 1,
        "RenderMode": 1,
        "EnableStreamSEI": 0,
    }

    assert layout(MixLayoutMode=4, **everything) == Layout(LayoutMode.CUSTOM, slots=(Slot(None, 0, 0, 0, 0),))
    grid = layout(MixLayoutMode=3, **everything)
    assert (grid.slots, grid.biggest, grid.hold_audio_only) == ((), None, True)


def test_the_big_window_is_for_a_user_of_the_main_room() -> None:
    path = r"`VideoParams\.LayoutParams\.MaxVideoUser\.UserMediaStream\.UserInfo"
    with pytest.raises(ParameterInvalid, match=rf"{path}\.RoomId`"):
        layout(MaxVideoUser=named("a", RoomId="other"))
    with pytest.raises(ParameterMissing, match=rf"{path}`"):
        layout(MaxVideoUser={"UserMediaStream": {"StreamType": 1}})


def test_a_window_stands_where_it_was_put_even_beyond_the_canvas() -> None:
    found = slot(**named("a", RoomId="other"), LocationX=640, LocationY=360, ImageHeight=720, ZOrder=3)

    assert found == Slot(Stream(OTHER, UserId("a")), 640, 360, 640, 720, 3)


@pytest.mark.parametrize("who", [{}, {"UserMediaStream": {}}, {"UserMediaStream": {"StreamType": 1}}])
def test_a_window_without_a_user_is_free(who: dict[str, Any]) -> None:
    assert slot(**who).who is None


@pytest.mark.parametrize(("mode", "fit"), [(0, Fit.CROP), (1, Fit.INSIDE), (2, Fit.INSIDE_ON_BLACK)])
def test_a_window_has_a_render_mode(mode: int, fit: Fit) -> None:
    assert slot(RenderMode=mode).fit is fit


@pytest.mark.parametrize(("mode", "fit"), [(0, Fit.CROP), (1, Fit.INSIDE), (2, Fit.INSIDE_ON_BLACK), (3, Fit.STRETCH)])
def test_a_placeholder_has_a_render_mode(mode: int, fit: Fit) -> None:
    size = {"Width": 100, "Height": 50}
    found = slot(BackgroundImageUrl=URL, BackgroundRenderMode=mode, BackgroundCustomRender=size)

    assert (found.placeholder, found.placeholder_fit, found.rounded) == (IMAGE, fit, None)


def test_a_placeholder_may_have_a_size_and_round_corners() -> None:
    found = slot(
        BackgroundImageUrl=URL,
        BackgroundRenderMode=4,
        BackgroundCustomRender={"Width": 100, "Height": 50, "Radius": 25},
    )

    assert (found.rounded, found.placeholder_fit) == (Rounded(100, 50, 25), Fit.STRETCH)


@pytest.mark.parametrize(
    ("mode", "beside"), [(0, (False, False)), (1, (True, False)), (2, (False, True)), (3, (True, True))]
)
def test_a_windows_colour_shows_where_its_mode_says(mode: int, beside: tuple[bool, bool]) -> None:
    found = slot(BackGroundColor="0xcc0033", BackGroundColorMode=mode)

    assert found.colour == 0xCC0033
    assert (found.colour_beside_placeholder, found.colour_beside_picture) == beside


def test_a_window_may_have_a_crop_a_template_and_no_sei() -> None:
    found = slot(
        CustomCrop={"LocationX": 1, "LocationY": 2, "Width": 3, "Height": 4}, TransparentUrl=URL, EnableStreamSEI=0
    )

    assert (found.crop, found.template, found.keep_sei) == (Crop(1, 2, 3, 4), IMAGE, False)


PLACE = {"WaterMarkWidth": 5, "WaterMarkHeight": 6, "LocationX": 7, "LocationY": 8}
IMAGE_MARK = {"WaterMarkImage": PLACE | {"WaterMarkUrl": URL, "ZOrder": 9, "DynamicPosType": 1}}
TEXT_MARK = {"WaterMarkType": 1, "WaterMarkText": PLACE | {"Text": "hi", "FontSize": 24}}


def test_watermarks_are_images_and_texts() -> None:
    found = scene(VideoEncode=ENCODE, WaterMarkList=[IMAGE_MARK, TEXT_MARK])

    assert found.image_marks == (ImageMark(IMAGE, 7, 8, 5, 6, 9, Motion.JUMPING),)
    assert found.text_marks == (TextMark("hi", 7, 8, 5, 6, 24),)


def test_a_text_has_a_font_colours_and_a_motion() -> None:
    more = {
        "FontColor": "0xcc9900",
        "BackGroundColor": "0x99CCFF",
        "Font": "SourceHanSans",
        "ZOrder": 2,
        "DynamicPosType": 2,
    }
    text = TEXT_MARK | {"WaterMarkText": PLACE | {"Text": "hi", "FontSize": 24} | more}

    assert scene(VideoEncode=ENCODE, WaterMarkList=[text]).text_marks == (
        TextMark("hi", 7, 8, 5, 6, 24, 0xCC9900, 0x99CCFF, "SourceHanSans", 2, Motion.BOUNCING),
    )


BEFORE = scene(
    VideoEncode=ENCODE,
    LayoutParams={"MixLayoutMode": 3, "RenderMode": 2},
    BackGroundColor="0x99CCFF",
    BackgroundImageUrl=URL,
    BackgroundRenderMode=0,
    WaterMarkList=[IMAGE_MARK, TEXT_MARK],
)


def test_what_is_absent_stays() -> None:
    assert scene(BEFORE) == BEFORE

    after = scene(BEFORE, VideoEncode=ENCODE | {"Fps": 30})
    assert (after.encoding.fps, after.layout, after.image, after.colour) == (30, BEFORE.layout, IMAGE, 0x99CCFF)


def test_a_layout_is_replaced_as_a_whole() -> None:
    after = scene(BEFORE, LayoutParams={"MixLayoutMode": 3})

    assert after.layout == Layout(LayoutMode.GRID)
    assert after.text_marks == BEFORE.text_marks


def test_what_is_empty_is_taken_away() -> None:
    after = scene(BEFORE, WaterMarkList=[], BackgroundImageUrl="")

    assert (after.image_marks, after.text_marks, after.image) == ((), (), None)
    assert after.colour == 0x99CCFF
