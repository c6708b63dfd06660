"""Pair sheet: a contact sheet with the two halves of a stream side by side."""

from pathlib import Path
from typing import Final

from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from tailrace.media.text import FONT

# Each half has one large picture and below it a row of small ones.
_SMALL: Final = 4
_WIDTH: Final = 880
_GAP: Final = 12
_MARGIN: Final = 32
_HEAD: Final = 76
_CAPTION: Final = 52
_GROUND: Final = (16, 19, 25)
_TITLE: Final = (240, 243, 248)
_QUIET: Final = (150, 160, 176)


class PairSheet:
    """Keeps some pictures of both halves, spread over each, however long."""

    def __init__(self, title: str, captions: tuple[str, str]) -> None:
        self._title, self._captions = title, captions
        self._kept: tuple[list[tuple[float, Image.Image]], ...] = ([], [])

    def take(self, half: int, frame: VideoFrame) -> None:
        """Take a picture of half 0 or 1; when there are twice too many, every second one goes."""
        kept = self._kept[half]
        at = frame.time or 0.0
        step = kept[1][0] - kept[0][0] if len(kept) > 1 else 0.0
        if kept and at - kept[-1][0] < step:
            return
        height = max(2, round(_WIDTH * frame.height / frame.width))
        kept.append((at, frame.to_image(width=_WIDTH, height=height)))  # type: ignore[no-untyped-call]
        if len(kept) >= 4 * _SMALL:
            del kept[1::2]

    def save(self, file: Path) -> None:
        """Write the sheet as PNG. A half without pictures stays empty."""
        shape = next((kept[0][1].size for kept in self._kept if kept), (_WIDTH, _WIDTH * 9 // 16))
        small_width = (_WIDTH - (_SMALL - 1) * _GAP) // _SMALL
        small = small_width, round(small_width * shape[1] / shape[0])
        height = _HEAD + _CAPTION + shape[1] + _GAP + small[1] + _MARGIN
        sheet = Image.new("RGB", (2 * _WIDTH + 3 * _MARGIN, height), _GROUND)
        draw = ImageDraw.Draw(sheet)
        draw.text((_MARGIN, _HEAD // 2 + 8), self._title, fill=_TITLE, font=_font(34), anchor="lm")
        for half, (caption, kept) in enumerate(zip(self._captions, self._kept, strict=True)):
            left = _MARGIN + half * (_WIDTH + _MARGIN)
            draw.text((left, _HEAD + _CAPTION // 2 - 4), caption, fill=_QUIET, font=_font(24), anchor="lm")
            top = _HEAD + _CAPTION
            if not kept:
                continue
            sheet.paste(kept[len(kept) // 2][1], (left, top))
            for index in range(_SMALL):
                picture = kept[index * len(kept) // _SMALL][1].resize(small, Image.Resampling.LANCZOS)
                sheet.paste(picture, (left + index * (small_width + _GAP), top + shape[1] + _GAP))
        sheet.save(file)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)
