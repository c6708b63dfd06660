"""Starting, watching, changing and stopping tasks by the console."""

import json
import re
import subprocess
import sys

from playwright.sync_api import Browser, Locator, Page, expect

from tests.harness.browser import Looker
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.console.conftest import Entering
from tests.media.film import RED

KEY_NAMES = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")


def task_of(page: Page) -> str:
    """Return the TaskId of the page of a task that is being opened."""
    page.wait_for_url(re.compile(r"#/tasks/\d+/."))
    return str(page.evaluate("decodeURIComponent(location.hash.split('/')[3])"))


def test_a_relay_started_by_the_form_arrives_at_the_cdn_and_ends_when_it_is_stopped(
    looker: Looker, enter: Entering, cdn: HostedCdn, cloud: Cloud
) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in(f"start?app={app}&room=form&type=1&user=anna")
    with enter("form", "anna"):
        page.get_by_label("Push address 1", exact=True).fill(cdn.url("form"))
        page.get_by_role("button", name="Start", exact=True).click()
        task = task_of(page)
        destination = page.get_by_role("region", name="Destinations").get_by_role("row").nth(1)
        expect(destination).to_contain_text("running")
        expect(destination).to_contain_text(re.compile(r"[1-9]\d* kbit/s"))
        cdn.until("form", 30)
        assert [seen for _, seen in cdn.received("form").pictures()][-1].looks(RED)
        expect(page.get_by_role("list", name="What happened, the newest first")).to_contain_text("Taken by a worker")

        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        assert cloud.describe(task)["State"] == "running"
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("dialog").get_by_role("button", name="Stop the task").click()

        expect(page.get_by_role("main")).to_contain_text("ended")
        cdn.until_ended("form")


def test_what_the_api_refuses_stands_at_the_field_that_it_names(looker: Looker) -> None:
    page = looker.sign_in("start?room=wrong&type=1&user=anna")
    address = page.get_by_label("Push address 1", exact=True)
    address.fill("http://cdn.example/live/x")

    page.get_by_role("button", name="Start", exact=True).click()

    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_be_focused()
    expect(address).to_have_accessible_description(re.compile("PublishCdnUrl"))
    page.get_by_label("Room", exact=True).fill("")
    address.fill("rtmp://127.0.0.1/live/x")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_label("Room", exact=True)).to_have_attribute("aria-invalid", "true")


def test_the_call_is_shown_as_one_types_and_its_python_runs(looker: Looker, cloud: Cloud, cdn: HostedCdn) -> None:
    served = looker.served
    page = looker.sign_in("start?type=1&user=anna")
    shown = page.get_by_role("tabpanel")
    page.get_by_label("Room", exact=True).fill("typed")
    page.get_by_label("Push address 1", exact=True).fill(cdn.url("typed"))
    expect(shown).to_contain_text('"RoomId": "typed"')
    payload = json.loads(shown.inner_text())
    assert payload["PublishCdnParams"] == [{"PublishCdnUrl": cdn.url("typed"), "IsTencentCdn": 0}]

    page.get_by_role("tab", name="curl").click()
    expect(shown).to_contain_text("StartPublishCdnStream")
    expect(shown).to_contain_text("typed")
    assert served.account["secret_key"] not in shown.inner_text()
    page.get_by_role("tab", name="Python").click()
    expect(shown).to_contain_text("import")
    program = shown.inner_text()
    assert served.account["secret_key"] not in program
    key = {name: served.account[name.lower().removeprefix("tencentcloud_")] for name in KEY_NAMES}
    done = subprocess.run(
        [sys.executable, "-c", program], env=key, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    started = [task for task in cloud.tasks(RoomId="typed")["TaskList"] if task["State"] != "ended"]
    assert [task["UserId"] for task in started] == ["anna"]
    cloud.stop(started[0]["TaskId"])


def test_a_mix_is_started_its_layout_changed_by_template_and_by_hand(
    looker: Looker, enter: Entering, cdn: HostedCdn, cloud: Cloud
) -> None:
    page = looker.sign_in("start?room=mixed&type=1&mix=1")
    with enter("mixed", "anna"), enter("mixed", "ben"):
        expect(page.get_by_role("img", name="Preview of the layout")).to_have_accessible_name(
            re.compile("anna.*ben|ben.*anna")
        )
        page.get_by_label("Size").select_option("640x360")
        page.get_by_label("Grid").check()
        page.get_by_label("Push address 1", exact=True).fill(cdn.url("mixed"))
        page.get_by_role("button", name="Start", exact=True).click()
        task = task_of(page)
        drawn = page.get_by_role("img", name="Layout:")
        expect(drawn).to_have_accessible_name(re.compile("anna.*ben|ben.*anna"))

        page.get_by_role("button", name="Change the layout").click()
        change = page.get_by_role("form", name="Change the layout")
        change.get_by_label("Screen sharing", exact=True).check()
        change.get_by_label("Who fills the big window").fill("ben")
        change.get_by_role("button", name="Apply").click()
        expect(change).not_to_be_attached()
        eventually(lambda: _place(cloud, task, "ben") == (0, 0, 512, 360), "ben in the big window")

        page.get_by_role("button", name="Change the layout").click()
        change.get_by_label("Custom").check()
        window = change.get_by_role("button", name=re.compile("Window 1, "))
        who = str(window.get_attribute("aria-label")).split(", ")[1].split(":")[0]
        window.focus()
        page.keyboard.press("Alt+Shift+ArrowLeft")
        page.keyboard.press("Shift+ArrowDown")
        before = _numbers(change)
        _drag(page, window, 40, 20)
        moved = _numbers(change)
        assert (moved[0], moved[1]) != (before[0], before[1])
        assert moved[2:] == before[2:]
        change.get_by_role("button", name="Apply").click()
        expect(change).not_to_be_attached()

        eventually(lambda: _place(cloud, task, who) == moved, "the window that was dragged")
        expect(page.get_by_role("main")).not_to_contain_text("not to be seen yet")
        cloud.stop(task)


def _numbers(change: Locator) -> tuple[int, int, int, int]:
    row = change.get_by_role("group", name="Window 1", exact=True)
    x, y, width, height = (
        int(row.get_by_label(name, exact=True).input_value()) for name in ("X", "Y", "Width", "Height")
    )
    return x, y, width, height


def _place(cloud: Cloud, task: str, user: str) -> tuple[int, int, int, int] | None:
    for window in cloud.describe(task)["Windows"]:
        if window["UserId"] == user:
            return window["LocationX"], window["LocationY"], window["Width"], window["Height"]
    return None


def _drag(page: Page, window: Locator, across: int, down: int) -> None:
    box = window.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across / 2, y + down / 2)
    page.mouse.move(x + across, y + down)
    page.mouse.up()


def test_destinations_are_added_and_removed_while_the_others_go_on(
    looker: Looker, enter: Entering, cdn: HostedCdn, cloud: Cloud
) -> None:
    app = looker.served.app["sdk_app_id"]
    with enter("wide", "anna"):
        task = cloud.start("wide", "anna", [cdn.url("wide-1")])
        cloud.until_running(task)
        page = looker.sign_in(f"tasks/{app}/{task}")
        page.get_by_role("button", name="Add a destination").click()
        page.get_by_label("Push address", exact=True).fill("ftp://nowhere")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_label("Push address", exact=True)).to_have_attribute("aria-invalid", "true")
        page.get_by_label("Push address", exact=True).fill(cdn.url("wide-2"))
        page.get_by_role("button", name="Add", exact=True).click()
        rows = page.get_by_role("region", name="Destinations").get_by_role("row")
        expect(rows.filter(has_text="running")).to_have_count(2)
        cdn.until("wide-2", 10)

        page.get_by_role("button", name="Remove destination 1").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove it").click()

        cdn.until_ended("wide-1")
        cdn.until_more("wide-2", 10)
        expect(rows).to_have_count(2)
        assert len(cdn.streams("wide-2")) == 1
        cloud.stop(task)


def test_a_destination_that_cannot_be_reached_says_why_and_when_it_is_tried_again(
    looker: Looker, cloud: Cloud, enter: Entering
) -> None:
    with HostedCdn() as closed:
        url = closed.url("shut")
    with enter("shut", "anna"):
        task = cloud.start("shut", "anna", [url])
        page = looker.sign_in("tasks")
        page.get_by_placeholder("Room, user, address…").fill("shut")
        expect(page.get_by_role("region", name="Tasks").get_by_role("row").nth(1)).to_contain_text("connecting")
        page.get_by_role("link", name="anna of shut").click()

        destination = page.get_by_role("region", name="Destinations").get_by_role("row").nth(1)
        expect(destination).to_contain_text("Error 31")
        expect(destination).to_contain_text(re.compile(r"attempt [1-9]"))
        expect(page.get_by_role("list", name="What happened, the newest first")).to_contain_text("connecting")
        cloud.stop(task)
        expect(page.get_by_role("main")).to_contain_text("stopped")


def test_what_happened_while_the_page_had_no_connection_is_in_the_time_line_afterwards(
    browser: Browser, served: Served, cloud: Cloud, enter: Entering, cdn: HostedCdn
) -> None:
    with Looker(browser, served, expected="api/stream") as looker, enter("gap", "anna"):
        task = cloud.start("gap", "anna", [cdn.url("gap")])
        cloud.until_running(task)
        page = looker.sign_in(f"tasks/{served.app['sdk_app_id']}/{task}")
        page.route("**/console/api/stream", lambda route: route.abort())
        page.reload()
        expect(page.get_by_text("No connection")).to_be_visible()
        line = page.get_by_role("list", name="What happened, the newest first")
        expect(line).to_contain_text("Taken by a worker")
        cloud.stop(task)

        page.unroute("**/console/api/stream")

        expect(line).to_contain_text("Ended")


def test_the_rooms_that_a_task_feeds_back_into_stand_on_its_page_until_it_has_left_them(
    looker: Looker, cloud: Cloud, enter: Entering
) -> None:
    app = looker.served.app["sdk_app_id"]
    entry = {"RoomId": "lounge", "RoomIdType": 1, "UserId": "echo", "UserSig": looker.served.token("echo")}
    with enter("echoed", "anna"):
        task = cloud.start("echoed", "anna", [], FeedBackRoomParams=[entry])
        page = looker.sign_in(f"tasks/{app}/{task}")

        room = page.get_by_role("region", name="Back into rooms").get_by_role("row").nth(1)
        expect(room).to_contain_text("running")
        expect(room).to_contain_text("echo")
        expect(room.get_by_role("link", name="lounge")).to_have_attribute("href", f"#/rooms/{app}/1/lounge")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("What it feeds back into rooms ends at once")
        page.get_by_role("dialog").get_by_role("button", name="Stop the task").click()
        expect(room).to_contain_text("idle")
