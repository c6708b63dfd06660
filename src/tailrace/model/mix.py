"""Mix: what a mixed output shall look and sound like, as plain values; sizes and places are pixels of the canvas.

It says what the caller asked for (spec/03). Which window shows whom at the moment is `model/layout.py`.
"""

from dataclasses import dataclass
from enum import IntEnum

from tailrace.ids import Room, Stream, UserId
from tailrace.secret import ImageUrl

BLACK = 0x000000
WHITE = 0xFFFFFF


class LayoutMode(IntEnum):
    """McuLayoutParams.MixLayoutMode."""

    FLOATING = 1
    SCREEN_SHARING = 2
    GRID = 3
    CUSTOM = 4


class Fit(IntEnum):
    """How a picture fills a rectangle. The API's five scales (spec/03 section 4) are mapped to this one."""

    CROP = 0
    """Fill it, keep the aspect ratio, centred; what sticks out is cut."""
    INSIDE = 1
    """Fit inside, keep the aspect ratio, centred; beside it what lies below shows."""
    INSIDE_ON_BLACK = 2
    """As INSIDE, on black."""
    STRETCH = 3
    """Fill it; the aspect ratio is lost."""


class Motion(IntEnum):
    """DynamicPosType of a watermark."""

    FIXED = 0
    JUMPING = 1
    """A random place, another one each second."""
    BOUNCING = 2
    """Moves with every frame and bounces at the borders."""


@dataclass(frozen=True, slots=True)
class VideoEncoding:
    """Output picture: even sizes, frames and kilobits per second, `gop` in seconds."""

    width: int
    height: int
    fps: int
    bitrate_kbps: int
    gop: int


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of a source picture that is shown, in pixels of the source."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rounded:
    """A placeholder's size and corner radius (BackgroundCustomRender); it stands in the middle of its window."""

    width: int
    height: int
    radius: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """One window of the custom layout.

    `who` None: filled in order of entry. `colour` is 0xRRGGBB, None when there is none; it shows beside a placeholder
    with `colour_beside_placeholder`, beside the upstream's picture with `colour_beside_picture`. With `rounded` the
    placeholder has that size and `placeholder_fit` says how it fills it. `template` is a PNG whose alpha channel masks
    the window, in effect only with Fit.CROP.
    """

    who: Stream | None
    x: int
    y: int
    width: int
    height: int
    layer: int = 0
    fit: Fit = Fit.CROP
    crop: Crop | None = None
    colour: int | None = None
    colour_beside_placeholder: bool = False
    colour_beside_picture: bool = False
    placeholder: ImageUrl | None = None
    placeholder_fit: Fit = Fit.STRETCH
    rounded: Rounded | None = None
    template: ImageUrl | None = None
    keep_sei: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """Where pictures stand. `slots` are of the custom layout only; the other fields of the dynamic ones only.

    `biggest` is MaxVideoUser. `fit` None: as the template has it (crop; the big window of screen sharing INSIDE).
    """

    mode: LayoutMode = LayoutMode.FLOATING
    slots: tuple[Slot, ...] = ()
    biggest: Stream | None = None
    hold_audio_only: bool = False
    fit: Fit | None = None
    keep_sei: bool = True


@dataclass(frozen=True, slots=True)
class ImageMark:
    """A watermark image, stretched to its size."""

    url: ImageUrl
    x: int
    y: int
    width: int
    height: int
    layer: int = 0
    motion: Motion = Motion.FIXED


@dataclass(frozen=True, slots=True)
class TextMark:
    """A watermark text in a box. `font_size` in pixels; `background` None is transparent."""

    text: str
    x: int
    y: int
    width: int
    height: int
    font_size: int
    colour: int = WHITE
    background: int | None = None
    font: str = "Tencent"
    layer: int = 0
    motion: Motion = Motion.FIXED


@dataclass(frozen=True, slots=True)
class Scene:
    """The whole picture. `image` is the canvas image, it wins over `colour`."""

    encoding: VideoEncoding
    layout: Layout = Layout()
    colour: int = BLACK
    image: ImageUrl | None = None
    image_fit: Fit = Fit.STRETCH
    image_marks: tuple[ImageMark, ...] = ()
    text_marks: tuple[TextMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """One user whose sound is named in a list. `level` is SoundLevel, 0 to 100, linear amplitude."""

    room: Room
    user: UserId
    level: int = 100


@dataclass(frozen=True, slots=True)
class Voices:
    """Whose sound is mixed. `only` empty: everybody's of the rooms that take part. Who is in both lists is left out."""

    only: tuple[Voice, ...] = ()
    never: tuple[Voice, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutVolume:
    """SEI with places and volumes (spec/03 section 6). `interval` in seconds."""

    app_data: str = ""
    payload_type: int = 100
    interval: float = 1.0
    with_key_frames: bool = False


@dataclass(frozen=True, slots=True)
class PassThrough:
    """SEI with the caller's own data. `uuid` is 32 hexadecimal digits for payload type 5, else empty."""

    content: str
    payload_type: int
    uuid: str = ""
    interval: float = 1.0
    with_key_frames: bool = False


@dataclass(frozen=True, slots=True)
class Sei:
    """What is inserted into the pictures."""

    layout_volume: LayoutVolume | None = None
    pass_through: PassThrough | None = None


NO_SEI = Sei()


@dataclass(frozen=True, slots=True)
class Mix:
    """A mixed output. `scene` None: sound only."""

    scene: Scene | None = None
    voices: Voices = Voices()
