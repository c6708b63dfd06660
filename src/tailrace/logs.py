"""Logs: sets up what the standard loggers write. Messages are constant, values go in `extra` (docs/logging.md).

Secrets are a type that prints stars (`secret.py`). What is done here, taking out whatever looks like one, is only the
net below it, for texts of libraries and of peers.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

# A push URL's path is its stream key, and a NATS URL may hold a password: of both the scheme and the host stay.
_URL = re.compile(r"\b(rtmps?|nats|tls)://(?:[^\s/@'\"]*@)?([^\s/?'\"]+)[^\s'\",)\]}]*")
_FIELD = re.compile(
    r"(?i)((?:usersig|user_sig|secret_?key|secret|signature|token|password|callback_key|stream_?key)['\"]?\s*[=:]\s*['\"]?)"
    r"[^\s&'\",;)}\]]+"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)\S+")
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"

# Libraries that say at "info" what we say ourselves, or say it for each request.
_QUIET = ("asyncio", "httpcore", "httpx", "nats", "uvicorn", "uvicorn.access", "uvicorn.error")


def redact(text: str) -> str:
    """Return `text` with stars in place of what looks like a secret."""
    if "://" in text:
        text = _URL.sub(r"\1://\2/***", text)
    return _BEARER.sub(r"\1***", _FIELD.sub(r"\1***", text))


def set_up(level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Let all standard loggers write to `stream` (standard error), one line each.

    `style` is console, json, or auto: console when the stream is a terminal. Calling it again replaces the set-up.
    """
    # Imported here, so that a module that only wants `redact`, or a command that logs nothing, does not pay for it.
    import structlog

    stream = stream or sys.stderr
    json = style == "json" or (style == "auto" and not stream.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso" if json else _TIME_FORMAT, utc=json),
    ]
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _redact_all,
    ]
    if json:
        last.append(structlog.processors.JSONRenderer(default=str))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0))
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def bind(**values: str | int) -> None:
    """Add `values` to every line that this thread or task, and what it starts, logs from now on."""
    import structlog

    structlog.contextvars.bind_contextvars(**values)


def _redact_all(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif not isinstance(value, int | float | bool | type(None)):
            event[key] = redact(str(value))
    return event
