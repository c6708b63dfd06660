"""Addresses: `tailrace urls` and `tailrace usersig`."""

import json
import time
from pathlib import Path
from urllib.parse import quote, urlencode

from tailrace.cli.exits import CommandError
from tailrace.cli.target import find
from tailrace.config import App
from tailrace.errors import CallerError
from tailrace.ids import SdkAppId
from tailrace.ingest.admission import admit

# Appended to the publisher's name for one who watches him.
_VIEWER = "_viewer"
# ids.USER_ID.
_MAX_USER = 64
# A working day of tries, and not much more for a text that stands in a shell's history.
LIFETIME = 86400


def user_sig(config: Path | None, data: Path | None, user: str, *, seconds: int, app_id: int) -> str:
    """Return a UserSig in the clear: to print it is what was asked for."""
    target = find(config, data)
    return target.user_sig(target.app(app_id), user, seconds).reveal()


def print_urls(
    config: Path | None, data: Path | None, room: str, user: str, *, numeric: bool, app_id: int, as_json: bool
) -> None:
    """Print where to publish as `user` into `room`, where to watch him, and where a relay can be pushed and watched."""
    target = find(config, data)
    app = target.app(app_id)
    sig = target.user_sig(app, user, LIFETIME).reveal()
    check_admitted(app, room, user, sig, numeric=numeric)
    # Whoever watches is a user of the room as well, with a UserSig of his own.
    viewer = f"{user[: _MAX_USER - len(_VIEWER)]}{_VIEWER}"
    rtmp, web = (target.addresses[name].rstrip("/") for name in ("rtmp", "media_http"))
    key = publish_key(room, user, app.sdk_app_id, sig, numeric=numeric)
    name = quote(f"{room}-{user}", safe="")
    urls = {
        "publish": f"{rtmp}/push/{key}",
        "obs_server": f"{rtmp}/push",
        "obs_stream_key": key,
        "cdn_push": f"{rtmp}/live/{name}",
        "cdn_play_rtmp": f"{rtmp}/live/{name}",
        "cdn_play_flv": f"{web}/live/{name}.flv",
        "whip": web + whip_path("pub", room, user, app.sdk_app_id, numeric=numeric),
        "whip_token": sig,
        "whip_v1": f"{web}/v1/push/{key}",
        "whep": web + whip_path("sub", room, viewer, app.sdk_app_id, numeric=numeric, remoteuserid=user),
        "whep_token": target.user_sig(app, viewer, LIFETIME).reveal(),
    }
    if as_json:
        print(json.dumps(urls, indent=2))
        return
    print(
        f"Publish into room {room} as {user} (valid for a day; keep it secret)\n"
        f"  ffmpeg -re -i FILE -c:v libx264 -bf 0 -g 50 -c:a aac -f flv '{urls['publish']}'\n"
        f"  OBS: server      {urls['obs_server']}\n"
        f"       stream key  {urls['obs_stream_key']}\n"
        "The same from a browser, or from OBS with the service WHIP\n"
        f"  server        {urls['whip']}\n"
        f"  bearer token  {urls['whip_token']}\n"
        f"  in one        {urls['whip_v1']}\n"
        f"Watch {user} in a browser, within the room (WHEP)\n"
        f"  server        {urls['whep']}\n"
        f"  bearer token  {urls['whep_token']}\n"
        "Relay it to the built-in CDN\n"
        f"  tailrace task start {room} {user} --push {urls['cdn_push']}\n"
        "Watch that\n"
        f"  ffplay {urls['cdn_play_flv']}"
    )


def check_admitted(app: App, room: str, user: str, sig: str, *, numeric: bool) -> None:
    """Raise CommandError for a room that nobody is let into over RTMP, in the words that a publisher would be told."""
    fields = {"sdkappid": str(app.sdk_app_id), "userid": user, "usersig": sig, "use_number_room_id": f"{numeric:d}"}
    try:
        admit({SdkAppId(app.sdk_app_id): app}, quote(room, safe=""), fields, time.time())
    except CallerError as error:
        raise CommandError(f"nobody can publish into a room {room!r} over RTMP; {error}") from None


def publish_key(room: str, user: str, sdk_app_id: int, sig: str, *, numeric: bool = False) -> str:
    """Return what follows `push/`: the room, and the query of spec/05 section 3.1."""
    query = {"sdkappid": sdk_app_id, "userid": user, "usersig": sig, **({"use_number_room_id": 1} if numeric else {})}
    return f"{quote(room, safe='')}?{urlencode(query, safe='*-_')}"


def whip_path(
    what: str, room: str, user: str, sdk_app_id: int, *, numeric: bool = False, remoteuserid: str = ""
) -> str:
    """Return the path of spec/05 section 4, v2: `what` is `pub` or `sub`; `remoteuserid` is whom to watch."""
    query = {"SessionID": user, **({"remoteuserid": remoteuserid} if remoteuserid else {})}
    if numeric:
        query["use_number_room_id"] = "1"
    return f"/v2/{what}/{sdk_app_id}/{quote(room, safe='')}?{urlencode(query)}"
