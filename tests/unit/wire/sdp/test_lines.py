"""Lines of SDP."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.sdp.lines import MAX_LINES, number, sections, token


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r\n"])
def test_lines_belong_to_the_session_or_to_the_media_line_before(end: str) -> None:
    session, media = sections(end.join(["v=0", "a=one:1", "", "m=audio 9 X 0", "b=AS:64", "a=two", "a=one: 2 "]))

    assert (session.head, session.attributes) == ("", [("one", "1")])
    assert (media.head, media.attributes) == ("audio 9 X 0", [("two", ""), ("one", "2")])
    assert media.first("one") == "2"
    assert media.first("three") is None
    assert media.has("two")
    assert list(media.all("one")) == ["2"]


def test_lines_are_counted() -> None:
    assert sections("a=q\n" * (MAX_LINES - 1))
    with pytest.raises(PeerError, match="more than 2000 lines"):
        sections("a=q\n" * MAX_LINES)


@pytest.mark.parametrize("text", ["", "-1", "256", "1e1", "٣", " 1"])
def test_a_number_has_digits_and_a_limit(text: str) -> None:
    with pytest.raises(PeerError, match="the thing"):
        number(text, "the thing", 255)


@pytest.mark.parametrize("text", ["", "a b", "a\tb", 65 * "a", "ä", "a:b"])
def test_a_word_has_no_blanks_and_a_limit(text: str) -> None:
    with pytest.raises(PeerError, match="the word"):
        token(text, "the word")
