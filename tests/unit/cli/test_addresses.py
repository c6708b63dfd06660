"""Addresses: what follows `push/`."""

from urllib.parse import parse_qs, urlsplit

from tailrace.cli.addresses import publish_key


def test_the_stream_key_holds_the_room_and_who_publishes() -> None:
    key = publish_key("stage_4", "alice", 1400000001, "eJw*a-b_")

    assert key == "stage_4?sdkappid=1400000001&userid=alice&usersig=eJw*a-b_"


def test_a_numeric_room_is_asked_for_by_a_flag() -> None:
    assert publish_key("123", "alice", 1, "s", numeric=True).endswith("&use_number_room_id=1")


def test_names_with_special_characters_survive_the_way() -> None:
    parts = urlsplit("rtmp://h/push/" + publish_key("a b?&/#", "ü&=", 1, "s"))

    assert parts.path == "/push/a%20b%3F%26%2F%23"
    assert parse_qs(parts.query)["userid"] == ["ü&="]
