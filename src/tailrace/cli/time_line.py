"""Time line: events of the API in words, one line each, for people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tailrace.secret import PushUrl

# The address comes last, and without what may be a stream key: it is the caller's own, but screens are shared.
COLUMNS = ("#", "Time", "What", "Why", "Callback", "Url")
WIDE_COLUMNS = ("#", "Time", "What", "User", "Why", "Callback", "Room", "TaskId", "Url")


def row(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return an event of one task as the cells of COLUMNS."""
    number, time, what, _, why, callback, _, _, url = wide_row(event)
    return number, time, what, why, callback, url


def wide_row(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return any event of an application as the cells of WIDE_COLUMNS."""
    destination = event["Destination"]
    return (
        str(event["SequenceNumber"]),
        moment(event["TimeMs"]),
        what(event),
        str(event["UserId"]),
        why(event),
        callback(event),
        str(event["RoomId"]),
        str(event["TaskId"]),
        str(PushUrl(destination["Url"])) if destination else "",
    )


def moment(time_ms: int) -> str:
    """Return a time in UTC with its milliseconds."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def what(event: Mapping[str, Any]) -> str:
    """Return what happened; of a destination its state, and how often it has been tried."""
    if destination := event["Destination"]:
        still = "still " if destination["Repeated"] else ""
        tried = f", attempt {destination['Attempt']}" if destination["Attempt"] > 1 else ""
        return f"{still}{destination['State']}{tried}"
    match event["What"]:
        case "updated" | "visible" as told:
            return f"{told}: revision {event['Revision']}"
        case "taken" as told:
            return f"{told}: epoch {event['Epoch']}"
        case told:
            return str(told)


def why(event: Mapping[str, Any]) -> str:
    """Return the reason, with the code and the next try of a destination."""
    destination = event["Destination"]
    parts = [event["Reason"]]
    if destination and destination["ErrorCode"]:
        parts.append(f"code {destination['ErrorCode']}")
    if destination and destination["RetryAfter"]:
        parts.append(f"next attempt in {destination['RetryAfter']:.1f} s")
    return "; ".join(part for part in parts if part)


def callback(event: Mapping[str, Any]) -> str:
    """Return what became of the event's callback, with what was wrong at last; nothing when none was tried."""
    attempts: Sequence[Mapping[str, Any]] = event["Deliveries"]
    if not attempts:
        return ""
    last = attempts[-1]
    fault = last["Error"] or (f"status {last['HttpStatus']}" if event["Delivery"] != "delivered" else "")
    tries = f", attempt {len(attempts)}" if len(attempts) > 1 else ""
    return f"{event['Delivery']}{tries}" + (f": {fault}" if fault else "")
