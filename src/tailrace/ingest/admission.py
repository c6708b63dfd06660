"""Admission: who may publish into which room, from what a client names (spec/05 sections 3.1 and 4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tailrace.config import App
from tailrace.errors import (
    AppUnknown,
    ParameterInvalid,
    ParameterMissing,
    UserSigRejected,
)
from tailrace.ids import USER_ID, USER_ID_FORM, Room, SdkAppId, Stream, StreamType, UserId
from tailrace.wire import usersig

_NUMBER = re.compile(r"[0-9]{1,10}")
_MAX_UINT32 = 4294967295


@dataclass(frozen=True, slots=True)
class Form:
    """How one protocol writes what admission asks for: the names of the fields, and which string rooms it has."""

    app: str
    user: str
    sig: str
    room: re.Pattern[str]
    room_form: str
    whole: str  # shown to who leaves something out


RTMP = Form(
    "sdkappid",
    "userid",
    "usersig",
    # spec/05 section 1.1: string rooms over RTMP.
    re.compile(r"[A-Za-z0-9_]{1,64}"),
    "use 1 to 64 letters, digits and underscores: push/<room>?...",
    "push/<room>?sdkappid=<n>&userid=<id>&usersig=<sig>",
)
# The same section: string rooms of browsers.
_ANY_ROOM = re.compile(r"[A-Za-z0-9_ !#$%&()+\-:;<=.>?@\[\]^{}|~,]{1,64}")
_ANY_ROOM_FORM = "use 1 to 64 letters, digits, blanks and any of !#$%&()+-:;<=.>?@[]^_{}|~,"
WEB_V1 = Form(
    "sdkappid",
    "userid",
    "usersig",
    _ANY_ROOM,
    _ANY_ROOM_FORM,
    "/v1/push/<streamid>?sdkappid=<n>&userid=<id>&usersig=<sig>",
)
WEB_V2 = Form(
    "SDKAppID",
    "SessionID",
    "Authorization",
    _ANY_ROOM,
    _ANY_ROOM_FORM,
    "/v2/pub/<SDKAppID>/<streamID>?SessionID=<userid> with the header Authorization: Bearer <usersig>",
)


def admit(apps: Mapping[SdkAppId, App], name: str, fields: Mapping[str, str], now: float, form: Form = RTMP) -> Stream:
    """Return the stream that `name` (the room, percent-encoded) and `fields` ask to publish.

    Raises a CallerError that names the field and the way out, and holds no secret: ParameterMissing, ParameterInvalid,
    AppUnknown, UserSigRejected.
    """
    app, user = identify(apps, fields, now, form)
    return Stream(room(app, name, fields, form), user, stream_type(fields))


def identify(
    apps: Mapping[SdkAppId, App], fields: Mapping[str, str], now: float, form: Form
) -> tuple[SdkAppId, UserId]:
    """Return who asks, by the UserSig that it brings. Raises as `admit` does."""
    app = apps.get(SdkAppId(_number(form.app, _required(fields, form.app, form))))
    if app is None:
        raise AppUnknown(f"`{form.app}`: no such application here; add it under [[app]] or correct the number")
    app_id = SdkAppId(app.sdk_app_id)
    user = UserId(_required(fields, form.user, form))
    if not USER_ID.fullmatch(user):
        raise ParameterInvalid(form.user, f"use {USER_ID_FORM}")
    try:
        usersig.check(_required(fields, form.sig, form), app_id, app.key, user, now)
    except UserSigRejected as error:
        raise type(error)(f"`{form.sig}`: {error}") from error
    return app_id, user


def room(app: SdkAppId, name: str, fields: Mapping[str, str], form: Form) -> Room:
    """Return the room of that name; `use_number_room_id` chooses numeric ones. Raises ParameterInvalid."""
    name = unquote(name)
    if _flag(fields, "use_number_room_id"):
        # Written back, so that 007 and 7 are one room.
        return Room(app, str(_number("room", name)), numeric=True)
    if not form.room.fullmatch(name):
        raise ParameterInvalid("room", form.room_form)
    return Room(app, name, numeric=False)


def stream_type(fields: Mapping[str, str]) -> StreamType:
    """Return which of a user's streams `streamtype` chooses. Raises ParameterInvalid."""
    return StreamType.AUX if _flag(fields, "streamtype") else StreamType.MAIN


def _required(fields: Mapping[str, str], field: str, form: Form) -> str:
    if not (value := fields.get(field, "")):
        raise ParameterMissing(field, f"`{field}` is missing: {form.whole}")
    return value


def _number(field: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= _MAX_UINT32:
        raise ParameterInvalid(field, f"must be a number from 1 to {_MAX_UINT32}")
    return int(text)


def _flag(fields: Mapping[str, str], field: str) -> bool:
    match fields.get(field, "0"):
        case "0":
            return False
        case "1":
            return True
    raise ParameterInvalid(field, "must be 0 or 1")
