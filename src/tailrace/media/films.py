"""Films: `python -m tailrace.media.films FOLDER COUNT` writes the first guests' films, `guest-N.flv`, to be repeated.

Each is one round of the guest's picture and tone; the last frame of it is followed by the first one without a seam. To
play a round again costs nothing, so that sixteen people leave the machine to the mix.
"""

import io
import sys
from itertools import islice
from pathlib import Path

from tailrace.media import portrait
from tailrace.media.flv_sink import SMALL, Sink
from tailrace.media.guest import GUESTS, ROUND_MS, Guest
from tailrace.wire import flv

PICTURES = ROUND_MS * SMALL.rate // 1000


def film(guest: Guest) -> bytes:
    """Return one round as FLV."""
    output = io.BytesIO()
    sink = Sink(output, video=True, audio=True, size=SMALL.size, quality=SMALL)
    sounds = portrait.tone(guest)
    # The second of two: its first frame of sound follows the last one of a round, and not the silence before the first.
    # The encoder hands out sound a frame late, which is of the third round.
    for number, picture in enumerate(islice(portrait.pictures(guest), 2 * PICTURES + 2)):
        at_us = number * 1_000_000 // SMALL.rate
        while sink.sound_us < at_us:
            sink.sound(next(sounds))
        sink.picture(picture, at_us)
    reader = flv.Reader()
    made = [
        flv.encode_tag(tag.type, max(0, tag.timestamp_ms - ROUND_MS), tag.body)
        for tag in reader.receive(output.getvalue())
        if flv.is_setup(tag) or ROUND_MS <= tag.timestamp_ms < 2 * ROUND_MS
    ]
    return flv.file_header(audio=True, video=True) + b"".join(made)


def main() -> int:
    """Write the films; return the exit status."""
    for guest in GUESTS[: int(sys.argv[2])]:
        (Path(sys.argv[1]) / f"guest-{guest.number}.flv").write_bytes(film(guest))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
