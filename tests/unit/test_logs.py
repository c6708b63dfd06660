"""Logs: one line each, JSON or key-values, and without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tailrace import logs
from tailrace.secret import PushUrl


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.handlers.extend(handlers)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("push/room?userid=a&usersig=eJw*secret_&x=1", "push/room?userid=a&usersig=***&x=1"),
        (
            "dialling rtmp://cdn.example.com:1935/live/streamkey?auth=1 now",
            "dialling rtmp://cdn.example.com:1935/*** now",
        ),
        ("nats://tailrace:pa-ss@127.0.0.1:4222", "nats://127.0.0.1:4222/***"),
        ("{'SecretKey': 'abc'}", "{'SecretKey': '***'}"),
        ("Authorization: Bearer eJw.abc", "Authorization: Bearer ***"),
        ("token=abc; next", "token=***; next"),
        ("http://127.0.0.1:8930/healthz", "http://127.0.0.1:8930/healthz"),
        ("task ended", "task ended"),
    ],
)
def test_what_looks_like_a_secret_is_starred(said: str, written: str) -> None:
    assert logs.redact(said) == written


def test_a_stream_that_is_no_terminal_gets_json_with_the_values_of_extra() -> None:
    stream = io.StringIO()
    logs.set_up("info", "auto", stream)

    logging.getLogger("tailrace.somewhere").info("task ended", extra={"task_id": "t1", "frames": 3})

    line = json.loads(stream.getvalue())
    assert line["event"] == "task ended"
    assert (line["task_id"], line["frames"], line["level"], line["logger"]) == ("t1", 3, "info", "tailrace.somewhere")
    assert line["timestamp"].endswith("Z")


def test_console_lines_hold_message_and_values() -> None:
    stream = io.StringIO()
    logs.set_up("info", "console", stream)

    logging.getLogger("tailrace").warning("destination lost", extra={"index": 2})

    assert "destination lost" in stream.getvalue()
    assert "index=2" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("style", ["console", "json"])
def test_secrets_are_starred_in_values_messages_and_stack_traces(style: str) -> None:
    stream = io.StringIO()
    logs.set_up("info", style, stream)

    try:
        raise ValueError("bad usersig=hunter2")
    except ValueError:
        logging.getLogger("x").exception(
            "from rtmp://h/live/hunter2", extra={"url": PushUrl("rtmp://h/live/hunter2"), "many": ["token=hunter2"]}
        )

    assert "hunter2" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_lines_below_the_level_and_the_chatter_of_libraries_are_left_out() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)

    logging.getLogger("tailrace").debug("quiet")
    logging.getLogger("httpx").info("HTTP Request")

    assert stream.getvalue() == ""
