"""Feedback: `--feedback ROOM:USER`, to FeedBackRoomParams of the Cloud API."""

from collections.abc import Sequence
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.target import Target
from tailrace.config import App

# A UserSig is looked at when the call comes, and not again.
SIG_SECONDS = 300


# Instead of the new list of an update: no room any more.
NOWHERE = "none"


def new_rooms(texts: Sequence[str], target: Target, app: App, *, numeric: bool) -> list[dict[str, Any]]:
    """Return the entries of an update; NOWHERE alone makes them none. Raises CommandError."""
    return [] if list(texts) == [NOWHERE] else rooms_of(texts, target, app, numeric=numeric)


def rooms_of(texts: Sequence[str], target: Target, app: App, *, numeric: bool) -> list[dict[str, Any]]:
    """Return the entries for `ROOM:USER`, each with a UserSig of its user. Raises CommandError.

    Rooms are numeric if the relayed one is: `numeric`. A room's name may hold colons, a user's cannot.
    """
    entries = []
    for text in texts:
        room, colon, user = text.rpartition(":")
        if not (room and colon and user):
            raise CommandError(f"--feedback: {text!r} is not ROOM:USER", Exit.USAGE)
        sig = target.user_sig(app, user, SIG_SECONDS).reveal()
        entries.append({"RoomId": room, "RoomIdType": 0 if numeric else 1, "UserId": user, "UserSig": sig})
    return entries
