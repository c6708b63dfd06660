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

# A working day of tries, and not much more for a text that stands in a shell's history.
LIFETIME = 86400


def user_sig(config: Path | None, data: Path | None, user: str, *, seconds: int, app_id: int) -> str:
    """Return a UserSig in the clear: to print it is what was asked for."""
    target = find(config, data)
    return target.user_sig(target.app(app_id), user, seconds).reveal()


def print_urls(
    config: Path | None, data: Path | None, room: str, user: str, *, numeric: bool, app_id: int, as_json: bool
) -> None:
    """Print where to publish as `user` into `room`, and where a relay to the built-in CDN can be pushed and watched."""
    target = find(config, data)
    app = target.app(app_id)
    sig = target.user_sig(app, user, LIFETIME).reveal()
    check_admitted(app, room, user, sig, numeric=numeric)
    rtmp = target.addresses["rtmp"].rstrip("/")
    key = publish_key(room, user, app.sdk_app_id, sig, numeric=numeric)
    name = quote(f"{room}-{user}", safe="")
    urls = {
        "publish": f"{rtmp}/push/{key}",
        "obs_server": f"{rtmp}/push",
        "obs_stream_key": key,
        "cdn_push": f"{rtmp}/live/{name}",
        "cdn_play_rtmp": f"{rtmp}/live/{name}",
        "cdn_play_flv": f"{target.addresses['media_http'].rstrip('/')}/live/{name}.flv",
    }
    if as_json:
        print(json.dumps(urls, indent=2))
        return
    print(
        f"Publish into room {room} as {user} (valid for a day; keep it secret)\n"
        f"  ffmpeg -re -i FILE -c:v libx264 -bf 0 -g 50 -c:a aac -f flv '{urls['publish']}'\n"
        f"  OBS: server      {urls['obs_server']}\n"
        f"       stream key  {urls['obs_stream_key']}\n"
        "Relay it to the built-in CDN\n"
        f"  tailrace task start {room} {user} --push {urls['cdn_push']}\n"
        "Watch it there\n"
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
