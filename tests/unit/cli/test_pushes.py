"""Push URLs from options and from standard input."""

import io

import pytest

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.pushes import MAX_INPUT, push_urls


def test_urls_may_come_from_standard_input_one_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("rtmp://b/live/y\n\n  rtmp://c/live/z  \n"))

    assert push_urls(["rtmp://a/live/x", "-"]) == ["rtmp://a/live/x", "rtmp://b/live/y", "rtmp://c/live/z"]


def test_standard_input_is_left_alone_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)

    assert push_urls(["rtmp://a/live/x"]) == ["rtmp://a/live/x"]


@pytest.mark.parametrize("given", ["", "\n \n", "x" * (MAX_INPUT + 1)])
def test_an_input_without_urls_or_without_end_is_wrong_usage(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))

    with pytest.raises(CommandError, match="one a line") as refused:
        push_urls(["-"])
    assert refused.value.code is Exit.USAGE
