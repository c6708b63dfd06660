"""Calls of the API from a page, their code, UserSigs, and deliveries."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tailrace.ids import SdkAppId, UserId
from tailrace.secret import Secret
from tailrace.wire import usersig
from tests.harness.console_page import ConsolePage
from tests.harness.waiting import eventually
from tests.integration.console_api.conftest import APP_KEY, CONFIG, OWNER_KEY, STOP_KEY, STRANGER_KEY
from tests.integration.console_api.test_session import code_of
from tests.integration.control.requests import start_parameters
from tests.integration.control.running import APP, FOREIGN_APP, OTHER_APP, Control, control

TRICKY = {"AppData": 'it\'s "quoted" $HOME `id` \\ \n é 上海 {braces}'}


def sample(owner: ConsolePage, action: str, payload: dict[str, Any]) -> dict[str, str]:
    """Return a call as JSON, curl and Python."""
    answer = owner.post("/api/code", json={"Action": action, "Payload": payload})
    assert answer.status_code == 200, answer.text
    assert OWNER_KEY not in answer.text
    told: dict[str, str] = answer.json()
    return told


def run_curl(command: str) -> dict[str, Any]:
    """Run a command in a shell; return the answer's Response."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    response: dict[str, Any] = json.loads(done.stdout)["Response"]
    return response


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the owner's key in its environment."""
    keys = {"TENCENTCLOUD_SECRET_ID": "AKIDowner", "TENCENTCLOUD_SECRET_KEY": OWNER_KEY}
    return subprocess.run(
        [sys.executable, "-"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | keys,
        check=False,
    )


def test_a_call_is_answered_as_the_api_does(owner: ConsolePage) -> None:
    started = owner.call("StartPublishCdnStream", **start_parameters())
    task_id = started["TaskId"]
    task = owner.call("DescribePublishCdnStream", SdkAppId=APP, TaskId=task_id)["TaskList"][0]

    assert len(started["RequestId"]) == 36
    assert task["State"] == "queued"
    assert owner.call("StopPublishCdnStream", SdkAppId=APP, TaskId=task_id)["TaskId"] == task_id


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("NoSuchAction", {}, "InvalidAction"),
        ("StopPublishCdnStream", {}, "MissingParameter"),
        ("StopPublishCdnStream", {"SdkAppId": APP, "TaskId": "x", "More": 1}, "UnknownParameter"),
        ("StopPublishCdnStream", {"SdkAppId": APP, "TaskId": "no-such-task"}, "ResourceNotFound"),
        ("DescribePublishCdnStream", {"SdkAppId": FOREIGN_APP}, "ResourceNotFound"),
        ("StartPublishCdnStream", start_parameters(SdkAppId=FOREIGN_APP), "InvalidParameter.SdkAppId"),
    ],
)
def test_a_refusal_is_that_of_the_api(owner: ConsolePage, action: str, payload: dict[str, Any], code: str) -> None:
    assert owner.call(action, **payload)["Error"]["Code"] == code


def test_a_key_may_do_here_what_it_may_do_there(page: ConsolePage) -> None:
    page.sign_in("AKIDstop", STOP_KEY)
    codes = [
        page.call("StartPublishCdnStream", **start_parameters())["Error"]["Code"],
        page.call("StopPublishCdnStream", SdkAppId=OTHER_APP, TaskId="x")["Error"]["Code"],
        page.call("StopPublishCdnStream", SdkAppId=APP, TaskId="x")["Error"]["Code"],
    ]

    assert codes == ["AuthFailure.UnauthorizedOperation"] * 2 + ["ResourceNotFound"]


def test_calls_of_a_page_and_signed_ones_have_one_limit(nats_url: Secret) -> None:
    config = CONFIG.model_copy(update={"limits": CONFIG.limits.model_copy(update={"requests_per_second": 1})})
    with control(nats_url, config) as api, ConsolePage(f"http://{api.address}") as page:
        page.sign_in("AKIDowner", OWNER_KEY)
        codes = [page.call("StopPublishCdnStream", SdkAppId=APP, TaskId="x")["Error"]["Code"] for _ in range(2)]

    assert codes == ["ResourceNotFound", "RequestLimitExceeded"]


def test_a_call_is_counted_like_any_other(api: Control, owner: ConsolePage) -> None:
    owner.call("NoSuchAction")

    assert 'tailrace_api_calls_total{action="unknown",code="InvalidAction"}' in api.get("/metrics").text


def test_the_curl_command_works_as_it_stands(owner: ConsolePage) -> None:
    payload = start_parameters(RoomId="curl room")
    made = sample(owner, "StartPublishCdnStream", payload)
    task_id = run_curl(made["Curl"])["TaskId"]
    stopped = run_curl(sample(owner, "StopPublishCdnStream", {"SdkAppId": APP, "TaskId": task_id})["Curl"])

    assert json.loads(made["Json"]) == payload
    assert "five minutes" in made["Curl"]
    assert stopped["TaskId"] == task_id


def test_no_text_breaks_out_of_the_curl_command(owner: ConsolePage) -> None:
    error = run_curl(sample(owner, "StopPublishCdnStream", TRICKY)["Curl"])["Error"]

    assert (error["Code"], "AppData" in error["Message"]) == ("UnknownParameter", True)


def test_the_python_program_works_with_the_official_sdk(owner: ConsolePage) -> None:
    started = run_python(sample(owner, "StartPublishCdnStream", start_parameters(RoomId="python room"))["Python"])
    assert started.returncode == 0, started.stderr
    task_id = json.loads(started.stdout)["TaskId"]
    shown = run_python(sample(owner, "DescribePublishCdnStream", {"SdkAppId": APP, "TaskId": task_id})["Python"])
    stopped = run_python(sample(owner, "StopPublishCdnStream", {"SdkAppId": APP, "TaskId": task_id})["Python"])

    assert json.loads(shown.stdout)["Response"]["TaskList"][0]["RoomId"] == "python room"
    assert json.loads(stopped.stdout)["TaskId"] == task_id


def test_no_text_breaks_out_of_the_python_program(owner: ConsolePage) -> None:
    program = sample(owner, "DescribePublishCdnStream", {"SdkAppId": APP, **TRICKY})["Python"]

    assert "UnknownParameter" in run_python(program).stderr


def test_an_action_that_is_not_there_has_no_code(owner: ConsolePage) -> None:
    answer = owner.post("/api/code", json={"Action": "print(1)", "Payload": {}})

    assert code_of(answer) == (400, "InvalidAction")


def test_a_user_sig_lets_its_user_in(owner: ConsolePage) -> None:
    answer = owner.post("/api/usersig", json={"SdkAppId": APP, "UserId": "console-1", "LifetimeSeconds": 60}).json()
    found = usersig.check(answer["UserSig"], SdkAppId(APP), APP_KEY, UserId("console-1"), time.time())

    assert found.lifetime == 60
    assert answer["ExpiresAt"] == found.time + 60


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"SdkAppId": FOREIGN_APP}, (403, "InvalidParameter.SdkAppId")),
        ({"SdkAppId": 7}, (403, "InvalidParameter.SdkAppId")),
        ({"LifetimeSeconds": 86401}, (400, "InvalidParameter")),
        ({"LifetimeSeconds": 0}, (400, "InvalidParameter")),
        ({"UserId": "no user"}, (400, "InvalidParameter")),
        ({"More": 1}, (400, "UnknownParameter")),
    ],
)
def test_a_user_sig_that_nobody_should_have_is_not_made(
    owner: ConsolePage, fields: dict[str, Any], code: tuple[int, str]
) -> None:
    answer = owner.post("/api/usersig", json={"SdkAppId": APP, "UserId": "u", "LifetimeSeconds": 60} | fields)

    assert code_of(answer) == code


def test_a_key_that_may_only_stop_makes_no_user_sig(page: ConsolePage) -> None:
    page.sign_in("AKIDstop", STOP_KEY)
    answer = page.post("/api/usersig", json={"SdkAppId": APP, "UserId": "u", "LifetimeSeconds": 60})

    assert code_of(answer) == (403, "AuthFailure.UnauthorizedOperation")


def test_deliveries_come_in_pages(owner: ConsolePage) -> None:
    task_id = owner.call("StartPublishCdnStream", **start_parameters(RoomId="events"))["TaskId"]
    owner.call("StopPublishCdnStream", SdkAppId=APP, TaskId=task_id)
    place = {"SdkAppId": APP, "TaskId": task_id, "Limit": 2}

    def first() -> dict[str, Any]:
        told: dict[str, Any] = owner.get("/api/deliveries", params=place | {"From": 0}).json()
        return told if len(told["EventList"]) == 2 else {}

    page = eventually(first, "two events")
    rest = owner.get("/api/deliveries", params=place | {"From": page["NextSequenceNumber"]}).json()

    assert [event["What"] for event in page["EventList"]] == ["queued", "ended"]
    assert [event["What"] for event in rest["EventList"]] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"SdkAppId": FOREIGN_APP}, "ResourceNotFound"),
        ({"SdkAppId": APP, "TaskId": "no-such-task"}, "ResourceNotFound"),
        ({"SdkAppId": "x"}, "InvalidParameter"),
        ({"SdkAppId": APP, "Limit": 101}, "InvalidParameter"),
        ({}, "MissingParameter"),
    ],
)
def test_deliveries_of_nothing_are_an_error(owner: ConsolePage, query: dict[str, Any], code: str) -> None:
    assert code_of(owner.get("/api/deliveries", params=query)) == (400, code)


def test_a_stranger_has_his_own_app_only(page: ConsolePage) -> None:
    page.sign_in("AKIDstranger", STRANGER_KEY)

    assert page.get("/api/deliveries", params={"SdkAppId": APP}).status_code == 400
    assert page.get("/api/deliveries", params={"SdkAppId": FOREIGN_APP}).json()["EventList"] == []
