"""Signing in to the console, and out."""

from playwright.sync_api import Browser, expect

from tests.harness.browser import Looker
from tests.harness.served import Served


def test_a_wrong_key_is_refused_in_words_and_a_right_one_opens_the_page_that_was_asked_for(
    browser: Browser, served: Served
) -> None:
    with Looker(browser, served, expected="status of 401") as looker:
        page = looker.go("tasks")
        page.get_by_label("SecretId").fill(served.account["secret_id"])
        page.get_by_label("SecretKey").fill("guess")
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("alert")).to_contain_text("No account has this SecretId")
        expect(page.get_by_label("SecretKey")).to_have_value("")

        page.get_by_label("SecretKey").fill(served.account["secret_key"])
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()


def test_a_session_outlives_a_reload_and_ends_with_signing_out(looker: Looker) -> None:
    page = looker.sign_in("rooms")

    page.reload()
    expect(page.get_by_role("heading", name="Rooms")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_that_has_ended_leads_to_signing_in_and_back(browser: Browser, served: Served) -> None:
    # What the page asks for after the end of the session.
    with Looker(browser, served, expected="status of 401") as looker:
        page = looker.sign_in("callbacks")
        page.context.clear_cookies()
        page.evaluate("dispatchEvent(new CustomEvent('signedout'))")

        expect(page.get_by_text("The session has ended")).to_be_visible()
        page.get_by_label("SecretId").fill(served.account["secret_id"])
        page.get_by_label("SecretKey").fill(served.account["secret_key"])
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Callbacks")).to_be_visible()


def test_neither_the_key_nor_the_session_is_within_reach_of_scripts(looker: Looker) -> None:
    page = looker.sign_in()

    kept = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")

    assert looker.served.account["secret_key"] not in kept
    assert page.evaluate("document.cookie") == ""
