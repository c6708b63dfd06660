"""Words as a patch: colours, lines, and letters that are not boxes."""
# ruff: noqa: RUF001 - full-width marks are meant

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tailrace.errors import ImageError
from tailrace.media.canvas import Patch, colour_of
from tailrace.media.text import FONT, MAX_LETTERS, text_patch
from tailrace.model.mix import TextMark

# The font has no emoji, and shows its box for them.
MISSING = "\U0001f600"


def mark(
    text: str,
    width: int = 400,
    height: int = 100,
    size: int = 40,
    colour: int = 0xFFFFFF,
    background: int | None = None,
) -> TextMark:
    return TextMark(text, 10, 20, width, height, size, colour, background)


def ink(patch: Patch) -> NDArray[np.uint8]:
    """Return how much of each pixel is covered by text."""
    assert patch.alpha is not None
    return patch.alpha.plane


def rows(patch: Patch) -> list[tuple[int, int]]:
    """Return begin and end of each line that has ink."""
    inked = np.concatenate([[False], ink(patch).max(axis=1) > 0, [False]])
    edges = np.flatnonzero(inked[1:] != inked[:-1])
    return [(int(top), int(bottom)) for top, bottom in zip(edges[::2], edges[1::2], strict=True)]


def test_the_box_has_the_background_and_the_text_its_colour() -> None:
    patch = text_patch(mark("国国", size=80, colour=0xCC0033, background=0x99CCFF))

    assert patch.alpha is None
    assert (patch.width, patch.height) == (400, 100)
    below = int(patch.y[99, 399]), int(patch.u[49, 199]), int(patch.v[49, 199])
    assert below == pytest.approx(colour_of(0x99CCFF), abs=1)
    assert (np.abs(patch.y.astype(int) - colour_of(0xCC0033)[0]) <= 1).sum() > 500


def test_without_a_background_only_the_text_is_visible_and_all_in_its_colour() -> None:
    patch = text_patch(mark("直播 Live", colour=0xCC9900))

    assert 0.02 < (ink(patch) > 128).mean() < 0.5
    assert ink(patch)[:, 300:].max() == 0
    y, u, v = colour_of(0xCC9900)
    for plane, value in ((patch.y, y), (patch.u, u), (patch.v, v)):
        assert np.abs(plane.astype(int) - value).max() <= 1


def test_the_edges_of_letters_are_smooth() -> None:
    partly = ink(text_patch(mark("Sog")))

    assert ((partly > 0) & (partly < 255)).sum() > 50


@pytest.mark.parametrize(
    "letters",
    [
        "Tailrcexyz0189",
        "ÄöñçŁžåÆ",
        "ЖяΩπ",
        "国红警戒直播观众",
        "國觀體龍龜鬱",
        "あのカ観ーッ",
        "안녕하세요",
        "，。！？：；（）「」《》、—…",
        "€£¥©®™°%&@",
    ],
    ids=["latin", "accents", "cyrillic", "simplified", "traditional", "kana", "hangul", "punctuation", "signs"],
)
def test_letters_are_there_and_differ_from_each_other_and_from_the_missing_one(letters: str) -> None:
    drawn = [ink(text_patch(mark(letter, 60, 60))).tobytes() for letter in (*letters, MISSING)]

    assert len(set(drawn)) == len(letters) + 1
    assert bytes(len(drawn[0])) not in drawn


def test_the_whole_of_gb2312_and_of_common_big5_is_there() -> None:
    missing = ink(text_patch(mark(MISSING, 24, 24, 20))).tobytes()
    tables = (("gb2312", range(0xB0, 0xF8)), ("big5", range(0xA4, 0xC7)))
    letters = {
        bytes([high, low]).decode(codec, "ignore")
        for codec, highs in tables
        for high in highs
        for low in range(0x40, 0xFF)
    }
    chosen = sorted(letter for letter in letters if "一" <= letter <= "龥")

    assert len(chosen) > 8800
    for letter in chosen[::40]:
        assert ink(text_patch(mark(letter, 24, 24, 20))).tobytes() not in (missing, bytes(24 * 24)), letter


@pytest.mark.parametrize("font", ["Tencent", "SourceHanSans"])
def test_both_fonts_of_the_api_can_be_asked_for(font: str) -> None:
    asked = TextMark("国 Live", 0, 0, 200, 60, 40, font=font)

    assert np.array_equal(ink(text_patch(asked)), ink(text_patch(mark("国 Live", 200, 60))))


def test_text_begins_at_the_upper_left_corner() -> None:
    inked = ink(text_patch(mark("国")))
    across, down = np.flatnonzero(inked.max(axis=0)), np.flatnonzero(inked.max(axis=1))

    assert across[0] < 8
    assert down[0] < 8
    assert 30 <= across[-1] - across[0] <= 40
    assert 30 <= down[-1] - down[0] <= 40


def test_words_go_to_the_next_line_when_they_do_not_fit() -> None:
    patch = text_patch(mark("hello world", 160, 120))

    assert len(rows(patch)) == 2
    assert np.array_equal(ink(patch), ink(text_patch(mark("hello\nworld", 160, 120))))


def test_wide_letters_need_no_blanks_to_go_to_the_next_line() -> None:
    patch = text_patch(mark("国国国国国国", 130, 120))

    assert np.array_equal(ink(patch), ink(text_patch(mark("国国国\n国国国", 130, 120))))
    assert len(rows(patch)) == 2


@pytest.mark.parametrize(
    ("text", "lines"),
    [("国国国，国", "国国\n国，国"), ("国国（国）国", "国国\n（国）\n国"), ("カカカー", "カカ\nカー")],
)
def test_no_line_begins_with_a_stop_or_ends_with_an_opening_bracket(text: str, lines: str) -> None:
    assert np.array_equal(ink(text_patch(mark(text, 130, 160))), ink(text_patch(mark(lines, 130, 160))))


def test_a_word_wider_than_the_box_is_cut() -> None:
    patch = text_patch(mark("w" * 30, 130, 200))

    assert len(rows(patch)) == 4
    assert ink(patch)[:, -1].max() == 0


def test_lines_that_are_not_whole_in_the_box_are_left_out() -> None:
    assert len(rows(text_patch(mark("x\nx\nx\nx", height=136)))) == 3
    assert len(rows(text_patch(mark("x\nx\nx\nx", height=134)))) == 2


def test_the_first_line_is_shown_however_low_the_box() -> None:
    patch = text_patch(mark("国国", height=20))

    assert (ink(patch) > 128).sum() > 100


@pytest.mark.parametrize("text", ["国语", "gypq", "Live"])
def test_a_box_as_high_as_the_font_shows_whole_letters(text: str) -> None:
    inked = ink(text_patch(mark(text, height=40)))
    whole = ink(text_patch(mark(text, height=100)))

    assert inked.sum() == whole.sum()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00\x07\u200b\u2028"])
def test_a_text_without_letters_shows_an_empty_box(text: str) -> None:
    assert ink(text_patch(mark(text))).max() == 0


def test_blanks_and_invisible_letters_do_not_change_a_text() -> None:
    assert np.array_equal(ink(text_patch(mark(" a \t\u3000b\u200b\x00 "))), ink(text_patch(mark("a b"))))


def test_a_huge_font_is_bounded_by_the_box() -> None:
    patch = text_patch(mark("hello " * 100, size=1_000_000))

    assert (patch.width, patch.height) == (400, 100)
    assert ink(patch).max() == 255


@pytest.mark.parametrize("letter", ["\u0301", "i", "国", " x"])
def test_a_text_beyond_all_measure_is_cut(letter: str) -> None:
    endless = text_patch(mark(letter * 1_000_000, 1920, 1080, size=8))
    bounded = text_patch(mark((letter * 1000)[:MAX_LETTERS], 1920, 1080, size=8))

    assert np.array_equal(ink(endless), ink(bounded))


def test_a_box_larger_than_2k_is_refused() -> None:
    with pytest.raises(ImageError, match="larger than 2K"):
        text_patch(mark("x", 10_000, 10_000))


def test_the_licence_lies_beside_the_font_and_in_the_notice() -> None:
    licence = FONT.with_name("wqy-microhei.LICENSE.txt").read_text()
    root = Path(__file__).parents[3]

    assert "Apache License" in licence
    assert "Qianqian Fang" in licence
    assert FONT.name in (root / "NOTICE").read_text()
