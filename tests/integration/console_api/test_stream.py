"""The stream of changes: what it begins with, what it tells, to whom, and what becomes of it when something is away."""

import asyncio
import contextlib
import socket
import time
from pathlib import Path

from tailrace.bus.connection import Bus
from tailrace.bus.deliveries import Deliveries, Noted
from tailrace.bus.rooms import Rooms
from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.delivery import Attempt, Delivery
from tailrace.model.presence import Presence, Role
from tailrace.secret import Secret
from tests.harness.console_page import Changes, ConsolePage
from tests.harness.nats import nats_server_in
from tests.harness.waiting import eventually
from tests.integration.console_api.conftest import CONFIG, OWNER_KEY, STOP_KEY, STRANGER_KEY
from tests.integration.console_api.taken import take_over
from tests.integration.console_api.test_session import code_of
from tests.integration.control.requests import VIDEO_ENCODE, start_parameters
from tests.integration.control.running import (
    APP,
    FOREIGN_APP,
    Control,
    child,
    control,
    on_the_bus,
)

# Entries that are written beside each other: each has 3 s to be stored, and shares the processor with the others.
AT_ONCE = 50


def known(changes: Changes) -> bool:
    """Whether there was a snapshot."""
    return bool(changes.of("snapshot"))


def presence(room: str, user: str, app: int = APP, video: bool = True) -> Presence:
    """A publisher."""
    where = Room(SdkAppId(app), room, numeric=False)
    return Presence(where, UserId(user), Role.MAIN, time.time_ns(), time.time(), video=video, width=640, height=360)


def announce(nats_url: Secret, *presences: Presence) -> None:
    """Enter rooms."""

    async def work(bus: Bus) -> None:
        rooms = Rooms(bus, CONFIG.rooms.lost_after)
        for first in range(0, len(presences), AT_ONCE):
            await asyncio.gather(*(rooms.announce(one) for one in presences[first : first + AT_ONCE]))

    on_the_bus(nats_url, work)


def withdraw(nats_url: Secret, *presences: Presence) -> None:
    """Leave them."""

    async def work(bus: Bus) -> None:
        for one in presences:
            await Rooms(bus, CONFIG.rooms.lost_after).withdraw(one)

    on_the_bus(nats_url, work)


def test_who_was_there_is_in_the_snapshot_and_who_comes_is_told(nats_url: Secret, owner: ConsolePage) -> None:
    early, late = presence("talk", "early"), presence("talk", "late", video=False)
    announce(nats_url, early)
    with owner.following() as changes:
        changes.until(known, "a snapshot")
        first = [room for room in changes.of("snapshot")[0]["Rooms"] if room["RoomId"] == "talk"]
        announce(nats_url, late)
        changes.until(lambda c: len(c.rooms["talk"]["Members"]) == 2, "both")
        both = changes.rooms["talk"]
        withdraw(nats_url, early, late)
        changes.until(lambda c: "talk" not in c.rooms, "an empty room")

    assert [member["UserId"] for member in first[0]["Members"]] == ["early"]
    assert (both["SdkAppId"], both["RoomIdType"]) == (APP, 1)
    assert both["Members"][1] == {
        "UserId": "late",
        "Role": "main",
        "Via": "rtmp",
        "Since": late.since,
        "Audio": False,
        "Video": False,
        "Width": 640,
        "Height": 360,
        "TaskId": "",
    }
    assert changes.of("room")[-1]["Members"] == []


def test_a_task_is_told_from_its_start_to_its_end_with_its_events(owner: ConsolePage) -> None:
    with owner.following() as changes:
        changes.until(known, "a snapshot")
        task_id = owner.call("StartPublishCdnStream", **start_parameters(RoomId="told"))["TaskId"]
        changes.until(lambda c: task_id in c.tasks, "the task")
        told = changes.tasks[task_id]
        described = owner.call("DescribePublishCdnStream", SdkAppId=APP, TaskId=task_id)["TaskList"][0]
        owner.call("StopPublishCdnStream", SdkAppId=APP, TaskId=task_id)
        changes.until(lambda c: c.tasks[task_id]["State"] == "ended", "its end")
        changes.until(
            lambda c: "ended" in [e["What"] for e in c.of("event") if e["TaskId"] == task_id], "its last event"
        )

    assert told == described | {"SdkAppId": APP, "CreatedAt": described["CreatedTime"]}
    assert [event["What"] for event in changes.of("event") if event["TaskId"] == task_id] == ["queued", "ended"]
    numbers = [event["SequenceNumber"] for event in changes.of("event")]
    assert numbers == sorted(set(numbers))


def test_what_a_child_says_is_told_without_being_asked_for(nats_url: Secret, api: Control, owner: ConsolePage) -> None:
    task_id = owner.call("StartPublishCdnStream", **start_parameters(RoomId="figures"))["TaskId"]
    take_over(nats_url, task_id)
    says = {"destinations": [{"number": 0, "status": 2, "bitrate_kbps": 1234.0, "dropped_frames": 7}]}
    with child(nats_url, task_id, {"inspect": says}), owner.following() as changes:
        changes.until(lambda c: task_id in c.tasks, "the task")
        changes.until(lambda c: c.tasks[task_id]["Destinations"][0]["BitRate"] == 1234, "its bit rate")
        says["destinations"][0]["bitrate_kbps"] = 4321.0
        changes.until(lambda c: c.tasks[task_id]["Destinations"][0]["BitRate"] == 4321, "its new bit rate")

    assert changes.tasks[task_id]["Destinations"][0]["DroppedFrames"] == 7


def test_a_mix_is_told_with_its_layout(nats_url: Secret, api: Control, owner: ConsolePage) -> None:
    parameters = start_parameters(
        RoomId="mix", WithTranscoding=1, SingleSubscribeParams=None, VideoParams={"VideoEncode": VIDEO_ENCODE}
    )
    task_id = owner.call("StartPublishCdnStream", **parameters)["TaskId"]
    take_over(nats_url, task_id)
    window = {
        "x": 10,
        "y": 20,
        "width": 640,
        "height": 360,
        "layer": 3,
        "room_id": "mix",
        "user": "ann",
        "stream": "aux",
    }
    with child(nats_url, task_id, {"inspect": {"windows": [window]}}), owner.following() as changes:
        changes.until(lambda c: c.tasks.get(task_id, {}).get("Windows"), "the mix")
        told = changes.tasks[task_id]["Layout"]

    assert (told["Width"], told["Height"]) == (1280, 720)
    assert told["Windows"] == [
        {
            "X": 10,
            "Y": 20,
            "Width": 640,
            "Height": 360,
            "ZOrder": 3,
            "UserId": "ann",
            "RoomId": "mix",
            "StreamType": 1,
        }
    ]


def test_each_try_of_a_callback_is_told(nats_url: Secret, owner: ConsolePage) -> None:
    with owner.following() as changes:
        changes.until(known, "a snapshot")
        task_id = owner.call("StartPublishCdnStream", **start_parameters(RoomId="called back"))["TaskId"]
        changes.until(lambda c: task_id in [event["TaskId"] for event in c.of("event")], "its event")
        sequence = next(event["SequenceNumber"] for event in changes.of("event") if event["TaskId"] == task_id)

        async def work(bus: Bus) -> None:
            await Deliveries(bus).tried(
                SdkAppId(APP), Noted(Delivery(sequence, sequence)), Attempt(sequence, time.time(), 0.1, 200)
            )

        on_the_bus(nats_url, work)
        changes.until(lambda c: c.of("delivery"), "the try")
    told = changes.of("delivery")[0]

    assert (told["SequenceNumber"], told["TaskId"], told["Delivery"]) == (sequence, task_id, "delivered")
    assert [attempt["HttpStatus"] for attempt in told["Deliveries"]] == [200]


def test_an_account_sees_its_own_apps_only(nats_url: Secret, api: Control, owner: ConsolePage) -> None:
    announce(nats_url, presence("theirs", "stranger", FOREIGN_APP), presence("ours", "ann"))
    with ConsolePage(f"http://{api.address}") as strange:
        strange.sign_in("AKIDstranger", STRANGER_KEY)
        with owner.following() as ours, strange.following() as theirs:
            ours.until(known, "a snapshot")
            theirs.until(known, "a snapshot")
            task_id = owner.call("StartPublishCdnStream", **start_parameters(RoomId="secret"))["TaskId"]
            ours.until(lambda c: task_id in c.tasks, "the task")
            ours.until(lambda c: task_id in {e["TaskId"] for e in c.of("event")}, "its event")
            announce(nats_url, presence("theirs", "another", FOREIGN_APP))
            theirs.until(lambda c: len(c.rooms["theirs"]["Members"]) == 2, "the stranger's room")

    assert set(theirs.rooms) == {"theirs"}
    assert theirs.tasks == {}
    assert theirs.of("event") == [] or {event["SdkAppId"] for event in theirs.of("event")} == {FOREIGN_APP}
    assert "theirs" not in ours.rooms


def test_a_key_that_may_not_look_sees_nothing(nats_url: Secret, page: ConsolePage) -> None:
    announce(nats_url, presence("ours", "ann"))
    page.sign_in("AKIDstop", STOP_KEY)
    with page.following() as changes:
        changes.until(known, "a snapshot")

    assert changes.of("snapshot")[0] == {"Rooms": [], "Tasks": []}


def test_when_the_bus_is_away_it_is_said_and_everything_is_told_anew(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(nats_server_in(tmp_path))
        api = stack.enter_context(control(server.url, CONFIG))
        page = stack.enter_context(ConsolePage(f"http://{api.address}"))
        page.sign_in("AKIDowner", OWNER_KEY)
        task_id = page.call("StartPublishCdnStream", **start_parameters())["TaskId"]
        changes = stack.enter_context(page.following())
        changes.until(known, "a snapshot")
        server.stop()
        changes.until(lambda c: c.of("away"), "away")
        with page.following() as later:
            later.until(lambda c: c.of("away"), "away for who comes now")
            server.start()
            server.wait_ready(10)
            changes.until(lambda c: len(c.of("snapshot")) == 2, "a new snapshot")
            later.until(known, "a first snapshot")
        page.call("StopPublishCdnStream", SdkAppId=APP, TaskId=task_id)
        changes.until(lambda c: c.tasks[task_id]["State"] == "ended", "what happens afterwards")
        changes.until(lambda c: "ended" in [e["What"] for e in c.of("event")], "and its event")

    assert [name for name, _ in changes.told if name in ("snapshot", "away")] == ["snapshot", "away", "snapshot"]


def test_the_end_of_the_server_is_the_end_of_its_streams_and_is_not_held_up(nats_url: Secret) -> None:
    with ConsolePage("http://127.0.0.1") as page:
        with control(nats_url, CONFIG) as api:
            page.base_url, page.headers["Origin"] = f"http://{api.address}/console", f"http://{api.address}"
            page.sign_in("AKIDowner", OWNER_KEY)
            following = page.following()
            changes = following.__enter__()
            changes.until(known, "a snapshot")
            began = time.monotonic()
        seconds = time.monotonic() - began
        eventually(lambda: changes.ended, "the end of the stream")
        with contextlib.suppress(OSError):
            following.__exit__(None, None, None)

    assert seconds < 3


def test_too_many_browsers_are_told_so(nats_url: Secret, api: Control, owner: ConsolePage) -> None:
    host, port = api.address.split(":")
    cookie = f"{owner.cookie}={owner.cookies[owner.cookie]}"
    request = f"GET /console/api/stream HTTP/1.1\r\nHost: {api.address}\r\nCookie: {cookie}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            peer = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            peer.sendall(request)
            assert peer.recv(100).startswith(b"HTTP/1.1 200")
        refused = owner.get("/api/stream")

    assert code_of(refused) == (503, "ResourceInsufficient")
    eventually(lambda: follows(owner), "room again")


def follows(page: ConsolePage) -> bool:
    """Whether the stream can be had."""
    with page.stream("GET", "/api/stream") as answer:
        return answer.status_code == 200


def test_a_browser_that_does_not_read_is_told_later_how_it_is_then(
    nats_url: Secret, api: Control, owner: ConsolePage
) -> None:
    host, port = api.address.split(":")
    cookie = f"{owner.cookie}={owner.cookies[owner.cookie]}"
    rooms = [f"crowd-{number}" for number in range(600)]
    with socket.socket() as slow:
        # The smallest window there is, so that little is under way.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        slow.connect((host, int(port)))
        slow.sendall(f"GET /console/api/stream HTTP/1.1\r\nHost: {api.address}\r\nCookie: {cookie}\r\n\r\n".encode())
        with owner.following() as quick:
            quick.until(known, "a snapshot")
            for turn in range(3):
                announce(nats_url, *(presence(room, f"user-{turn}") for room in rooms))
            quick.until(lambda c: all(len(c.rooms.get(room, {}).get("Members", [])) == 3 for room in rooms), "all")
        # What it reads now ends with everything as it is: nothing has piled up for it.
        slow.settimeout(10)
        received = b""
        while received.count(b'"user-2"') < len(rooms):
            piece = slow.recv(65536)
            assert piece, f"the stream ended after {len(received)} bytes"
            received += piece

    assert received.count(b"event: snapshot") <= 4
    assert len(received) < 4_000_000
