"""Caller: whose key signed a call, and what that key may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tailrace.config import Account, App, Config, Key
from tailrace.errors import (
    AccountUnverified,
    AppUnknown,
    CallRefused,
    ClockSkewed,
    NotPermitted,
    SecretIdMalformed,
    SecretIdUnknown,
    ServiceNotAdmitted,
    SignatureMismatch,
    SignatureNotAdmitted,
    TokenRejected,
)
from tailrace.wire.cloud import tc3, v1
from tailrace.wire.cloud.client import SERVICE
from tailrace.wire.cloud.request import Call, HttpRequest

# Seconds that a call's timestamp may be off, either way (spec/01 section 3.1; for v1 it is our choice).
CLOCK_WINDOW = 300
MAX_SECRET_ID = 128


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call, the key that signed it, and the account's apps."""

    account: Account
    key: Key
    apps: Mapping[int, App]

    def app(self, sdk_app_id: int) -> App:
        """Return one of the account's own apps. Raises AppUnknown, for others' apps too."""
        if (app := self.apps.get(sdk_app_id)) is None:
            raise AppUnknown("The SdkAppId does not exist in this account.")
        return app

    def reach(self) -> tuple[int, ...]:
        """Return the SdkAppIds that this key is for, in the configuration's order."""
        only = self.key.sdk_app_ids
        return tuple(app for app in self.apps if not only or app in only)

    def may(self, action: str, sdk_app_id: int) -> bool:
        """Whether `permit` lets this key call `action` for this SdkAppId, with a signature that it may sign with."""
        try:
            self.permit(action, tc3.ALGORITHM, sdk_app_id)
        except CallRefused:
            return False
        return True

    def permit(self, action: str, signature: str, sdk_app_id: object) -> None:
        """Raise the first reason why this key may not call `action` with this signature method for this SdkAppId."""
        if signature not in self.key.signatures:
            raise SignatureNotAdmitted(f"this key may not sign with {signature}")
        if not self.account.verified:
            raise AccountUnverified("the account has not completed its identity verification")
        if SERVICE not in self.account.services:
            raise ServiceNotAdmitted(f"the account may not use the service {SERVICE}")
        if not any(fnmatchcase(f"{SERVICE}:{action}", pattern) for pattern in self.key.actions):
            raise NotPermitted(f"the key's policy does not allow {SERVICE}:{action}")
        if self.key.sdk_app_ids and str(sdk_app_id) not in map(str, self.key.sdk_app_ids):
            raise NotPermitted("the key's policy does not allow this SdkAppId")


class Callers:
    """Finds out who signed a call."""

    def __init__(self, config: Config) -> None:
        self._service_label = config.api.service_label
        self._callers = {
            key.secret_id: Caller(account, key, _apps_of(account, config.app))
            for account in config.account
            for key in account.keys
        }

    def authenticate(self, request: HttpRequest, call: Call, now: float) -> tuple[Caller, str]:
        """Return the caller and the signature method used; `now` is Unix time. Raises CallRefused."""
        if abs(call.timestamp - now) > CLOCK_WINDOW:
            raise ClockSkewed("the timestamp differs by more than five minutes from the server's time")
        if call.v1 is not None:
            caller = self.find(call.v1["SecretId"])
            v1.verify(request.method, request.host, call.v1, caller.key.secret_key)
            method = v1.method_of(call.v1)
        else:
            given = tc3.Authorization.parse(request.headers[b"authorization"])
            caller = self.find(given.secret_id)
            if self._service_label and given.service != self._service_label:
                raise SignatureMismatch(f"the service in the credential scope is not {self._service_label}")
            tc3.verify(request, given, call.timestamp, caller.key.secret_key)
            method = tc3.ALGORITHM
        if call.token:
            # There are no temporary credentials here, so a token can only be somebody else's.
            raise TokenRejected("this server issues no temporary credentials")
        return caller, method

    def find(self, secret_id: str) -> Caller:
        """Return whose key it is. Raises SecretIdMalformed and SecretIdUnknown."""
        if len(secret_id) > MAX_SECRET_ID or not secret_id.isascii() or not secret_id.isprintable():
            raise SecretIdMalformed("this is not a SecretId")
        if (caller := self._callers.get(secret_id)) is None:
            raise SecretIdUnknown("the SecretId does not exist")
        return caller


def _apps_of(account: Account, apps: Sequence[App]) -> Mapping[int, App]:
    return {app.sdk_app_id: app for app in apps if app.account == account.app_id}
