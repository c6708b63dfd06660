"""Samples: one call of the API as a caller's own code would make it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tailrace.wire.cloud.client import Credentials, signed_post

# What the official SDK has a method for; the others are extensions of Tailrace, which it calls by name.
_OFFICIAL = ("StartPublishCdnStream", "UpdatePublishCdnStream", "StopPublishCdnStream")

_PYTHON = """\
# pip install tencentcloud-sdk-python-trtc
import json
import os

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.trtc.v20190722 import {imports}

PARAMETERS = {parameters}

credential = Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"])
profile = ClientProfile(httpProfile=HttpProfile(protocol="{scheme}", endpoint="{host}"))
client = trtc_client.TrtcClient(credential, "{region}", profile)

{call}
"""
_OFFICIAL_CALL = """\
request = models.{action}Request()
request.from_json_string(json.dumps(PARAMETERS))
print(client.{action}(request).to_json_string(indent=2))"""
_OTHER_CALL = """\
print(json.dumps(client.call_json("{action}", PARAMETERS), indent=2, ensure_ascii=False))"""


def pretty(payload: Mapping[str, Any]) -> str:
    """Return the body of the request for people."""
    return json.dumps(payload, indent=2, ensure_ascii=False)


def curl(origin: str, action: str, payload: Mapping[str, Any], credentials: Credentials, now: int, region: str) -> str:
    """Return a shell command that makes the call, signed at the Unix time `now`. The SecretKey is not in it."""
    headers, body = signed_post(credentials, origin.partition("://")[2], action, payload, now, region)
    # curl makes the Host header from the address, and it is the one that was signed.
    lines = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items() if name != "Host"]
    words = [f"curl -sS {shlex.quote(f'{origin}/')}", *lines, f"--data-binary {shlex.quote(body.decode())}"]
    return "# Signed a moment ago, and good for five minutes.\n" + " \\\n  ".join(words) + "\n"


def python(origin: str, action: str, payload: Mapping[str, Any], region: str) -> str:
    """Return a program that makes the call with Tencent Cloud's SDK; it takes the key from the environment.

    `action` is one that exists: it stands in the program as it is.
    """
    scheme, _, host = origin.partition("://")
    official = action in _OFFICIAL
    return _PYTHON.format(
        imports="models, trtc_client" if official else "trtc_client",
        parameters=_literal(payload),
        scheme=scheme,
        host=host,
        region=region,
        call=(_OFFICIAL_CALL if official else _OTHER_CALL).format(action=action),
    )


def _literal(value: Any, margin: str = "") -> str:
    """Return a value of JSON in Python, laid out as `pretty` does: only three words are other ones."""
    inner = f"{margin}    "
    match value:
        case Mapping() if value:
            lines = [f"{inner}{_text(name)}: {_literal(part, inner)},\n" for name, part in value.items()]
            return f"{{\n{''.join(lines)}{margin}}}"
        case list() if value:
            lines = [f"{inner}{_literal(part, inner)},\n" for part in value]
            return f"[\n{''.join(lines)}{margin}]"
        case str():
            return _text(value)
    return repr(value)


def _text(text: str) -> str:
    """Return a text with double quotes, as formatters of Python like it, where that needs no escape."""
    said = repr(text)
    return said if '"' in text or "\\" in said else f'"{said[1:-1]}"'
