"""Callbacks, their tries and their replay, as the console shows them."""

import re

from playwright.sync_api import Browser, expect

from tests.fakes.web import says
from tests.harness.browser import Looker
from tests.harness.hosted_web import HostedWeb
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.console.conftest import HOOK, Entering


def test_callbacks_come_by_themselves_show_their_tries_and_are_replayed(
    looker: Looker, enter: Entering, web: HostedWeb
) -> None:
    page = looker.sign_in("callbacks")
    came = page.get_by_role("listitem").filter(has_text="enter room").filter(has_text="bell · anna")
    with enter("bell", "anna"):
        expect(came).to_contain_text("delivered")
        came.locator("summary").click()
        expect(came.get_by_role("listitem")).to_contain_text(["HTTP 200"])

        asked = web.asked(HOOK)
        came.get_by_role("button", name=re.compile("^Replay")).click()

        eventually(lambda: web.asked(HOOK) > asked, "the callback once more")
        expect(came.get_by_role("listitem")).to_have_count(2)
        expect(came.get_by_role("listitem").last).to_contain_text("replay")


def test_a_callback_that_is_refused_says_so_and_is_found_by_its_outcome(
    looker: Looker, enter: Entering, web: HostedWeb
) -> None:
    page = looker.sign_in("callbacks")
    web.serve(HOOK, says("503 Service Unavailable"))
    try:
        with enter("gong", "anna"):
            page.get_by_role("radio", name="Trying").check()
            refused = page.get_by_role("listitem").filter(has_text="gong · anna").first
            expect(refused).to_contain_text("trying")
            expect(refused).to_contain_text("HTTP 503")
    finally:
        web.serve(HOOK, b"{}")


def test_callbacks_of_a_task_that_is_not_there_say_so_until_it_is_taken_out(browser: Browser, served: Served) -> None:
    with Looker(browser, served, expected="status of 400") as looker:
        page = looker.sign_in("callbacks")

        page.get_by_label("Of one task").fill("no-such-task")

        expect(page.get_by_role("alert")).to_contain_text("does not exist")
        page.get_by_label("Of one task").fill("")
        expect(page.get_by_role("alert")).not_to_be_attached()
