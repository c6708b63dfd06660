"""Request files: a JSON object, or one line that says what is wrong."""

import io
import sys
from pathlib import Path

import pytest

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.request_file import MAX_BYTES, read_request


def test_a_request_is_read_from_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "start.json"
    file.write_text('{"RoomId": "studio"}')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"RoomId": "lobby"}')))

    assert read_request(file) == {"RoomId": "studio"}
    assert read_request(Path("-")) == {"RoomId": "lobby"}


@pytest.mark.parametrize(
    "text", ['{"PublishCdnUrl": "rtmp://a/live/secret"', "[]", "5", "", "[" * 100_000, '{"SdkAppId": "secret"}']
)
def test_what_is_no_request_is_wrong_usage_and_is_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "start.json"
    file.write_text(text)

    with pytest.raises(CommandError) as refused:
        read_request(file)

    assert refused.value.code is Exit.USAGE
    assert "secret" not in str(refused.value)


def test_where_a_file_is_no_json_is_told(tmp_path: Path) -> None:
    file = tmp_path / "start.json"
    file.write_text('{\n  "RoomId": "studio"\n  "RoomIdType": 1\n}')

    with pytest.raises(CommandError, match="line 3, column 3"):
        read_request(file)


def test_a_file_that_is_not_there_or_too_large_is_wrong_usage(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    for wrong in (tmp_path / "none.json", large):
        with pytest.raises(CommandError) as refused:
            read_request(wrong)
        assert refused.value.code is Exit.USAGE
