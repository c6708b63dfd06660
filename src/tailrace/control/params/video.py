"""Output picture."""

from typing import Annotated

from pydantic import Field

from tailrace.control.params.layout import McuLayoutParams
from tailrace.control.params.watermark import McuWaterMarkParams
from tailrace.control.params.wire import Colour, ImageUrlText, Wire

# Maximum count not documented for relay; 25 is recording's (spec/06 section 3).
MAX_WATERMARKS = 25


class VideoEncode(Wire):
    """`bit_rate` in kbps, `gop` in seconds. The wider of the printed ranges; 0 has no meaning (spec/02 section 1.2).

    Nor has 1 as a size: pictures whose colours are stored at half the size begin at 2.
    """

    width: Annotated[int, Field(ge=2, le=1920)]
    height: Annotated[int, Field(ge=2, le=1920)]
    fps: Annotated[int, Field(ge=1, le=60)]
    bit_rate: Annotated[int, Field(ge=1, le=10000)]
    gop: Annotated[int, Field(ge=1, le=5)]


WaterMarkList = Annotated[tuple[McuWaterMarkParams, ...], Field(max_length=MAX_WATERMARKS, strict=False)]


class McuVideoParams(Wire):
    """`background_render_mode` of the canvas image: 0 crop, 1 scale on black, 2 stretch.

    None is absent, which an update tells from what is empty: no image, no watermarks.
    """

    video_encode: VideoEncode | None = None
    layout_params: McuLayoutParams | None = None
    back_ground_color: Colour | None = None
    background_image_url: ImageUrlText | None = None
    water_mark_list: WaterMarkList | None = None
    background_render_mode: Annotated[int, Field(ge=0, le=2)] | None = None
