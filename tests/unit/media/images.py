"""Image files for tests, made on the spot."""

from collections.abc import Sequence
from io import BytesIO

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
Colour = tuple[int, ...]


def plain(colour: Colour, width: int = 64, height: int = 48) -> Image.Image:
    """One colour; with four numbers RGBA, else RGB."""
    return Image.new("RGBA" if len(colour) == 4 else "RGB", (width, height), colour)


def halves(left: Colour, right: Colour, width: int = 64, height: int = 48) -> Image.Image:
    """Two colours side by side, as RGBA; three numbers are opaque."""
    image = plain((*left, 255)[:4], width, height)
    image.paste((*right, 255)[:4], (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return the file."""
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def gif(colours: Sequence[Colour], durations_ms: Sequence[int], width: int = 64, height: int = 48) -> bytes:
    """A moving GIF, each frame of one colour."""
    first, *rest = (plain(colour, width, height) for colour in colours)
    return saved(first, "GIF", save_all=True, append_images=rest, duration=list(durations_ms), loop=0)


def webm(images: Sequence[Image.Image], codec: str = "libvpx-vp9", fps: int = 10) -> bytes:
    """A WebM with one picture for each image; with an alpha channel when the images are RGBA."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="webm") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = images[0].size
        stream.pix_fmt = "yuva420p" if images[0].mode == "RGBA" else "yuv420p"
        # The fastest; without pictures that are not shown, which libvpx cannot have together with alpha.
        stream.options = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "crf": "10", "b": "0"}
        for number, image in enumerate(images):
            pixels: NDArray[np.uint8] = np.asarray(image)
            frame = VideoFrame.from_ndarray(pixels, "rgba" if image.mode == "RGBA" else "rgb24")
            frame = frame.reformat(format=stream.pix_fmt)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()
