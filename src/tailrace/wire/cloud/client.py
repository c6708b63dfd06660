"""The caller's side of the Cloud API: a signed request made, an answer read. Used by our own command line."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailrace.errors import ApiError, PeerError
from tailrace.secret import Secret
from tailrace.wire.cloud import tc3

SERVICE = "trtc"
VERSION = "2019-07-22"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A SecretId and its SecretKey."""

    secret_id: str
    secret_key: Secret


def signed_post(
    credentials: Credentials, host: str, action: str, parameters: Mapping[str, Any], now: int, region: str
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a call, to be sent as `POST /` to `host` (with its port) at Unix time `now`."""
    body = json.dumps(parameters).encode()
    signed = [(b"content-type", b"application/json"), (b"host", host.encode())]
    canonical = tc3.canonical_request("POST", b"", signed, hashlib.sha256(body).hexdigest().encode())
    scope = f"{credentials.secret_id}/{tc3.utc_date(now)}/{SERVICE}/tc3_request"
    signature = tc3.sign(credentials.secret_key, now, SERVICE, canonical)
    headers = {
        "Host": host,
        "Content-Type": "application/json",
        "Authorization": f"{tc3.ALGORITHM} Credential={scope}, SignedHeaders=content-type;host, Signature={signature}",
        "X-TC-Action": action,
        "X-TC-Version": VERSION,
        "X-TC-Timestamp": str(now),
        "X-TC-Region": region,
    }
    return headers, body


def read_answer(body: bytes) -> dict[str, Any]:
    """Return the answer's fields, RequestId among them. Raises ApiError for an error, PeerError for no answer."""
    try:
        response = json.loads(body)["Response"]
        request_id = response["RequestId"]
        if (error := response.get("Error")) is not None:
            raise ApiError(error["Code"], error["Message"], request_id)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PeerError("the server did not answer like the Cloud API") from error
    return dict(response)
