"""Callback: bodies of event callbacks and their signature (spec/04 section 1)."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from tailrace.ids import SdkAppId
from tailrace.secret import Secret

# Group 7 names the time of sending in its own way (spec/04 section 1.2).
_GROUP_INGEST: Final = 7


def sign(key: Secret, body: bytes) -> str:
    """Return the header `Sign` for exactly these bytes."""
    return base64.b64encode(hmac.digest(key.reveal().encode(), body, "sha256")).decode("ascii")


def headers(app: SdkAppId, key: Secret, body: bytes) -> dict[str, str]:
    """Return the headers of a callback; an empty `key` signs nothing."""
    return {
        "Content-Type": "application/json",
        "SdkAppId": str(app),
        **({"Sign": sign(key, body)} if key else {}),
    }


def envelope(group: int, kind: int, at: float, info: Mapping[str, Any]) -> bytes:
    """Return the body of a callback. `kind` is EventType; `at` is CallbackTs in Unix seconds."""
    time = "CallbackMsTs" if group == _GROUP_INGEST else "CallbackTs"
    body = {"EventGroupId": group, "EventType": kind, time: milliseconds(at), "EventInfo": info}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def milliseconds(at: float) -> int:
    """Return Unix seconds as the callbacks' Unix milliseconds."""
    return round(at * 1000)
