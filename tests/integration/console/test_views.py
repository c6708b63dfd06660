"""Every view in light and dark, at a desk and on a phone: no barriers, nothing cut off, nothing that jumps."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.harness.browser import DESK, PHONE, Looker
from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.served import Served
from tests.integration.console.conftest import Entering

ROOM = "gallery"
MENU = ["Rooms", "Tasks", "Start", "Callbacks", "Publish"]


@pytest.fixture(scope="module")
def task(served: Served, enter: Entering) -> Iterator[str]:
    """A mix of anna and ben, for all tests of this file."""
    cloud = Cloud(served)
    with HostedCdn() as cdn, enter(ROOM, "anna"), enter(ROOM, "ben"):
        started = cloud.start_mix(ROOM, [cdn.url("gallery"), "rtmp://127.0.0.1:9/live/nobody"])
        cdn.until("gallery", 5)
        yield started
        cloud.stop(started)


# Colours do not depend on the width, nor widths on colours.
@pytest.mark.parametrize(("scheme", "width"), [("light", PHONE), ("dark", DESK)])
def test_no_view_keeps_anybody_out_or_is_cut_off(
    browser: Browser, served: Served, task: str, scheme: str, width: int
) -> None:
    app = served.app["sdk_app_id"]
    views = {
        "rooms": "Rooms",
        f"rooms/{app}/1/{ROOM}": ROOM,
        f"rooms/{app}/1/nobody-there": "nobody-there",
        "tasks": "Tasks",
        f"tasks/{app}/{task}": "Mix of",
        f"tasks/{app}/unknown": "Task",
        f"start?room={ROOM}&mix=1": "Start a relay",
        "callbacks": "Callbacks",
        "publish": "Publish",
    }
    with Looker(browser, served, scheme=scheme, width=width) as looker:
        page = looker.go()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert looker.barriers() == []
        page = looker.sign_in()
        for view, heading in views.items():
            looker.go(view)
            expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
            _settled(page)
            assert (view, looker.barriers()) == (view, [])
            assert (view, looker.overflow()) == (view, 0)


def test_the_editor_and_the_questions_keep_nobody_out(looker: Looker, task: str) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in(f"tasks/{app}/{task}")
    page.get_by_role("button", name="Change the layout").click()
    page.get_by_label("Custom").check()
    page.get_by_role("button", name="Add a window").click()
    assert looker.barriers() == []

    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert looker.barriers() == []
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).not_to_be_attached()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()


def test_the_colours_are_switched_and_stay_so(looker: Looker) -> None:
    page = looker.sign_in()
    before = _ground(page)

    page.get_by_role("button", name="Dark colours").click()
    dark = _ground(page)
    page.reload()

    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
    assert dark != before
    assert _ground(page) == dark


def test_all_of_a_page_is_reached_by_keys_and_the_focus_is_seen(looker: Looker) -> None:
    page = looker.sign_in("tasks")
    page.keyboard.press("Tab")
    seen = []
    for _ in range(12):
        seen.append(page.evaluate("document.activeElement.innerText.trim() || document.activeElement.ariaLabel"))
        outlined = "e => getComputedStyle(e.closest('label') || e).outlineStyle"
        assert page.evaluate(f"({outlined})(document.activeElement)") == "solid", seen
        page.keyboard.press("Tab")

    assert [one for one in seen if one in MENU] == MENU
    assert "Start a relay" in seen


def test_figures_that_change_move_nothing_and_keep_the_focus(looker: Looker, task: str) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in(f"tasks/{app}/{task}")
    expect(page.get_by_role("region", name="Destinations")).to_contain_text(re.compile(r"[1-9]\d* kbit/s"))
    expect(page.locator("figcaption")).to_contain_text("fps")
    page.get_by_role("button", name="Remove destination 1").focus()
    sent = page.locator("td[data-name=Sent]").first
    before, text = page.get_by_role("heading", name="Time line").bounding_box(), sent.inner_text()

    expect(sent).not_to_have_text(text)

    assert page.get_by_role("heading", name="Time line").bounding_box() == before
    expect(page.get_by_role("button", name="Remove destination 1")).to_be_focused()


def test_times_are_local_and_exact_in_their_titles(looker: Looker, task: str) -> None:
    app = looker.served.app["sdk_app_id"]
    page = looker.sign_in(f"tasks/{app}/{task}")
    line = page.get_by_role("list", name="What happened, the newest first").get_by_role("time").last

    # The browser of these tests is in Shanghai.
    expect(line).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$"))
    assert str(line.get_attribute("title"))[11:19] == line.inner_text()


def _settled(page: Page) -> None:
    """Wait until what is read from the server is there."""
    for words in ("Reading", "Waiting for the first news"):
        expect(page.get_by_text(words)).not_to_be_attached()


def _ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_turns_are_counted_as_people_do(looker: Looker) -> None:
    page = looker.go()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    said = page.evaluate("import('/console/static/format.js').then(({ turn }) => [2, 3, 11, 21, 104].map(turn))")

    assert said == ["2nd time", "3rd time", "11th time", "21st time", "104th time"]
