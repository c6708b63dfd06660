"""Task: `tailrace task`, calls of the Cloud API printed for people or as JSON for programs."""

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tailrace.cli.events import print_latest
from tailrace.cli.feedback import new_rooms, rooms_of
from tailrace.cli.look import ENCODE, Look
from tailrace.cli.tables import print_table, time_text
from tailrace.cli.target import Target, find
from tailrace.cli.update import Change
from tailrace.secret import PushUrl

# The figures of the API's printed examples (spec/02 section 1.5).
AUDIO = {"AudioEncode": {"SampleRate": 48000, "Channel": 2, "BitRate": 64, "Codec": 0}}
# Among a million robots at once there are two of one name with a chance of 0.2 %.
ROBOT_BYTES = 6
# The members of an answer that are Unix seconds.
TIMES = ("CreatedTime", "StateSince", "VisibleSince", "Since", "NextAttempt")
# The members of a task that are shown in their own way.
LISTS = ("Notes", "Windows", "Destinations", "FeedBackRooms")
NOBODY = "-"
ROOM_COLUMNS = ("RoomId", "RoomIdType", "UserId", "State", "Since", "VideoFrames", "AudioFrames")
WINDOW_COLUMNS = ("UserId", "RoomId", "StreamType", "LocationX", "LocationY", "Width", "Height", "ZOrder", "Live")


def start_request(
    room: str,
    user: str,
    push: Sequence[str],
    *,
    numeric: bool = False,
    screen: bool = False,
    audio_only: bool = False,
    max_idle: int = 30,
) -> dict[str, Any]:
    """Return the parameters of StartPublishCdnStream for a pass-through relay, without the SdkAppId."""
    who = {"UserId": user, "RoomId": room, "RoomIdType": 0 if numeric else 1}
    return {
        **_common(room, push, numeric=numeric, max_idle=max_idle),
        "WithTranscoding": 0,
        # A pass-through does not look at the figures.
        **({} if audio_only else {"VideoParams": {"VideoEncode": ENCODE}}),
        "SingleSubscribeParams": {"UserMediaStream": {"UserInfo": who, "StreamType": 1 if screen else 0}},
    }


def mix_request(
    room: str,
    push: Sequence[str],
    look: Look,
    *,
    numeric: bool = False,
    audio_only: bool = False,
    max_idle: int = 30,
) -> dict[str, Any]:
    """Return the parameters of StartPublishCdnStream for a mix of everybody in the room, without the SdkAppId."""
    return {
        **_common(room, push, numeric=numeric, max_idle=max_idle),
        "WithTranscoding": 1,
        **({} if audio_only else {"VideoParams": look.video_params(ENCODE)}),
    }


def _common(room: str, push: Sequence[str], *, numeric: bool, max_idle: int) -> dict[str, Any]:
    return {
        "RoomId": room,
        "RoomIdType": 0 if numeric else 1,
        # A name of its own for each task: two robots of one name would throw each other out of the room. Nor can it
        # hold the room's name, which may be longer and have other characters than a user's.
        "AgentParams": {"UserId": f"relay_{secrets.token_hex(ROBOT_BYTES)}", "MaxIdleTime": max_idle},
        "AudioParams": AUDIO,
        "PublishCdnParams": [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in push],
    }


def start(
    config: Path | None,
    data: Path | None,
    app_id: int,
    request: Mapping[str, Any],
    *,
    feedback: Sequence[str] = (),
    numeric: bool = False,
    as_json: bool,
) -> None:
    """Start a relay and print its TaskId. `feedback` is `ROOM:USER` of each room that the output goes to."""
    target = find(config, data)
    if feedback:
        rooms = rooms_of(feedback, target, target.app(app_id), numeric=numeric)
        request = {**request, "FeedBackRoomParams": rooms}
    answer = _call(target, "StartPublishCdnStream", app_id, request)
    print(json.dumps(answer) if as_json else answer["TaskId"])


def update(
    config: Path | None,
    data: Path | None,
    app_id: int,
    task_id: str,
    asked: Change | Mapping[str, Any],
    *,
    sequence: int | None,
    as_json: bool,
) -> None:
    """Change a relay by a request of the API, or by what is asked for beside what the relay is now.

    SequenceNumber is `sequence`, else that of the request, else the one after the last. Raises CommandError.
    """
    target = find(config, data)
    named = {"TaskId": task_id}
    if not isinstance(asked, Change):
        app_id = asked.get("SdkAppId", app_id)
    task = _call(target, "DescribePublishCdnStream", app_id, named)["TaskList"][0]
    if isinstance(asked, Change):
        rooms = new_rooms(asked.feedback, target, target.app(app_id), numeric=task["RoomIdType"] == 0)
        request: Mapping[str, Any] = asked.request(task, rooms)
    else:
        request = asked
    last = task["SequenceNumber"]
    numbered = {"SequenceNumber": 1 if last is None else last + 1} | dict(request)
    if sequence is not None:
        numbered["SequenceNumber"] = sequence
    answer = _call(target, "UpdatePublishCdnStream", app_id, numbered | named)
    print(json.dumps(answer) if as_json else f"Updated {task_id}: SequenceNumber {numbered['SequenceNumber']}")


def stop(config: Path | None, data: Path | None, app_id: int, task_id: str, *, as_json: bool) -> None:
    """Stop a relay."""
    answer = _call(find(config, data), "StopPublishCdnStream", app_id, {"TaskId": task_id})
    print(json.dumps(answer) if as_json else f"Stopped {task_id}")


def show(config: Path | None, data: Path | None, app_id: int, task_id: str, *, as_json: bool) -> None:
    """Print one relay with its destinations, and what has happened to it."""
    target = find(config, data)
    answer = _call(target, "DescribePublishCdnStream", app_id, {"TaskId": task_id})
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    _print_one(answer["TaskList"][0])
    print()
    print_latest(target, app_id, task_id)


def show_list(
    config: Path | None,
    data: Path | None,
    app_id: int,
    *,
    room: str,
    state: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """Print one line for each relay."""
    wanted = {name: value for name, value in (("RoomId", room), ("State", state)) if value}
    asked = {"Limit": limit, "Offset": offset, **wanted}
    answer = _call(find(config, data), "DescribePublishCdnStream", app_id, asked)
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    rows = [
        (task["TaskId"], task["RoomId"], task["UserId"] or "(mix)", task["State"], _destinations(task))
        for task in answer["TaskList"]
    ]
    print_table(("TaskId", "room", "user", "state", "destinations"), rows)
    print(f"{len(answer['TaskList'])} of {answer['TotalCount']}")


def _call(target: Target, action: str, app_id: int, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return target.call(action, {"SdkAppId": target.app(app_id).sdk_app_id, **parameters})


def _destinations(task: Mapping[str, Any]) -> str:
    return ", ".join(str(destination["State"]) for destination in task["Destinations"])


def _text(name: str, value: Any) -> str:
    """Return a value in one cell; nothing for what is not there."""
    if name in TIMES:
        return time_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{part} {figure}" for part, figure in value.items())
    return "" if value is None else str(value)


def _print_one(task: Mapping[str, Any]) -> None:
    for name, value in task.items():
        if name not in LISTS:
            print(f"{name:<17}{_text(name, value)}")
    for note in task["Notes"]:
        print(f"{'Note':<17}{note}")
    print()
    if task["Windows"]:
        windows = [tuple(_text(name, window[name]) or NOBODY for name in WINDOW_COLUMNS) for window in task["Windows"]]
        print_table(WINDOW_COLUMNS, windows)
        print()
    if task["FeedBackRooms"]:
        rooms = [tuple(_text(name, room[name]) for name in ROOM_COLUMNS) for room in task["FeedBackRooms"]]
        print_table(ROOM_COLUMNS, rooms)
        print()
    # The address comes last, and without what may be a stream key: it is the caller's own, but screens are shared.
    columns = (
        *("State", "Since", "BitRate", "VideoFrames", "AudioFrames", "DroppedFrames", "DroppedSeconds", "Connects"),
        *("Attempt", "NextAttempt", "ErrorCode", "Reason"),
    )
    rows = [
        # The number is the place that `task update --remove-push` takes.
        (str(place), *(_text(name, found[name]) for name in columns), str(PushUrl(found["Url"])))
        for place, found in enumerate(task["Destinations"], 1)
    ]
    print_table(("#", *columns, "Url"), rows)
