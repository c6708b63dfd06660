"""The pages as files: how they are served, and what no path leads to."""

import pytest

from tests.harness.console_page import ConsolePage
from tests.integration.control.running import Control


def test_the_page_comes_with_a_policy_that_allows_our_own_scripts_only(page: ConsolePage) -> None:
    answer = page.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_short_address_leads_to_the_page(api: Control) -> None:
    answer = api.get("/console")

    assert (answer.status_code, answer.headers["location"]) == (307, "/console/")


def test_an_unchanged_file_is_not_sent_again(page: ConsolePage) -> None:
    first = page.get("/static/api.js")
    again = page.get("/static/api.js", headers={"If-None-Match": first.headers["etag"]})
    other = page.get("/static/api.js", headers={"If-None-Match": '"other"'})

    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert other.content == first.content


@pytest.mark.parametrize(
    "path",
    [
        "/static/../files.py",
        "/static/%2e%2e/files.py",
        "/static/..%2ffiles.py",
        "/static//etc/passwd",
        "/static/.hidden.js",
        "/static/no-such.js",
        "/static/",
        "/static/" + "a" * 5000 + ".js",
        "/static/api.js%00.html",
    ],
)
def test_no_path_leads_elsewhere(page: ConsolePage, path: str) -> None:
    assert page.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil'; script-src *", "a b", "x" * 300, "é"])
def test_a_host_that_is_none_gets_into_no_header(page: ConsolePage, host: str) -> None:
    answer = page.get("/", headers=[("Host", host.encode("utf-8"))])  # type: ignore[arg-type]

    assert answer.status_code == 400
    assert "evil" not in answer.headers.get("content-security-policy", "")
