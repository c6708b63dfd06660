"""Caller: the order in which a key's rights are looked at."""

from typing import Any

import pytest

from tailrace.config import Account, App
from tailrace.control.caller import Caller
from tailrace.errors import (
    AccountUnverified,
    AppUnknown,
    NotPermitted,
    ServiceNotAdmitted,
    SignatureNotAdmitted,
    TailraceError,
)
from tailrace.secret import Secret

APP = App(sdk_app_id=7, account=1, key=Secret("k"))


def caller(**settings: Any) -> Caller:
    account = Account(app_id=1, secret_id="AKID", secret_key=Secret("key"), **settings)
    return Caller(account, account, {7: APP})


@pytest.mark.parametrize("patterns", [("trtc:*",), ("trtc:Stop*",), ("*",), ("cvm:*", "trtc:StopPublishCdnStream")])
def test_a_pattern_that_fits_permits(patterns: tuple[str, ...]) -> None:
    caller(actions=patterns).permit("StopPublishCdnStream", "HmacSHA1", 7)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"actions": ()}, NotPermitted),
        ({"actions": ("trtc:Start*", "trtc:stop*", "cvm:*")}, NotPermitted),
        ({"sdk_app_ids": (8,)}, NotPermitted),
        ({"services": ("cvm",), "actions": ()}, ServiceNotAdmitted),
        ({"verified": False, "services": ()}, AccountUnverified),
        ({"signatures": ("TC3-HMAC-SHA256",), "verified": False}, SignatureNotAdmitted),
    ],
)
def test_the_first_reason_is_given(settings: dict[str, Any], error: type[TailraceError]) -> None:
    with pytest.raises(error):
        caller(**settings).permit("StopPublishCdnStream", "HmacSHA1", 7)


@pytest.mark.parametrize("sdk_app_id", [7, "7"])
def test_an_app_may_come_as_text(sdk_app_id: object) -> None:
    caller(sdk_app_ids=(7,)).permit("StopPublishCdnStream", "HmacSHA1", sdk_app_id)


def test_another_accounts_app_is_unknown() -> None:
    assert caller().app(7) is APP
    with pytest.raises(AppUnknown):
        caller().app(8)


def test_who_may_is_asked_without_an_error() -> None:
    assert caller(actions=("trtc:Stop*",)).may("StopPublishCdnStream", 7)
    assert not caller(actions=("trtc:Stop*",)).may("StartPublishCdnStream", 7)
    assert not caller(signatures=("HmacSHA1",)).may("StopPublishCdnStream", 7)


def test_a_key_reaches_the_apps_that_it_is_for() -> None:
    assert caller().reach() == (7,)
    assert caller(sdk_app_ids=(8,)).reach() == ()
