"""Watermarks: images and texts over the canvas (spec/03 section 1)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.params.wire import Colour, ImageUrlText, Layer, Pixels, Text, Wire, lacking, one_of

IMAGE, TEXT = 0, 1

# Not documented; a font larger than the largest canvas shows nothing.
MAX_FONT = 1920

Size = Annotated[int, Field(ge=1, le=10000)]
# 0 fixed, 1 a random place each second, 2 moving and bouncing.
Motion = Annotated[int, Field(ge=0, le=2)]


class McuWaterMarkImage(Wire):
    """An image; sizes and places in pixels."""

    water_mark_url: ImageUrlText
    water_mark_width: Size
    water_mark_height: Size
    location_x: Pixels
    location_y: Pixels
    z_order: Layer = 0
    dynamic_pos_type: Motion = 0


class McuWaterMarkText(Wire):
    """A text; sizes and places in pixels. Without a background colour it is transparent."""

    text: Text
    water_mark_width: Size
    water_mark_height: Size
    location_x: Pixels
    location_y: Pixels
    font_size: Annotated[int, Field(ge=1, le=MAX_FONT)]
    font_color: Colour = "0xFFFFFF"
    back_ground_color: Colour | None = None
    dynamic_pos_type: Motion = 0
    z_order: Layer = 0
    font: Annotated[str, one_of("Tencent", "SourceHanSans")] = "Tencent"


class McuWaterMarkParams(Wire):
    """An image (type 0) or a text (type 1)."""

    water_mark_type: Annotated[int, Field(ge=0, le=1)] = IMAGE
    water_mark_image: McuWaterMarkImage | None = None
    water_mark_text: McuWaterMarkText | None = None

    @model_validator(mode="after")
    def _has_its_kind(self) -> Self:
        if self.water_mark_type == IMAGE and self.water_mark_image is None:
            raise lacking("WaterMarkImage", "WaterMarkType 0 needs WaterMarkImage.")
        if self.water_mark_type == TEXT and self.water_mark_text is None:
            raise lacking("WaterMarkText", "WaterMarkType 1 needs WaterMarkText.")
        return self
