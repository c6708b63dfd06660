"""The answers of the Cloud API, to the letter: SDKs find an error only in this envelope (spec/01 section 6)."""

import json
from collections.abc import Mapping
from typing import Any

# Exactly this, without a charset: the Python SDK takes an error under any other content type for a success.
CONTENT_TYPE = b"application/json"
# Errors too: SDKs take any other status for a failure of the transport.
STATUS = 200


# Kept: making an encoder for each answer costs more than encoding.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def success(fields: Mapping[str, Any], request_id: str) -> bytes:
    """Return the body of a good answer; `fields` are JSON values by their public names."""
    return _body({**fields, "RequestId": request_id})


def failure(code: str, message: str, request_id: str) -> bytes:
    """Return the body of an error answer."""
    return _body({"Error": {"Code": code, "Message": message}, "RequestId": request_id})


def _body(response: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode({"Response": response}).encode()
