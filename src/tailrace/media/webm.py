"""WebM: the pictures of a short VP8 or VP9 film, with its alpha channel."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final, cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from tailrace.errors import ImageError
from tailrace.media.canvas import planes_of

SIGNATURE: Final = b"\x1a\x45\xdf\xa3"
# FFmpeg's decoders of these names; the libvpx ones would give the alpha channel too, but do not heed `max_pixels`.
_DECODERS: Final = ("vp8", "vp9")
_MAX_STREAMS: Final = 8
# In the container, alpha is a film of its own: block additions with this id (Matroska BlockAddID 1).
_ALPHA_ID: Final = (1).to_bytes(8, "big")
# What a lone picture without a duration is given.
_USUAL_US: Final = 40_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the film, shown from `start_us` to `end_us`; the luma of `opacity` is its alpha channel."""

    start_us: int
    end_us: int
    frame: VideoFrame
    opacity: VideoFrame | None

    def image(self) -> Image.Image:
        """Return it as RGBA."""
        image = Image.fromarray(self.frame.to_ndarray(format="rgba"))
        if self.opacity is not None:
            image.putalpha(Image.fromarray(planes_of(self.opacity)[0]))
        return image


def shots(data: bytes, max_pixels: int) -> Iterator[Shot]:
    """Decode the film; it may end early when the file does.

    Raises ImageError or av.FFmpegError, also for a picture of more than `max_pixels`, before memory is taken for it.
    """
    limit = {"max_pixels": str(max_pixels)}
    # While opening, FFmpeg decodes a picture of each stream to learn its format: the limit must hold there too.
    limits = [limit] * _MAX_STREAMS
    with av.open(
        BytesIO(data),
        "r",
        format="matroska",
        options={"max_streams": str(_MAX_STREAMS)},
        stream_options=cast(list[str], limits),  # PyAV says str, and takes what `options` takes
    ) as container:
        name = _codec(container)
        colour, opacity = _decoder(name, limit), _decoder(name, limit)
        end_us = 0
        for packet in container.demux(container.streams.video[0]):
            alpha = _alpha(packet, opacity)
            for frame in colour.decode(packet):
                if alpha is not None and (alpha.width, alpha.height) != (frame.width, frame.height):
                    raise ImageError("the alpha channel has another size than the picture")
                start_us = end_us if frame.time is None else max(end_us, round(frame.time * 1e6))
                end_us = start_us + _duration_us(packet)
                yield Shot(start_us, end_us, frame, alpha)


def _codec(container: InputContainer) -> str:
    for stream in container.streams.video[:1]:
        context: VideoCodecContext | None = stream.codec_context  # None when FFmpeg does not know the codec
        if context is not None and context.name in _DECODERS:
            return context.name
    raise ImageError("a WebM needs a VP8 or VP9 film")


def _decoder(name: str, limit: dict[str, str]) -> VideoCodecContext:
    decoder = cast(VideoCodecContext, CodecContext.create(name, "r"))
    decoder.options = limit
    decoder.thread_count = 1  # with more, pictures come later than their packets, and their alpha would not be theirs
    return decoder


def _alpha(packet: "Packet[VideoStream]", decoder: VideoCodecContext) -> VideoFrame | None:
    for side in packet.iter_sidedata():
        content = bytes(side)
        if side.data_type == "matroska_block_additional" and content.startswith(_ALPHA_ID):
            return next(iter(decoder.decode(Packet(content[len(_ALPHA_ID) :]))), None)
    return None


def _duration_us(packet: "Packet[VideoStream]") -> int:
    if not packet.duration or packet.time_base is None:
        return _USUAL_US
    return max(1, round(packet.duration * packet.time_base * 1_000_000))
