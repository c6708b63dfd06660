"""Replies: which status an error has, and what no answer lacks or says."""

import asyncio
import json
import logging

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tailrace import errors
from tailrace.control.console.replies import answering, failure, policy, reply, with_headers
from tailrace.control.intake import Disconnected

REQUEST = Request({"type": "http", "method": "GET", "path": "/console/api/session", "headers": []})


def answered(error: Exception) -> Response:
    """The answer of an endpoint that raises this."""

    async def endpoint(_: Request) -> Response:
        raise error

    async def run() -> Response:
        return await answering(endpoint)(REQUEST)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.SessionMissing("sign in"), 401),
        (errors.CrossSite("no"), 403),
        (errors.SignInsExceeded("wait"), 429),
        (errors.CallTooLarge("too large"), 413),
        (errors.ParameterInvalid("Action", "text"), 400),
        (errors.TaskNotFound("none"), 400),
        (errors.Conflict("the bus is away"), 503),
        (ZeroDivisionError("a bug at line 12"), 500),
    ],
)
def test_an_error_has_the_status_of_the_one_at_fault(error: Exception, status: int) -> None:
    assert failure(error).status_code == answered(error).status_code == status


@pytest.mark.parametrize("error", [ZeroDivisionError("secret words"), errors.BusError("nats://user:secret@bus")])
def test_what_is_our_own_fault_is_not_explained_to_others(error: Exception) -> None:
    told = bytes(answered(error).body).decode()

    assert json.loads(told)["Error"]["Code"] == "InternalError"
    assert "secret" not in told


def test_a_bug_is_logged_and_a_refusal_is_not(caplog: pytest.LogCaptureFixture) -> None:
    answered(errors.SessionMissing("sign in"))
    answered(errors.BusError("away"))
    assert not caplog.records

    answered(ZeroDivisionError())
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_nobody_is_left_to_read_an_answer() -> None:
    assert answered(Disconnected()).body == b""


@pytest.mark.parametrize("media", ["", "http://127.0.0.1:8931"])
def test_no_page_runs_scripts_of_others_or_stands_in_frames(media: str) -> None:
    said = dict(part.split(" ", 1) for part in policy(media).split("; "))

    assert said["default-src"] == "'self'"
    assert said["connect-src"] == f"'self' {media}".strip()
    assert said["frame-ancestors"] == said["base-uri"] == said["form-action"] == "'none'"
    assert "unsafe" not in policy(media)


@pytest.mark.parametrize("response", [reply({}), with_headers(Response()), failure(errors.CrossSite("no"))])
def test_every_answer_keeps_to_itself(response: Response) -> None:
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" in response.headers
