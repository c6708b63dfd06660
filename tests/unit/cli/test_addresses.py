"""Addresses: what follows `push/`, and what nobody could publish with."""

import json
import time
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tailrace.cli import sample
from tailrace.cli.addresses import print_urls, publish_key, user_sig
from tailrace.cli.exits import CommandError
from tailrace.cli.target import find
from tailrace.ids import SdkAppId
from tailrace.ingest.admission import WEB_V1, WEB_V2, admit


def test_the_stream_key_holds_the_room_and_who_publishes() -> None:
    key = publish_key("stage_4", "alice", 1400000001, "eJw*a-b_")

    assert key == "stage_4?sdkappid=1400000001&userid=alice&usersig=eJw*a-b_"


def test_a_numeric_room_is_asked_for_by_a_flag() -> None:
    assert publish_key("123", "alice", 1, "s", numeric=True).endswith("&use_number_room_id=1")


def test_names_with_special_characters_survive_the_way() -> None:
    parts = urlsplit("rtmp://h/push/" + publish_key("a b?&/#", "ü&=", 1, "s"))

    assert parts.path == "/push/a%20b%3F%26%2F%23"
    assert parse_qs(parts.query)["userid"] == ["ü&="]


@pytest.mark.parametrize(
    ("room", "user", "numeric", "way_out"),
    [
        ("a b", "alice", False, "room 'a b' over RTMP; `room`: use 1 to 64 letters, digits and underscores"),
        ("studio", "u v", False, "called 'u v'; use 1 to 64 letters, digits, underscores and hyphens"),
        ("studio", "alice", True, "`room`: must be a number from 1 to 4294967295"),
    ],
)
def test_addresses_that_no_publisher_is_let_in_with_are_not_printed(
    tmp_path: Path, room: str, user: str, numeric: bool, way_out: str
) -> None:
    sample.write(tmp_path / "tailrace.toml")

    with pytest.raises(CommandError) as refused:
        print_urls(None, tmp_path, room, user, numeric=numeric, app_id=0, as_json=False)
    assert way_out in str(refused.value)


def test_addresses_that_can_be_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample.write(tmp_path / "tailrace.toml")

    print_urls(None, tmp_path, "123", "a-b_c", numeric=True, app_id=0, as_json=False)

    assert "/push/123?" in capsys.readouterr().out


def test_browsers_get_addresses_and_tokens_that_are_let_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample.write(tmp_path / "tailrace.toml")
    user = "u" * 64

    print_urls(None, tmp_path, "123", user, numeric=True, app_id=0, as_json=True)

    urls = json.loads(capsys.readouterr().out)
    app = find(None, tmp_path).app()
    for kind, path in (("whip", "/v2/pub/"), ("whep", "/v2/sub/")):
        parts = urlsplit(urls[kind])
        query = dict(parse_qsl(parts.query))
        assert parts.path == f"{path}{app.sdk_app_id}/123"
        fields = {"SDKAppID": str(app.sdk_app_id), "Authorization": urls[f"{kind}_token"], **query}
        stream = admit({SdkAppId(app.sdk_app_id): app}, "123", fields, time.time(), WEB_V2)
        assert stream.room.numeric
        assert (stream.user == user) == (kind == "whip")
    assert dict(parse_qsl(urlsplit(urls["whep"]).query))["remoteuserid"] == user
    v1 = urlsplit(urls["whip_v1"])
    assert v1.path == "/v1/push/123"
    assert admit({SdkAppId(app.sdk_app_id): app}, "123", dict(parse_qsl(v1.query)), time.time(), WEB_V1).user == user


def test_there_is_no_usersig_for_a_user_that_cannot_be(tmp_path: Path) -> None:
    sample.write(tmp_path / "tailrace.toml")

    with pytest.raises(CommandError, match="no user can be called 'bad user!'; use 1 to 64"):
        user_sig(None, tmp_path, "bad user!", seconds=60, app_id=0)
