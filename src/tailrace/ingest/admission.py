"""Admission: who may publish into which room, from the stream key that a publisher names (spec/05 section 3.1)."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from tailrace.config import App
from tailrace.errors import AppUnknown, ParameterInvalid, ParameterMissing, UserSigRejected
from tailrace.ids import USER_ID, USER_ID_FORM, Room, SdkAppId, Stream, StreamType, UserId
from tailrace.wire import usersig

# spec/05 section 1.1: string rooms over RTMP.
_ROOM = re.compile(r"[A-Za-z0-9_]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MAX_UINT32 = 4294967295


def admit(apps: Mapping[SdkAppId, App], name: str, fields: Mapping[str, str], now: float) -> Stream:
    """Return the stream that `name` (the room) and `fields` (the query) ask to publish.

    Raises a CallerError that names the field and the way out, and holds no secret: ParameterMissing, ParameterInvalid,
    AppUnknown, UserSigRejected.
    """
    app = apps.get(SdkAppId(_number("sdkappid", _required(fields, "sdkappid"))))
    if app is None:
        raise AppUnknown("`sdkappid`: no such application here; add it under [[app]] or correct the number")
    user = _required(fields, "userid")
    if not USER_ID.fullmatch(user):
        raise ParameterInvalid("userid", f"use {USER_ID_FORM}")
    try:
        usersig.check(_required(fields, "usersig"), SdkAppId(app.sdk_app_id), app.key, UserId(user), now)
    except UserSigRejected as error:
        raise UserSigRejected(f"`usersig`: {error}") from error
    room = _room(SdkAppId(app.sdk_app_id), unquote(name), _flag(fields, "use_number_room_id"))
    return Stream(room, UserId(user), StreamType.AUX if _flag(fields, "streamtype") else StreamType.MAIN)


def _room(app: SdkAppId, name: str, numeric: bool) -> Room:
    if numeric:
        # Written back, so that 007 and 7 are one room.
        return Room(app, str(_number("room", name)), numeric=True)
    if not _ROOM.fullmatch(name):
        raise ParameterInvalid("room", "use 1 to 64 letters, digits and underscores: push/<room>?...")
    return Room(app, name, numeric=False)


def _required(fields: Mapping[str, str], field: str) -> str:
    if not (value := fields.get(field, "")):
        raise ParameterMissing(field, f"`{field}` is missing: push/<room>?sdkappid=<n>&userid=<id>&usersig=<sig>")
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
