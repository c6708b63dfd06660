"""Text: a watermark's words as a patch, set in the one font that comes with the installation."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from tailrace.media.canvas import Patch
from tailrace.media.raster import even_size, patch_of
from tailrace.model.mix import TextMark

# WenQuanYi Micro Hei, a sans serif that covers Latin, Greek, Cyrillic, kana, hangul and all of GBK and Big5; its
# licence lies beside it. It stands for every font that the API names: those are not free, or ten times as large.
FONT: Final = Path(__file__).parents[1] / "fonts" / "wqy-microhei.ttc"
# Parts of the font size. Letters need 0.88 above the base line and 0.24 below it; Chinese ones 0.88 and 0.12, so that a
# line of them fits into a box that is as high as the font.
_ASCENT: Final = 0.88
_LINE: Final = 1.2
# More than anybody reads over a picture; a text may be as long as a call, and there are letters without any width.
MAX_LETTERS: Final = 1000

# Unicode categories of marks that do not end a line (opening brackets), and that do not begin one (closing brackets,
# stops and commas, the long vowel and repetition marks of Japanese).
_OPENING: Final = {"Ps", "Pi"}
_CLOSING: Final = {"Pe", "Pf", "Po", "Lm"}


def text_patch(mark: TextMark) -> Patch:
    """Return the mark's box, rounded down to even sizes, with its text from the upper left corner.

    Lines end where the text says so, else before the word or wide letter that does not fit, and never before a closing
    mark or after an opening bracket; a word that is wider than the box is cut. Lines that are not whole in the box are
    left out, but for the first one, of which is shown what fits. Only MAX_LETTERS letters are set. Raises ImageError
    when the box is larger than 2K.
    """
    width, height = even_size(mark.width, mark.height)
    # Of a larger letter nobody could tell which one it is, and drawing it takes memory by its square.
    size = max(1, min(mark.font_size, 2 * max(width, height)))
    # The basic layout is the same on all machines; the other one depends on what libraries there are.
    font = ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)
    coverage = Image.new("L", (width, height))
    draw = ImageDraw.Draw(coverage)
    for number, line in enumerate(_lines(mark.text[:MAX_LETTERS], font, width)):
        if number == 0:
            base = _first_base(line, font, height)
        elif base + (_LINE + 1 - _ASCENT) * size > height:
            break
        else:
            base += _LINE * size
        draw.text((0, round(base)), line, fill=255, font=font, anchor="ls")
    if mark.background is None:
        image = Image.new("RGBA", (width, height), _rgb(mark.colour))
        image.putalpha(coverage)
    else:
        image = Image.new("RGBA", (width, height), _rgb(mark.background))
        image.paste(_rgb(mark.colour), None, coverage)
    return patch_of(image)


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    """Cut a text into lines, one at a time: the caller stops when the box is full."""
    for paragraph in text.splitlines():
        line, taken = "", 0.0
        for piece in _pieces(paragraph, font, width):
            more = _advance(font, line, piece)
            if line and taken + more > width and not piece.isspace():
                yield line
                line, taken, more = "", 0.0, _advance(font, "", piece)
            if line or not piece.isspace():
                line, taken = line + piece, taken + more
        yield line


def _first_base(line: str, font: ImageFont.FreeTypeFont, height: int) -> float:
    """Return where the base line of the first line is: higher than usual if else a low box would cut its descenders."""
    _, top, _, bottom = font.getbbox(line, anchor="ls")
    return min(_ASCENT * font.size, max(-top, height - bottom))


def _pieces(paragraph: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    """Return what stays together on a line: words, wide letters, blanks; and parts of what is wider than the box."""
    piece, taken = "", 0.0
    for letter in filter(str.isprintable, " ".join(paragraph.split())):
        more = _advance(font, piece, letter)
        if piece and (_may_part(piece[-1], letter) or taken + more > width):
            yield piece
            piece, taken, more = "", 0.0, _advance(font, "", letter)
        piece, taken = piece + letter, taken + more
    yield piece


def _advance(font: ImageFont.FreeTypeFont, before: str, text: str) -> float:
    """Return the pixels that `text` adds to a line that ends with `before`; where they meet, two letters may kern."""
    return font.getlength(before[-1:] + text) - font.getlength(before[-1:])


def _may_part(before: str, after: str) -> bool:
    """Whether a line may end between two letters."""
    if before.isspace() or after.isspace():
        return True
    if unicodedata.category(before) in _OPENING or unicodedata.category(after) in _CLOSING:
        return False
    return _wide(before) or _wide(after)


def _wide(letter: str) -> bool:
    """Whether it is of a script that is written without blanks."""
    return unicodedata.east_asian_width(letter) in "WF"


def _rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255
