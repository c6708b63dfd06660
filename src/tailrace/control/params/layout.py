"""Where pictures stand on the canvas (spec/03 section 1)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.params.who import UserMediaStream
from tailrace.control.params.wire import Colour, Flag, ImageUrlText, Layer, Pixels, Wire, lacking, wrong

FLOATING, SCREEN_SHARING, GRID, CUSTOM = 1, 2, 3, 4
CUSTOM_RENDER = 4
MAX_WINDOWS = 16
# The source picture's coordinates end here (spec/03 section 1, McuCustomCrop).
MAX_CROP = 10000

Mode = Annotated[int, Field(ge=0, le=2)]


class McuCustomCrop(Wire):
    """The part of the source picture that is shown."""

    location_x: Annotated[int, Field(ge=0)]
    location_y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.location_x + self.width > MAX_CROP:
            raise wrong("Width", f"LocationX + Width is more than {MAX_CROP}")
        if self.location_y + self.height > MAX_CROP:
            raise wrong("Height", f"LocationY + Height is more than {MAX_CROP}")
        return self


class McuBackgroundCustomRender(Wire):
    """Size and corner radius of a placeholder, in pixels."""

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    radius: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _round_at_most(self) -> Self:
        if 2 * self.radius > min(self.width, self.height):
            raise wrong("Radius", "is more than half of the smaller of Width and Height")
        return self


class McuLayout(Wire):
    """One window of the custom layout. Render modes: spec/03 section 4."""

    user_media_stream: UserMediaStream | None = None
    image_width: Pixels = 0
    image_height: Pixels = 0
    location_x: Pixels = 0
    location_y: Pixels = 0
    z_order: Layer = 0
    render_mode: Mode = 0
    back_ground_color: Colour | None = None
    background_image_url: ImageUrlText | None = None
    custom_crop: McuCustomCrop | None = None
    background_render_mode: Annotated[int, Field(ge=0, le=4)] = 3
    transparent_url: ImageUrlText | None = None
    background_custom_render: McuBackgroundCustomRender | None = None
    back_ground_color_mode: Annotated[int, Field(ge=0, le=3)] = 0
    enable_stream_sei: Annotated[Flag, Field(alias="EnableStreamSEI")] = 1

    @model_validator(mode="after")
    def _placeholder_fits(self) -> Self:
        if self.background_render_mode != CUSTOM_RENDER:
            return self
        size = self.background_custom_render
        if size is None:
            raise lacking("BackgroundCustomRender", "BackgroundRenderMode 4 needs BackgroundCustomRender.")
        if size.width > self.image_width:
            raise wrong("BackgroundCustomRender.Width", "is wider than the window")
        if size.height > self.image_height:
            raise wrong("BackgroundCustomRender.Height", "is higher than the window")
        return self


class MaxVideoUser(Wire):
    """Who fills the big window."""

    user_media_stream: UserMediaStream


class McuLayoutParams(Wire):
    """A layout: 1 floating, 2 screen sharing, 3 grid, 4 custom.

    `render_mode` has no printed default: it differs between the templates, so absent stays None.
    """

    mix_layout_mode: Annotated[int, Field(ge=1, le=4)] = FLOATING
    pure_audio_hold_place_mode: Flag = 0
    mix_layout_list: Annotated[tuple[McuLayout, ...], Field(max_length=MAX_WINDOWS, strict=False)] = ()
    max_video_user: MaxVideoUser | None = None
    render_mode: Mode | None = None
    enable_stream_sei: Annotated[Flag, Field(alias="EnableStreamSEI")] = 1
