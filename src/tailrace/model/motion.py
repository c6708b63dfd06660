"""Motion: where a watermark stands in each output frame."""

from typing import Final

from tailrace.model.mix import ImageMark, Motion, TextMark

# A bouncing mark crosses the canvas's width in ten seconds: fast enough to be a nuisance to who cuts it out, slow
# enough to be read.
CROSSING_SECONDS: Final = 10


def position(
    mark: ImageMark | TextMark, width: int, height: int, frame: int, fps: int, seed: int = 0
) -> tuple[int, int]:
    """Return the mark's left and top edge, both even, in the output frame with the number `frame`.

    `width` and `height` are the canvas's. A moving mark stays inside of it; one that is larger stands at the left or
    the top. Equal arguments give equal places, so that who takes a task over goes on alike; `seed` tells tasks apart.
    """
    across, down = _room(width - mark.width), _room(height - mark.height)
    match mark.motion:
        case Motion.FIXED:
            return mark.x & ~1, mark.y & ~1
        case Motion.JUMPING:
            return _jumped(across, down, frame // fps, seed)
        case Motion.BOUNCING:
            step = _step(width, fps)
            return _bounced(mark.x, step, across, frame), _bounced(mark.y, step, down, frame)


def _room(pixels: int) -> int:
    """Return the largest even place, when `pixels` are left over beside the mark."""
    return max(0, pixels) & ~1


def _jumped(across: int, down: int, second: int, seed: int) -> tuple[int, int]:
    """Return one of the even places, another one than a second before.

    The places are numbered row by row; even seconds take an even number, odd seconds an odd one.
    """
    columns = across // 2 + 1
    places = columns * (down // 2 + 1)
    odd = second & 1 if places > 1 else 0
    number = 2 * (_mixed(seed, second) % ((places + 1 - odd) // 2)) + odd
    row, column = divmod(number, columns)
    return 2 * column, 2 * row


def _step(width: int, fps: int) -> int:
    """Return the pixels that a bouncing mark moves along each axis in one frame.

    It is one of 2, 6, 10, ...: half of it is odd, so a turn never has two frames with the mark in the same even place.
    """
    pixels = width / (CROSSING_SECONDS * fps)
    return 4 * max(0, round((pixels - 2) / 4)) + 2


def _bounced(start: int, step: int, room: int, frame: int) -> int:
    """Return the place on one axis: a straight walk from `start`, folded between 0 and `room`."""
    if room == 0:
        return 0
    step = min(step, room - (room - 2) % 4)
    walked = (min(max(start, 0), room) & ~1) + frame * step
    folded = walked % (2 * room)
    return min(folded, 2 * room - folded)


def _mixed(seed: int, second: int) -> int:
    """Return 64 bits that look random: the output of splitmix64 (Steele, Lea, Flood 2014) for this state."""
    mask = (1 << 64) - 1
    state = (seed + (second + 1) * 0x9E3779B97F4A7C15) & mask
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
    state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
    return state ^ state >> 31
