"""Signature v1: HmacSHA1 or HmacSHA256 over all fields of a query or form (spec/01 section 4)."""

import base64
import hmac
from collections.abc import Mapping

from tailrace.errors import SignatureMismatch
from tailrace.secret import Secret


def method_of(fields: Mapping[str, str]) -> str:
    """Return `HmacSHA256` for exactly that SignatureMethod; everything else means `HmacSHA1`."""
    return "HmacSHA256" if fields.get("SignatureMethod") == "HmacSHA256" else "HmacSHA1"


def string_to_sign(method: str, host: bytes, fields: Mapping[str, str]) -> bytes:
    """Return the text that is signed. The values are the original ones, not percent-encoded."""
    joined = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "Signature")
    return b"%b%b/?%b" % (method.encode(), host, joined.encode())


def sign(key: Secret, text: bytes, signature_method: str) -> str:
    """Return the signature in standard Base64."""
    digest = "sha256" if signature_method == "HmacSHA256" else "sha1"
    return base64.b64encode(hmac.digest(key.reveal().encode(), text, digest)).decode()


def verify(method: str, host: bytes, fields: Mapping[str, str], key: Secret) -> None:
    """Raise SignatureMismatch unless `Signature` was made with `key` over the other fields."""
    expected = sign(key, string_to_sign(method, host, fields), method_of(fields))
    if not hmac.compare_digest(expected.encode(), fields.get("Signature", "").encode()):
        raise SignatureMismatch("the signature does not match")
