"""Events: `tailrace events`, what has happened, and callbacks sent again."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.tables import print_table
from tailrace.cli.target import Target, find
from tailrace.cli.time_line import COLUMNS, WIDE_COLUMNS, row, wide_row

# Events of one answer, as many as the API gives.
PAGE = 100
# What `task show` looks at and shows: a screen of them. One with more has a destination that has failed for hours.
MOST_OF_A_TASK = 1000
LATEST = 30
# A new event is seen within a second; a look at nothing new costs the server a millisecond.
FOLLOW_EACH = 1.0

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def seconds_of(span: str) -> int:
    """Return the seconds of a span such as 90s, 15m, 1h or 2d. Raises CommandError."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise CommandError(f"{span!r} is no span of time; write 90s, 15m, 1h or 2d", Exit.USAGE)
    return int(found[1]) * _UNITS[found[2]]


def show_list(
    config: Path | None,
    data: Path | None,
    app_id: int,
    *,
    task: str,
    room: str,
    first: int | None,
    since: str,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Print events, the oldest first, and with `follow` those that come, until interrupted. Raises CommandError."""
    target = find(config, data)
    asked = _which(target, app_id, task, first, since) | ({"RoomId": room} if room else {})
    answer = events_of(target, asked, limit)
    if follow:
        with suppress(KeyboardInterrupt):
            while True:
                for event in answer["EventList"]:
                    line = json.dumps(event) if as_json else "  ".join(filter(None, _row(event, task)))
                    print(line, flush=True)
                if not answer["More"]:
                    time.sleep(FOLLOW_EACH)
                asked["FromSequenceNumber"] = answer["NextSequenceNumber"]
                answer = events_of(target, asked, limit)
    elif as_json:
        print(json.dumps(answer, indent=2))
    else:
        print_table(COLUMNS if task else WIDE_COLUMNS, [_row(event, task) for event in answer["EventList"]])
        if answer["More"]:
            print(f"there may be more: --from {answer['NextSequenceNumber']}")


def print_latest(target: Target, app_id: int, task: str) -> None:
    """Print the latest events of a task without those that only tell again what was told before."""
    asked: dict[str, Any] = {"SdkAppId": target.app(app_id).sdk_app_id, "TaskId": task}
    answer = events_of(target, asked, MOST_OF_A_TASK)
    if answer["More"]:
        answer = events_of(target, asked | _since("1h"), MOST_OF_A_TASK)
    news = [event for event in answer["EventList"] if not (event["Destination"] and event["Destination"]["Repeated"])]
    if answer["More"] or len(news) > LATEST:
        print(f"... (all of them: tailrace events list --task {task})")
    print_table(COLUMNS, map(row, news[-LATEST:]))


def events_of(target: Target, asked: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Return the answer of DescribePublishCdnStreamEvents to `asked`, with up to `limit` events of several pages."""
    found: list[dict[str, Any]] = []
    place: dict[str, Any] = {}
    while True:
        page = {"Limit": min(limit - len(found), PAGE)}
        answer = target.call("DescribePublishCdnStreamEvents", {**asked, **place, **page})
        found += answer["EventList"]
        if not answer["More"] or len(found) >= limit:
            return {**answer, "EventList": found}
        place = {"FromSequenceNumber": answer["NextSequenceNumber"]}


def _which(target: Target, app_id: int, task: str, first: int | None, since: str) -> dict[str, Any]:
    return {
        "SdkAppId": target.app(app_id).sdk_app_id,
        **({"TaskId": task} if task else {}),
        **({"FromSequenceNumber": first} if first is not None else {}),
        **_since(since),
    }


def _since(span: str) -> dict[str, int]:
    return {"SinceMs": max(0, int((time.time() - seconds_of(span)) * 1000))} if span else {}


def _row(event: Mapping[str, Any], task: str) -> tuple[str, ...]:
    return row(event) if task else wide_row(event)


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
    asked = _which(target, app_id, task, first, since) | {"Failed": int(failed)}
    if last is not None:
        asked["ToSequenceNumber"] = last
    queued, more = 0, True
    while more:
        answer = target.call("ReplayPublishCdnStreamEvents", asked)
        queued, more = queued + answer["Queued"], bool(answer["More"])
        asked["FromSequenceNumber"] = answer["NextSequenceNumber"]
    print(json.dumps({"Queued": queued}) if as_json else f"{queued} callbacks are sent again")
