"""Sample: the commented configuration file with fresh random secrets, for `tailrace init` and the first serve."""

import os
import secrets
import string
from pathlib import Path

from tailrace.cli.exits import CommandError, Exit

_LETTERS = string.ascii_letters + string.digits

_TEXT = """\
# Tailrace configuration. Every key is explained in docs/configuration.md; each can also be set by an environment
# variable, which wins: TAILRACE_LISTEN__HTTP=9000. A key that is not known is an error.
# This file holds secrets: keep its mode at 0600.

[listen]
host = "127.0.0.1"             # 0.0.0.0 to serve other machines
http = 8930                    # Cloud API; 0 picks a free port
media_http = 8931              # HTTP-FLV of the built-in CDN
rtmp = 1935                    # publishing into rooms, and the built-in CDN
webrtc = 8189                  # UDP: sound and pictures of browsers, WHIP and WHEP

[bus]
url = ""                       # empty: run the embedded nats-server; else nats://user:password@host:4222

[[account]]                    # who may call the Cloud API
app_id = 1250000000
secret_id = "{secret_id}"
secret_key = "{secret_key}"
# actions = ["trtc:StopPublishCdnStream"]    # what this key may do; default: everything
# sdk_app_ids = [1400000001]                 # for which applications; default: all of the account

[[app]]                        # an application: rooms, users and tasks belong to one
sdk_app_id = 1400000001
account = 1250000000
key = "{app_key}"
max_tasks = 0                  # of this application at the same time; 0: no limit
callback_url = ""              # callbacks are posted there; https://example.com/callbacks
callback_key = ""              # signs them: up to 32 letters and digits

[limits]
requests_per_second = 20       # per SecretId and action; 0: no limit

[destinations]
# Addresses that are not public, and may be pushed to, asked for images and called back all the same.
allow_private = ["127.0.0.0/8", "::1/128"]
allow_rtmps = true
tls_verify = true

[callbacks]
tls_verify = true              # check the certificates of https:// receivers

[console]
enabled = true                 # the pages at /console/
url = ""                       # behind a proxy: where browsers find them, such as https://relay.example.com
media_url = ""                 # where browsers find WHIP and WHEP; empty: where ingest says that it serves

[api]
regions = ["ap-guangzhou", "ap-hongkong", "ap-singapore"]    # ["*"]: any region
service_label = ""             # insist on this service name in TC3 signatures; empty: any
stop_ended_again = true        # stopping a task that has ended succeeds
require_user_sig = false       # AgentParams.UserSig must be given
strict = false                 # refuse what can only be done in a similar way, such as LC-AAC for HE-AAC

[rooms]
lost_after = 10                # seconds that a publisher who vanished without a word stays in the room

[ingest]
cdn_from = ["127.0.0.0/8", "::1/128"]    # from where anybody may publish to the built-in CDN and play
max_connections = 1000
handshake_timeout = 10         # seconds

[webrtc]
announce = []                  # addresses under which browsers reach this machine; empty: those that it has
max_sessions = 500             # publishers and viewers at the same time
max_sessions_per_user = 50     # those of one user in all rooms; 0: no limit
keyframe_interval = 2          # seconds after which a publisher is asked for a key frame; 0: only when one is needed
handshake_timeout = 10         # seconds
# [[webrtc.ice_server]]        # for browsers that cannot reach the UDP port
# urls = ["turn:turn.example.com:3478"]
# username = ""
# credential = ""

[worker]
max_tasks = 100                # relays on this machine at the same time
max_cpu = 0.9                  # share of all cores beyond which no new task is taken; 0: not looked at
max_memory = 0.9               # the same of the memory
ack_wait = 3                   # seconds without a sign of life after which a task is handed to another worker
stop_deadline = 5              # seconds for tasks to move to other workers, then for pushes to end in order

[relay]
slate = ""                     # a PNG or JPEG that is shown while a publisher is away; empty: his last picture

[encoding]
preset = "auto"                # of x264, from "ultrafast" to "veryslow"; auto: chosen from size, rate and cores
threads = 0                    # each one more than 1 delays the picture by a frame; 0: as many as it needs

[log]
level = "info"                 # debug, info, warning, error
format = "auto"                # console, json; auto: json when the output is not a terminal
"""


def text() -> str:
    """Return the file with fresh secrets."""
    return _TEXT.format(secret_id="AKID" + _word(32), secret_key=_word(32), app_key=secrets.token_hex(32))


def write(file: Path) -> None:
    """Write the file, readable by its owner only. Raises CommandError when it exists or cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{file} exists already, and is left as it is; name another file or remove it") from None
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror}; name another file", Exit.CONFIG) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text())


def _word(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
