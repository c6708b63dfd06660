"""Arrangement: how the demo's mix looks at first, and to what its update changes that."""

from collections.abc import Sequence
from math import ceil, isqrt
from typing import Any

from tailrace.cli.look import ENCODE, Look
from tailrace.cli.mix_options import LayoutName
from tailrace.media.guest import CANVAS, MARK
from tailrace.model.templates import even

# What each layout changes to: something that looks quite different.
AFTER = {
    LayoutName.GRID: LayoutName.FLOATING,
    LayoutName.FLOATING: LayoutName.GRID,
    LayoutName.SCREEN: LayoutName.GRID,
    LayoutName.CUSTOM: LayoutName.FLOATING,
}
MARK_TEXT = "LIVE · updated"
# The text stands in the middle of its ground, above all windows.
_MARK_WIDTH, _MARK_HEIGHT, _MARK_MARGIN = 244, 48, 24
_TEXT_X, _TEXT_Y, _FONT = 22, 8, 30
_MARK_LAYER = 90
# Between the custom windows, and at least that much around them; even, as all places are.
_GAP = 16


def look_of(layout: LayoutName, users: Sequence[str]) -> Look:
    """Return what a mix of these users is asked to look like."""
    return Look(
        layout,
        big=users[0] if layout is LayoutName.SCREEN else "",
        windows=custom_windows(users) if layout is LayoutName.CUSTOM else (),
        background=_text(CANVAS),
    )


def custom_windows(users: Sequence[str]) -> tuple[str, ...]:
    """Return a gallery: one 16:9 window reserved for each, with gaps, in rows that differ by one window at most."""
    width, height = ENCODE["Width"], ENCODE["Height"]
    # As many columns as rows or one more; the upper rows are the shorter ones.
    rows = max(1, isqrt(len(users)))
    columns = ceil(len(users) / rows)
    wide = even(min((width - (columns + 1) * _GAP) // columns, ((height - (rows + 1) * _GAP) // rows) * 16 // 9))
    high = even(wide * 9, 16)
    top = even(height - rows * high - (rows - 1) * _GAP, 2)
    windows, waiting = [], list(users)
    for row in range(rows):
        here = [waiting.pop(0) for _ in range(len(waiting) // (rows - row))]
        left = even(width - len(here) * wide - (len(here) - 1) * _GAP, 2)
        y = top + row * (high + _GAP)
        windows += [f"{user}={wide}x{high}+{left + column * (wide + _GAP)}+{y}" for column, user in enumerate(here)]
    return tuple(windows)


def mark_box(layout: LayoutName) -> dict[str, int]:
    """Return where the watermark stands: in the right corner in which the layout has no name of a person.

    The small windows of floating come from below; in a grid each window has its name at the top.
    """
    low = ENCODE["Height"] - _MARK_MARGIN - _MARK_HEIGHT
    return {
        "x": ENCODE["Width"] - _MARK_MARGIN - _MARK_WIDTH,
        "y": low if layout is LayoutName.GRID else _MARK_MARGIN,
        "width": _MARK_WIDTH,
        "height": _MARK_HEIGHT,
    }


def update_of(task_id: str, layout: LayoutName, users: Sequence[str]) -> dict[str, Any]:
    """Return the update to this layout, with a watermark: a ground, and the text on it."""
    x, y, width, height = mark_box(layout).values()
    box = {"LocationX": x, "LocationY": y, "WaterMarkWidth": width, "WaterMarkHeight": height}
    ground = {"Text": "", "FontSize": _FONT, "BackGroundColor": _text(MARK), "ZOrder": _MARK_LAYER, **box}
    inner = {
        "LocationX": x + _TEXT_X,
        "LocationY": y + _TEXT_Y,
        "WaterMarkWidth": width - _TEXT_X,
        "WaterMarkHeight": height - _TEXT_Y,
    }
    words = {"Text": MARK_TEXT, "FontSize": _FONT, "ZOrder": _MARK_LAYER + 1, **inner}
    return {
        "TaskId": task_id,
        "SequenceNumber": 1,
        "WithTranscoding": 1,
        "VideoParams": {
            **look_of(layout, users).video_params(),
            "WaterMarkList": [{"WaterMarkType": 1, "WaterMarkText": text} for text in (ground, words)],
        },
    }


def _text(colour: int) -> str:
    return f"0x{colour:06X}"
