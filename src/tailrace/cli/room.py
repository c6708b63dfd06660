"""Room: `tailrace room list|show`, read from the bus: rooms are no matter of the Cloud API."""

import asyncio
import json
from pathlib import Path

from tailrace.bus.connection import connect
from tailrace.bus.rooms import Rooms
from tailrace.cli.exits import CommandError
from tailrace.cli.tables import print_table, time_text
from tailrace.cli.target import Target, find
from tailrace.ids import SdkAppId
from tailrace.model.presence import Presence


def show_list(config: Path | None, data: Path | None, app_id: int, *, as_json: bool) -> None:
    """Print one line for each room."""
    rooms: dict[tuple[int, str, bool], list[Presence]] = {}
    for found in _present(find(config, data), app_id):
        rooms.setdefault((found.room.app, found.room.room_id, found.room.numeric), []).append(found)
    if as_json:
        rows = [
            {"SdkAppId": app, "RoomId": room_id, "Numeric": numeric, "Members": len({found.user for found in members})}
            for (app, room_id, numeric), members in sorted(rooms.items())
        ]
        print(json.dumps(rows, indent=2))
        return
    print_table(
        ("room", "kind", "SdkAppId", "members"),
        [
            (
                room_id,
                "numeric" if numeric else "string",
                str(app),
                ", ".join(sorted({found.user for found in members})),
            )
            for (app, room_id, numeric), members in sorted(rooms.items())
        ],
    )
    if not rooms:
        print("Nobody is in a room.")


def show(config: Path | None, data: Path | None, app_id: int, name: str, *, as_json: bool) -> None:
    """Print one line for each member. Raises CommandError when nobody is in such a room."""
    members = [found for found in _present(find(config, data), app_id) if found.room.room_id == name]
    if not members:
        raise CommandError(f"nobody is in a room {name}; see: tailrace room list")
    members.sort(key=lambda found: (found.user, found.role))
    if as_json:
        print(json.dumps([_as_json(found) for found in members], indent=2))
        return
    print_table(("user", "as", "publishes", "picture", "via", "since"), [_row(found) for found in members])


def _row(found: Presence) -> tuple[str, ...]:
    tracks = [name for name, there in (("video", found.video), ("audio", found.audio)) if there]
    picture = f"{found.width}x{found.height}" if found.width else ""
    return found.user, found.role, " + ".join(tracks) or "nothing", picture, found.via, time_text(found.since)


def _as_json(found: Presence) -> dict[str, object]:
    return {
        "SdkAppId": found.room.app,
        "RoomId": found.room.room_id,
        "Numeric": found.room.numeric,
        "UserId": found.user,
        "Role": found.role,
        "Video": found.video,
        "Audio": found.audio,
        "Width": found.width,
        "Height": found.height,
        "Via": found.via,
        "Since": time_text(found.since),
        "TaskId": found.task_id,
    }


def _present(target: Target, app_id: int) -> list[Presence]:
    async def read() -> list[Presence]:
        bus = await connect(target.bus_url(), "tailrace room")
        try:
            return await Rooms(bus, target.config.rooms.lost_after).list(SdkAppId(app_id) if app_id else None)
        finally:
            await bus.close()

    return asyncio.run(read())
