"""Events: `tailrace events`, what has happened, and callbacks sent again."""

import json
import re
import time
from pathlib import Path
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.target import find

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def seconds_of(span: str) -> int:
    """Return the seconds of a span such as 90s, 15m, 1h or 2d. Raises CommandError."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise CommandError(f"{span!r} is no span of time; write 90s, 15m, 1h or 2d", Exit.USAGE)
    return int(found[1]) * _UNITS[found[2]]


def replay(
    config: Path | None,
    data: Path | None,
    app_id: int,
    *,
    task: str,
    first: int | None,
    last: int | None,
    since: str,
    failed: bool,
    as_json: bool,
) -> None:
    """Have callbacks sent again, however many calls that takes. Raises CommandError."""
    if not task and first is None and not since:
        raise CommandError("say which events: --from, --task or --since", Exit.USAGE)
    target = find(config, data)
    asked: dict[str, Any] = {
        "SdkAppId": target.app(app_id).sdk_app_id,
        "Failed": int(failed),
        **({"TaskId": task} if task else {}),
        **({"FromSequenceNumber": first} if first is not None else {}),
        **({"ToSequenceNumber": last} if last is not None else {}),
        **({"SinceMs": max(0, int((time.time() - seconds_of(since)) * 1000))} if since else {}),
    }
    queued, more = 0, True
    while more:
        answer = target.call("ReplayPublishCdnStreamEvents", asked)
        queued, more = queued + answer["Queued"], bool(answer["More"])
        asked["FromSequenceNumber"] = answer["NextSequenceNumber"]
    print(json.dumps({"Queued": queued}) if as_json else f"{queued} callbacks are sent again")
