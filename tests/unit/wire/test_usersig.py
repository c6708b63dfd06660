"""UserSig: the vectors of spec/05, and everything that must be refused."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import UserSigRejected
from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig

APP, USER, NOW, LIFETIME = SdkAppId(1400000000), UserId("xiaojun"), 1700000000, 604800
KEY = Secret("5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e")
USERBUF = bytes.fromhex(
    "0100077869616f6a756e53724e0000000000655d2b80000000ff00000000000773746167652d34",
)


def pack(data: bytes) -> str:
    """Steps 4 and 5: what any bytes look like as a UserSig."""
    return base64.b64encode(zlib.compress(data)).decode().translate(str.maketrans("+/=", "*-_"))


def unpack(text: str) -> dict[str, object]:
    """Reverse `pack`."""
    return dict(json.loads(zlib.decompress(base64.b64decode(text.translate(str.maketrans("*-_", "+/="))))))


def test_the_signature_is_the_one_of_the_specification() -> None:
    made = unpack(usersig.make(APP, KEY, USER, NOW, LIFETIME).reveal())

    assert made == {
        "TLS.ver": "2.0",
        "TLS.identifier": "xiaojun",
        "TLS.sdkappid": 1400000000,
        "TLS.expire": 604800,
        "TLS.time": 1700000000,
        "TLS.sig": "8j2SU00mSSGnJOE0eKRWrGh86RTQwG7LZVYeyWrE7FY=",
    }


def test_a_private_map_key_is_the_one_of_the_specification() -> None:
    made = unpack(usersig.make(APP, KEY, USER, NOW, LIFETIME, USERBUF).reveal())

    assert made["TLS.userbuf"] == base64.b64encode(USERBUF).decode()
    assert made["TLS.sig"] == "o8jIAwZ+qz1B8htLd96A9uYZUBSV9SIquvLM9mMdlUk="


@pytest.mark.parametrize("userbuf", [b"", USERBUF])
def test_what_was_made_is_accepted_with_its_content(userbuf: bytes) -> None:
    made = usersig.make(APP, KEY, USER, NOW, LIFETIME, userbuf).reveal()

    assert usersig.check(made, APP, KEY, USER, NOW) == usersig.UserSig(APP, USER, NOW, LIFETIME, userbuf)
    assert not set(made) & set("+/=")


@pytest.mark.parametrize(
    ("app", "key", "user", "now", "reason"),
    [
        (APP + 1, KEY, USER, NOW, "another SdkAppId"),
        (APP, Secret("other"), USER, NOW, "does not match"),
        (APP, KEY, "xiaohong", NOW, "another user"),
        (APP, KEY, USER, NOW + LIFETIME + 1, "expired"),
        (APP, KEY, USER, NOW - 301, "not valid yet"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(app: int, key: Secret, user: str, now: int, reason: str) -> None:
    made = usersig.make(APP, KEY, USER, NOW, LIFETIME)

    with pytest.raises(UserSigRejected, match=reason):
        usersig.check(made.reveal(), SdkAppId(app), key, UserId(user), now)


@pytest.mark.parametrize("now", [NOW + LIFETIME, NOW - 300])
def test_the_ends_of_its_time_belong_to_it(now: int) -> None:
    made = usersig.make(APP, KEY, USER, NOW, LIFETIME)

    assert usersig.check(made.reveal(), APP, KEY, USER, now).time == NOW


@pytest.mark.parametrize("field", ["TLS.identifier", "TLS.expire", "TLS.time", "TLS.userbuf"])
def test_a_changed_field_breaks_the_signature(field: str) -> None:
    made = unpack(usersig.make(APP, KEY, USER, NOW, LIFETIME, USERBUF).reveal())
    changed = {"TLS.identifier": "root", "TLS.expire": LIFETIME + 1, "TLS.time": NOW + 1, "TLS.userbuf": "AAAA"}[field]
    forged = pack(json.dumps(made | {field: changed}).encode())
    user = UserId("root") if field == "TLS.identifier" else USER

    with pytest.raises(UserSigRejected, match="does not match"):
        usersig.check(forged, APP, KEY, user, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64 !",
        "eJwrSS0uAQAEXQHB",
        base64.b64encode(b"plain").decode(),
        pack(b"not json"),
        pack(b"[]"),
        pack(b"{}"),
        pack(b"[" * 10000),
        pack(json.dumps({"TLS.ver": "1.0"}).encode()),
        "ümlaut",
    ],
)
def test_what_is_no_usersig_is_malformed(text: str) -> None:
    with pytest.raises(UserSigRejected, match=r"malformed|cut short"):
        usersig.check(text, APP, KEY, USER, NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [("TLS.sdkappid", "1400000000"), ("TLS.expire", True), ("TLS.time", 1.5), ("TLS.sig", None), ("TLS.sig", "\ud800")],
)
def test_a_field_of_another_type_is_malformed(field: str, value: object) -> None:
    made = unpack(usersig.make(APP, KEY, USER, NOW, LIFETIME).reveal())

    with pytest.raises(UserSigRejected, match="malformed"):
        usersig.check(pack(json.dumps(made | {field: value}).encode()), APP, KEY, USER, NOW)


def test_a_text_that_inflates_to_too_much_is_refused() -> None:
    with pytest.raises(UserSigRejected, match="inflates to too much"):
        usersig.check(pack(b" " * 5_000_000), APP, KEY, USER, NOW)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(UserSigRejected, match="too long"):
        usersig.check("A" * 20_000, APP, KEY, USER, NOW)


@given(st.integers(min_value=0, max_value=190))
def test_a_text_cut_anywhere_is_refused(length: int) -> None:
    made = usersig.make(APP, KEY, USER, NOW, LIFETIME).reveal()

    with pytest.raises(UserSigRejected):
        usersig.check(made[: min(length, len(made) - 1)], APP, KEY, USER, NOW)


@given(st.text())
def test_any_text_is_refused_in_order(text: str) -> None:
    with pytest.raises(UserSigRejected):
        usersig.check(text, APP, KEY, USER, NOW)
