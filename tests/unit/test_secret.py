"""Secret and PushUrl: printing them shows stars, in every way of printing."""

import json
import logging

import pytest

from tailrace.secret import PushUrl, Secret


@pytest.mark.parametrize("secret", [Secret("hunter2"), PushUrl("rtmp://cdn.example.com/live/hunter2?x=hunter2")])
def test_no_way_of_printing_shows_it(secret: Secret) -> None:
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{[secret]}",
        json.dumps({"x": secret}, default=str),
    ]
    record = logging.LogRecord("x", 20, "", 0, "%s", (secret,), None)

    assert all("hunter2" not in text for text in [*shown, record.getMessage()])
    assert "hunter2" in secret.reveal()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://cdn.example.com/live/key", "rtmp://cdn.example.com/***"),
        ("rtmps://user:pass@cdn.example.com:443/live/key?a=b", "rtmps://cdn.example.com:443/***"),
        ("rtmp://[2001:db8::1]:1935/live/key", "rtmp://[2001:db8::1]:1935/***"),
        ("rtmp://[broken/live/key", "***"),
        ("rtmp://host:notaport/live/key", "***"),
    ],
)
def test_of_a_push_url_the_host_may_be_shown(url: str, shown: str) -> None:
    assert str(PushUrl(url)) == shown


def test_secrets_are_compared_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("ä") != "ä"
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")
