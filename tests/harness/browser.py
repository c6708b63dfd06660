"""Looker: a person with Chromium at the console; what its pages complain of, or fetch elsewhere, is a failure."""

import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.harness.served import Served
from tests.harness.waiting import DEADLINE

PHONE = 360
DESK = 1280


class Looker:
    """`with Looker(browser, served) as looker:`; at the end there must have been no complaint, and no foreign request.

    `expected`: patterns of complaints that the test makes on purpose.
    """

    def __init__(
        self, browser: Browser, served: Served, *, scheme: str = "light", width: int = DESK, expected: str = ""
    ) -> None:
        self.served = served
        self.complaints: list[str] = []
        self._expected = expected
        self._origins = {_origin(served.ready["http"]), _origin(served.ready["media_http"])}
        self._context: BrowserContext = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900 if width > PHONE else 740},
            timezone_id="Asia/Shanghai",
            locale="en-GB",
        )
        self._context.set_default_timeout(DEADLINE * 1000)
        expect.set_options(timeout=DEADLINE * 1000)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self._complain(message.type, f"{message.text} {message.location}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}\n{error.stack}"))
        self.page.on("request", self._request)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()
        if error is None:
            assert not self.complaints, "\n".join(self.complaints)

    def go(self, view: str = "") -> Page:
        """Open a view by the part of its address behind `#/`."""
        self.page.goto(f"{self.served.ready['http']}/console/{view and '#/' + view}")
        return self.page

    def sign_in(self, view: str = "rooms") -> Page:
        """Sign in with the account of the server's configuration, and open a view."""
        self.go(view)
        self.page.get_by_label("SecretId").fill(self.served.account["secret_id"])
        self.page.get_by_label("SecretKey").fill(self.served.account["secret_key"])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("navigation")).to_be_visible()
        expect(self.page.get_by_text("Live", exact=True).first).to_be_attached()
        return self.page

    def barriers(self) -> list[str]:
        """Return what axe finds on the page that keeps people out."""
        found = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']]}" for one in found]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(wide)

    def _request(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:")):
            return
        if _origin(request.url) not in self._origins:
            self.complaints.append(f"a request to {request.url}")

    def _complain(self, kind: str, words: str) -> None:
        # Chromium notes the answer 401 to "who is signed in?", which is how a visit without a session begins.
        if "401" in words and "/console/api/session" in words:
            return
        # A session that the server has ended first is not there any more when the page ends it: 404, and all is well.
        if "404" in words and "/v2/" in words:
            return
        if kind in ("error", "warning") and not (self._expected and re.search(self._expected, words)):
            self.complaints.append(f"{kind}: {words}")


def _origin(url: str) -> tuple[str, int | None]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port
