"""The pictures of a WebM."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from tailrace.errors import ImageError
from tailrace.media.webm import shots
from tests.unit.media.images import BLUE, GREEN, RED, halves, plain, webm

CODECS = pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
MAX_PIXELS = 10_000


def near(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the colour at a place, coarsely: coding changes it a little."""
    value = image.getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(round(part / 255) * 255 for part in value)


@CODECS
def test_pictures_come_in_order_with_their_times(codec: str) -> None:
    found = list(shots(webm([plain(colour) for colour in (RED, GREEN, BLUE)], codec), MAX_PIXELS))

    assert [(shot.start_us, shot.end_us) for shot in found] == [(0, 100_000), (100_000, 200_000), (200_000, 300_000)]
    assert [near(shot.image(), 20, 20) for shot in found] == [(*RED, 255), (*GREEN, 255), (*BLUE, 255)]


@CODECS
def test_the_alpha_channel_is_that_of_each_picture(codec: str) -> None:
    images = [halves((*RED, 0), RED), halves(GREEN, (*GREEN, 0))]

    first, second = (shot.image() for shot in shots(webm(images, codec), MAX_PIXELS))

    assert near(first, 10, 20)[3] == near(second, 50, 20)[3] == 0
    assert (near(first, 50, 20), near(second, 10, 20)) == ((*RED, 255), (*GREEN, 255))


@CODECS
def test_a_picture_that_is_too_large_is_refused(codec: str) -> None:
    large = webm([plain(RED, 128, 96)], codec)

    with pytest.raises((ImageError, av.FFmpegError)):
        list(shots(large, MAX_PIXELS))
    assert len(list(shots(large, 128 * 96))) == 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@CODECS
def test_a_large_picture_behind_a_small_header_takes_no_memory(codec: str) -> None:
    # The decoder would take 14 MB for each picture. In a process of its own, so that the peak is of this alone.
    bomb = webm([plain(RED, 3072, 3072)], codec)
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from tailrace.media.webm import shots\n"
        "data = sys.stdin.buffer.read()\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = peak()\n"
        "try:\n"
        "    list(shots(data, 10_000))\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, peak() - before)\n"
    )
    # The size in the container's header is made small: 16 x 16.
    size = (3072).to_bytes(2, "big")
    header = bomb.index(b"\xb0\x82" + size)
    bomb = bomb[:header] + bomb[header:].replace(size, (16).to_bytes(2, "big"), 2)

    answer = subprocess.run([sys.executable, "-c", program], input=bomb, capture_output=True, check=True)
    error, grown = answer.stdout.decode().split()

    assert error.endswith("Error")
    assert int(grown) < 8_000


def test_a_film_of_another_codec_is_refused() -> None:
    buffer = BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())

    with pytest.raises(ImageError, match="VP8 or VP9"):
        list(shots(buffer.getvalue(), MAX_PIXELS))


def test_a_film_of_an_unknown_codec_is_refused() -> None:
    with pytest.raises(ImageError, match="VP8 or VP9"):
        list(shots(webm([plain(RED)]).replace(b"V_VP9", b"V_XY9"), MAX_PIXELS))


@CODECS
def test_a_file_cut_anywhere_gives_fewer_pictures_or_an_error(codec: str) -> None:
    whole = webm([plain(colour) for colour in (RED, GREEN, BLUE)], codec)
    counts = set()
    for length in range(0, len(whole), 7):
        try:
            counts.add(len(list(shots(whole[:length], MAX_PIXELS))))
        except (ImageError, av.FFmpegError, OSError):
            counts.add(-1)

    assert counts <= {-1, 0, 1, 2, 3}
    assert -1 in counts
