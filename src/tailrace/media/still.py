"""Still: what is seen while a publisher is away: its last picture, a slate or black, encoded once and often shown.

Pictures come in two groups, each of a key frame and pictures that repeat it, which take some dozen bytes. Two, because
neighbouring key frames must differ in idr_pic_id (Rec. ITU-T H.264 7.4.3), as x264 sees to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from tailrace.errors import ImageError
from tailrace.media.canvas import Canvas, colour_of
from tailrace.media.picture import CANVAS, open_picture
from tailrace.media.picture_encoder import EncodedPicture, PictureEncoder
from tailrace.media.raster import render
from tailrace.model.encoding import EncoderSettings, in_groups, told
from tailrace.model.gap import STILLS_PER_SECOND
from tailrace.model.mix import Fit, VideoEncoding

# CDNs cut at key frames, and who joins waits for one; every key frame of a 720p picture is about 60 kB.
GROUP_SECONDS: Final = 2
_GROUP: Final = STILLS_PER_SECOND * GROUP_SECONDS
_GROUPS: Final = 2
_BLACK: Final = colour_of(0)
# A quantiser, not a rate: the key frame is as good as the picture was, to the eye, and nothing is left to be mended, so
# the others are empty. With a rate they would mend it again and again, for ten times the bits.
_QUALITY: Final = 25
# Names that x264 has for Rec. ITU-T H.273 matrix coefficients; of others it says nothing, as their publisher did.
_MATRICES: Final = {1: "bt709", 5: "bt470bg", 6: "smpte170m"}


@dataclass(frozen=True, slots=True)
class Stills:
    """`pictures` follow one another at STILLS_PER_SECOND, from the first again after the last one."""

    config: bytes
    pictures: tuple[EncodedPicture, ...]


def last_picture(config: bytes, payloads: Sequence[bytes]) -> VideoFrame | None:
    """Decode a group of H.264 pictures from its key frame on; return the one shown last, None when there is none.

    `config` is their AVCDecoderConfigurationRecord. It blocks: 2.5 ms for each picture of 720p.
    """
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = config
    decoder.thread_count = 1
    last = None
    for payload in payloads:
        try:
            frames = decoder.decode(av.Packet(payload))
        except av.FFmpegError:
            continue  # the others may be whole
        last = frames[-1] if frames else last
    try:
        frames = decoder.decode(None)
    except av.FFmpegError:
        frames = []
    return frames[-1] if frames else last


def black(width: int, height: int) -> VideoFrame:
    """Return a black picture of an even size."""
    return Canvas(width, height).fill(_BLACK, 0, 0, width, height).frame


def slate(data: bytes, width: int, height: int) -> VideoFrame:
    """Return an image file, PNG or JPEG, in the middle of a picture of an even size. Raises ImageError."""
    image = next(open_picture(data, CANVAS).frames(), None)
    if image is None:
        raise ImageError("the image has no picture")
    patch = render(image, width, height, Fit.INSIDE_ON_BLACK)
    frame = Canvas(width, height).fill(_BLACK, 0, 0, width, height).lay(patch, 0, 0).frame
    frame.colorspace = Colorspace.ITU709
    return frame


def encode(frame: VideoFrame) -> Stills:
    """Encode a picture in its own size, made even. It blocks: 100 ms for 720p."""
    width, height = max(2, frame.width & ~1), max(2, frame.height & ~1)
    whole = frame.color_range == ColorRange.JPEG
    colours = ColorRange.JPEG if whole else ColorRange.MPEG
    encoder = PictureEncoder(
        VideoEncoding(width, height, STILLS_PER_SECOND, 0, GROUP_SECONDS),
        EncoderSettings("veryfast", 1, _options(whole, _MATRICES.get(int(frame.colorspace), "undef"))),
    )
    picture = frame.reformat(width, height, "yuv420p", src_color_range=colours, dst_color_range=colours)
    made: list[EncodedPicture] = []
    for number in range(_GROUP * _GROUPS):
        made += encoder.encode(picture, number, key=number % _GROUP == 0)
    return Stills(encoder.config, (*made, *encoder.flush()))


def _options(whole_range: bool, matrix: str) -> tuple[tuple[str, str], ...]:
    fullrange = "on" if whole_range else "off"
    return told({"qp": _QUALITY, **in_groups(_GROUP), "fullrange": fullrange, "colormatrix": matrix})
