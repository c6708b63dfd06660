"""Look: `python -m tailrace.media.look FILE SHEET.png` decodes a received stream, says as JSON what is in it, and saves
a contact sheet of some of its pictures.
"""

import array
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame
from PIL import Image

COLUMNS, ROWS = 4, 3
THUMBNAIL_WIDTH = 320
GAP = 4
# Sound for a third of a second holds each tone above 50 Hz many times.
_HEARD_SAMPLES = 16384
_RATE = 48000
_SILENT_DB = -120.0


@dataclass(slots=True)
class Seen:
    """What was decoded. Times are seconds, levels are dB of full scale; `tone_hz` is the strongest tone."""

    video_codec: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    audio_codec: str = ""
    audio_rate_hz: int = 0
    channels: int = 0
    audio_frames: int = 0
    level_db: float = _SILENT_DB
    tone_hz: int = 0
    first: float = 0.0
    last: float = 0.0
    steady: bool = True
    distinct: int = 0
    _last: dict[str, float] = field(default_factory=dict)

    def note(self, kind: str, at: float) -> None:
        """Take the time of a frame: each must be later than the one before it of its kind."""
        self.steady = self.steady and at > self._last.get(kind, -1.0)
        self._last[kind] = at
        self.last = max(self.last, at)


def look(path: Path, sheet: Path | None, also: Callable[[VideoFrame | AudioFrame], None] = lambda _: None) -> Seen:
    """Decode all of `path`; `also` is given each frame. Raises av.FFmpegError when it is no stream."""
    seen = Seen()
    thumbnails: list[tuple[float, Image.Image]] = []
    heard = array.array("f")
    resampler = AudioResampler("flt", "mono", _RATE)
    with av.open(str(path)) as container:
        for video in container.streams.video[:1]:
            seen.video_codec, seen.width, seen.height = video.codec_context.name, video.width, video.height
        for audio in container.streams.audio[:1]:
            context = audio.codec_context
            seen.audio_codec, seen.audio_rate_hz, seen.channels = context.name, context.sample_rate, context.channels
        for frame in container.decode(*container.streams.video[:1], *container.streams.audio[:1]):
            if not isinstance(frame, VideoFrame | AudioFrame):
                continue
            also(frame)
            if isinstance(frame, VideoFrame):
                seen.note("video", frame.time or 0.0)
                seen.frames += 1
                _keep(thumbnails, frame)
            else:
                seen.note("audio", frame.time or 0.0)
                seen.audio_frames += 1
                # The first frames of an AAC stream are the encoder's run-in.
                if seen.audio_frames > 10 and len(heard) < _HEARD_SAMPLES:
                    for part in resampler.resample(frame):
                        heard.frombytes(bytes(part.planes[0])[: part.samples * 4])
    seen.distinct = len({image.tobytes() for _, image in thumbnails})
    if heard:
        level = math.sqrt(sum(sample * sample for sample in heard) / len(heard))
        seen.level_db = round(20 * math.log10(level), 1) if level > 1e-6 else _SILENT_DB
        seen.tone_hz = _tone(heard)
    if thumbnails and sheet:
        _save(thumbnails, sheet)
    return seen


def _keep(thumbnails: list[tuple[float, Image.Image]], frame: VideoFrame) -> None:
    """Keep pictures spread over the whole stream, however long: when there are twice too many, every second goes."""
    at = frame.time or 0.0
    step = (thumbnails[1][0] - thumbnails[0][0]) if len(thumbnails) > 1 else 0.0
    if thumbnails and at - thumbnails[-1][0] < step:
        return
    height = max(2, round(THUMBNAIL_WIDTH * frame.height / frame.width))
    image: Image.Image = frame.to_image(width=THUMBNAIL_WIDTH, height=height)  # type: ignore[no-untyped-call]
    thumbnails.append((at, image))
    if len(thumbnails) >= 2 * COLUMNS * ROWS:
        del thumbnails[1::2]


def _save(thumbnails: list[tuple[float, Image.Image]], sheet: Path) -> None:
    count = COLUMNS * ROWS
    chosen = [thumbnails[index * len(thumbnails) // count][1] for index in range(count)]
    width, height = chosen[0].width + GAP, chosen[0].height + GAP
    picture = Image.new("RGB", (COLUMNS * width - GAP, ROWS * height - GAP))
    for index, image in enumerate(chosen):
        picture.paste(image, (index % COLUMNS * width, index // COLUMNS * height))
    picture.save(sheet)


def _tone(samples: "array.array[float]") -> int:
    """Return the strongest of the tones between 100 and 2000 Hz, 20 Hz apart, by Goertzel's algorithm."""

    def power(hertz: int) -> float:
        factor = 2 * math.cos(2 * math.pi * hertz / _RATE)
        before = last = 0.0
        for sample in samples[:_HEARD_SAMPLES:4]:
            before, last = last, sample + factor * last - before
        return last * last + before * before - factor * last * before

    factor_of_step = 4  # every fourth sample: 12 kHz is enough for tones below 2 kHz, and four times as fast
    return max(range(100, 2001, 20), key=lambda hertz: power(hertz * factor_of_step))


def main() -> int:
    """Print what was seen; return the exit status."""
    try:
        seen = look(Path(sys.argv[1]), Path(sys.argv[2]))
    except (av.FFmpegError, OSError) as error:
        print(error.strerror or error, file=sys.stderr)
        return 1
    print(json.dumps({name: value for name, value in asdict(seen).items() if not name.startswith("_")}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
