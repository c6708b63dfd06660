"""Scene: from VideoParams to the mixed picture; the API's render modes and colours in our own terms (spec/03)."""

from collections.abc import Sequence
from dataclasses import replace

from tailrace.control.naming import Naming
from tailrace.control.params.layout import CUSTOM_RENDER, McuBackgroundCustomRender, McuLayout, McuLayoutParams
from tailrace.control.params.video import McuVideoParams, VideoEncode
from tailrace.control.params.watermark import TEXT, McuWaterMarkImage, McuWaterMarkParams, McuWaterMarkText
from tailrace.errors import ParameterInvalid, ParameterMissing
from tailrace.ids import Stream
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

# spec/03 section 4: windows and placeholders count alike, the canvas image has a scale of its own.
_CANVAS_FIT = (Fit.CROP, Fit.INSIDE_ON_BLACK, Fit.STRETCH)
# BackGroundColorMode
_BESIDE_PLACEHOLDER, _BESIDE_PICTURE = 1, 2
_LAYOUT = "VideoParams.LayoutParams"


def scene_of(video: McuVideoParams, naming: Naming, before: Scene | None = None) -> Scene:
    """Return the picture that is asked for. What is absent stays as `before`, or is as its default says.

    An empty image address takes the image away. Raises ParameterMissing when there is no encoding, ParameterInvalid.
    """
    if video.video_encode is not None:
        scene = replace(before or Scene(_encoding(video.video_encode)), encoding=_encoding(video.video_encode))
    elif before is not None:
        scene = before
    else:
        raise ParameterMissing("VideoParams.VideoEncode")
    if video.layout_params is not None:
        scene = replace(scene, layout=_layout(video.layout_params, naming))
    if video.back_ground_color is not None:
        scene = replace(scene, colour=_colour(video.back_ground_color))
    if video.background_image_url is not None:
        scene = replace(scene, image=_image(video.background_image_url))
    if video.background_render_mode is not None:
        scene = replace(scene, image_fit=_CANVAS_FIT[video.background_render_mode])
    if video.water_mark_list is not None:
        scene = _marked(scene, video.water_mark_list)
    return scene


def _encoding(encode: VideoEncode) -> VideoEncoding:
    """Sizes are rounded down to even ones (spec/02 section 1.2)."""
    return VideoEncoding(encode.width & ~1, encode.height & ~1, encode.fps, encode.bit_rate, encode.gop)


def _layout(params: McuLayoutParams, naming: Naming) -> Layout:
    """Return a layout with what counts in its mode; what is for other modes has no effect (spec/03 section 1)."""
    mode = LayoutMode(params.mix_layout_mode)
    if mode is LayoutMode.CUSTOM:
        windows = enumerate(params.mix_layout_list)
        return Layout(
            mode, slots=tuple(_slot(window, naming, f"{_LAYOUT}.MixLayoutList.{index}") for index, window in windows)
        )
    return Layout(
        mode,
        biggest=_biggest(params, naming) if mode is not LayoutMode.GRID else None,
        hold_audio_only=params.pure_audio_hold_place_mode == 1,
        fit=None if params.render_mode is None else Fit(params.render_mode),
        keep_sei=params.enable_stream_sei == 1,
    )


def _biggest(params: McuLayoutParams, naming: Naming) -> Stream | None:
    if params.max_video_user is None:
        return None
    path = f"{_LAYOUT}.MaxVideoUser.UserMediaStream"
    stream = naming.stream(params.max_video_user.user_media_stream, path)
    if stream is None:
        raise ParameterMissing(f"{path}.UserInfo")
    if stream.room != naming.main_room:
        raise ParameterInvalid(f"{path}.UserInfo.RoomId", "a dynamic layout shows users of the main room only")
    return stream


def _slot(window: McuLayout, naming: Naming, path: str) -> Slot:
    crop = window.custom_crop
    named = window.user_media_stream
    return Slot(
        who=naming.stream(named, f"{path}.UserMediaStream") if named else None,
        x=window.location_x,
        y=window.location_y,
        width=window.image_width,
        height=window.image_height,
        layer=window.z_order,
        fit=Fit(window.render_mode),
        crop=Crop(crop.location_x, crop.location_y, crop.width, crop.height) if crop else None,
        colour=_colour(window.back_ground_color) if window.back_ground_color else None,
        colour_beside_placeholder=bool(window.back_ground_color_mode & _BESIDE_PLACEHOLDER),
        colour_beside_picture=bool(window.back_ground_color_mode & _BESIDE_PICTURE),
        placeholder=_image(window.background_image_url),
        rounded=_rounded(window.background_custom_render) if window.background_render_mode == CUSTOM_RENDER else None,
        # What fills a custom size is not documented; images are stretched unless a mode says otherwise.
        placeholder_fit=Fit.STRETCH
        if window.background_render_mode == CUSTOM_RENDER
        else Fit(window.background_render_mode),
        template=_image(window.transparent_url),
        keep_sei=window.enable_stream_sei == 1,
    )


def _rounded(size: McuBackgroundCustomRender | None) -> Rounded | None:
    return Rounded(size.width, size.height, size.radius) if size else None


def _marked(scene: Scene, marks: Sequence[McuWaterMarkParams]) -> Scene:
    """Return the scene with these watermarks instead of its own; the models have seen to it that each has its kind."""
    texts = [mark.water_mark_text for mark in marks if mark.water_mark_type == TEXT]
    images = [mark.water_mark_image for mark in marks if mark.water_mark_type != TEXT]
    return replace(
        scene,
        text_marks=tuple(_text_mark(text) for text in texts if text is not None),
        image_marks=tuple(_image_mark(image) for image in images if image is not None),
    )


def _image_mark(mark: McuWaterMarkImage) -> ImageMark:
    return ImageMark(
        mark.water_mark_url,
        mark.location_x,
        mark.location_y,
        mark.water_mark_width,
        mark.water_mark_height,
        mark.z_order,
        Motion(mark.dynamic_pos_type),
    )


def _text_mark(mark: McuWaterMarkText) -> TextMark:
    return TextMark(
        mark.text,
        mark.location_x,
        mark.location_y,
        mark.water_mark_width,
        mark.water_mark_height,
        mark.font_size,
        colour=_colour(mark.font_color),
        background=_colour(mark.back_ground_color) if mark.back_ground_color else None,
        font=mark.font,
        layer=mark.z_order,
        motion=Motion(mark.dynamic_pos_type),
    )


def _colour(text: str) -> int:
    """`0xRRGGBB`, whose form the models have checked."""
    return int(text, 16)


def _image(url: ImageUrl | None) -> ImageUrl | None:
    return url or None
