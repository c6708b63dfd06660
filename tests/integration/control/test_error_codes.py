"""Every error code of StopPublishCdnStream's page, and every common one that can occur, through the official SDK."""

from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tailrace.config import Limits
from tailrace.secret import Secret
from tests.harness.nats import nats_server_in
from tests.integration.control.requests import PUSH, WINDOWS, picture, start_request, stop_request, update_request
from tests.integration.control.running import (
    CONFIG,
    FOREIGN_APP,
    KEY,
    OTHER_APP,
    Control,
    ShiftedClock,
    control,
    wait_until,
    with_api,
)

# The SDK takes the date in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")


def code_of(client: Any, request: Any) -> str:
    """Call the action that `request` is of; return the code of the error that it must raise."""
    action = type(request).__name__.removesuffix("Request")
    with pytest.raises(TencentCloudSDKException) as raised:
        getattr(client, action)(request)
    assert raised.value.get_request_id()
    assert KEY.reveal() not in raised.value.get_message()
    return str(raised.value.get_code())


@pytest.fixture(scope="module")
def task(api: Control) -> str:
    """A task that runs on, for the calls that must not end it."""
    return str(api.client().StartPublishCdnStream(start_request()).TaskId)


def test_auth_failure_is_a_signature_method_that_the_key_may_not_use(api: Control, task: str) -> None:
    assert code_of(api.client("AKIDnotc3"), stop_request(task)) == "AuthFailure"


def test_an_account_that_is_not_verified_may_do_nothing(api: Control, task: str) -> None:
    assert code_of(api.client("AKIDunverified"), stop_request(task)) == "AuthFailure.UnRealNameAuthenticated"


def test_a_policy_decides_on_actions(api: Control) -> None:
    assert code_of(api.client("AKIDstop"), start_request()) == "AuthFailure.UnauthorizedOperation"


def test_a_policy_decides_on_apps(api: Control, task: str) -> None:
    assert code_of(api.client("AKIDstop"), stop_request(task, OTHER_APP)) == "AuthFailure.UnauthorizedOperation"


def test_an_account_without_the_service_may_not_use_it(api: Control, task: str) -> None:
    assert code_of(api.client("AKIDnotrtc"), stop_request(task)) == "AuthFailure.UnsupportedOperation"


def test_a_record_key_cannot_stop_a_task_that_is_not_recorded(api: Control, task: str) -> None:
    request = stop_request(task, record_key="match-17")

    assert code_of(api.client(), request) == "FailedOperation.CRUnsupportMethod"


def test_a_bus_that_does_not_answer_is_an_internal_error_until_it_is_back(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with nats_server_in(tmp_path) as server, control(server.url) as running:
        assert running.get("/readyz").json()["bus"] is True
        server.stop()
        with pytest.raises(TencentCloudSDKException) as raised:
            running.client().StopPublishCdnStream(stop_request("unknown"))
        wait_until(lambda: running.get("/readyz").json()["bus"] is False)
        assert running.get("/healthz").status_code == 200
        server.start()
        server.wait_ready(10)
        wait_until(lambda: running.get("/readyz").json()["bus"] is True)
        assert code_of(running.client(), stop_request("unknown")) == "ResourceNotFound"
    assert raised.value.get_code() == "InternalError"
    assert "Traceback" not in raised.value.get_message()
    logged = [record for record in caplog.records if record.message == "call failed"]
    assert [record.__dict__["request_id"] for record in logged] == [raised.value.get_request_id()]


@pytest.mark.parametrize(
    ("name", "value"),
    [("TaskId", 5), ("TaskId", ""), ("TaskId", "x" * 200), ("RecordKey", "a b"), ("SdkAppId", "1400000001")],
)
def test_a_value_of_wrong_type_form_or_range_is_an_invalid_parameter(api: Control, name: str, value: Any) -> None:
    request = stop_request("task")
    setattr(request, name, value)

    assert code_of(api.client(), request) == "InvalidParameter"


@pytest.mark.parametrize("name", ["SdkAppId", "TaskId"])
def test_an_absent_value_is_a_missing_parameter(api: Control, name: str) -> None:
    request = stop_request("task")
    setattr(request, name, None)

    assert code_of(api.client(), request) == "MissingParameter"


def test_a_task_that_was_never_started_is_not_found(api: Control) -> None:
    assert code_of(api.client(), stop_request("unknown")) == "ResourceNotFound"


def test_a_task_of_another_app_is_not_found(api: Control, task: str) -> None:
    assert code_of(api.client(), stop_request(task, OTHER_APP)) == "ResourceNotFound"
    assert code_of(api.client(), stop_request(task, FOREIGN_APP)) == "ResourceNotFound"
    assert code_of(api.client(), stop_request(task, 1499999999)) == "ResourceNotFound"


def test_another_accounts_app_does_not_exist_at_start(api: Control) -> None:
    assert code_of(api.client(), start_request(SdkAppId=FOREIGN_APP)) == "InvalidParameter.SdkAppId"


@pytest.mark.parametrize("signature", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_key_and_an_unknown_key_are_told_apart(api: Control, signature: str, method: str) -> None:
    wrong = api.client(signature=signature, reqMethod=method)
    wrong.credential.secret_key = "another"
    unknown = api.client("AKIDnobody", signature=signature, reqMethod=method)

    assert code_of(wrong, stop_request("task")) == "AuthFailure.SignatureFailure"
    assert code_of(unknown, stop_request("task")) == "AuthFailure.SecretIdNotFound"


def test_something_that_cannot_be_a_secret_id_is_refused(api: Control) -> None:
    assert code_of(api.client("A" * 129), stop_request("task")) == "AuthFailure.InvalidSecretId"


@pytest.mark.parametrize("by", [-301, 301])
def test_an_expired_clock_is_refused(nats_url: Secret, by: float) -> None:
    with control(nats_url, clock=ShiftedClock(by)) as running:
        for signature in ("TC3-HMAC-SHA256", "HmacSHA1"):
            client = running.client(signature=signature)
            assert code_of(client, stop_request("task")) == "AuthFailure.SignatureExpire"


def test_a_token_of_somebody_else_is_refused(api: Control) -> None:
    client = api.client()
    client.credential.token = "temporary"

    assert code_of(client, stop_request("task")) == "AuthFailure.TokenFailure"


def test_regions_are_those_of_the_page(api: Control, task: str) -> None:
    assert code_of(api.client(region="ap-shanghai"), stop_request(task)) == "UnsupportedRegion"
    assert code_of(api.client(region=""), stop_request(task)) == "MissingParameter"


def test_any_region_can_be_allowed(nats_url: Secret) -> None:
    with control(nats_url, with_api(regions=("*",))) as running:
        assert code_of(running.client(region="mars-1"), stop_request("unknown")) == "ResourceNotFound"
        assert code_of(running.client(region=""), stop_request("unknown")) == "MissingParameter"


def test_an_unknown_action_is_refused(api: Control) -> None:
    with pytest.raises(TencentCloudSDKException) as raised:
        api.client().call_json("StartWebRecord", {})

    assert raised.value.get_code() == "InvalidAction"


def test_an_unknown_version_is_refused(api: Control) -> None:
    client = api.client()
    client._apiVersion = "2017-01-01"

    assert code_of(client, stop_request("task")) == "NoSuchVersion"


def test_an_unknown_parameter_is_refused_by_name(api: Control) -> None:
    with pytest.raises(TencentCloudSDKException) as raised:
        api.client().call_json("StopPublishCdnStream", {"SdkAppId": 1, "TaskID": "x"})

    assert raised.value.get_code() == "UnknownParameter"
    assert "TaskID" in raised.value.get_message()


def test_too_many_calls_are_refused_and_only_those(nats_url: Secret) -> None:
    config = CONFIG.model_copy(update={"limits": Limits(requests_per_second=1)})
    with control(nats_url, config) as running:
        client = running.client()

        assert code_of(client, stop_request("unknown")) == "ResourceNotFound"
        assert code_of(client, stop_request("unknown")) == "RequestLimitExceeded"
        # Another action and another key have their own.
        assert code_of(client, start_request(RoomId="")) == "InvalidParameter"
        assert code_of(running.client("AKIDstop"), stop_request("unknown")) == "ResourceNotFound"


def test_a_service_label_can_be_insisted_on(nats_url: Secret) -> None:
    with control(nats_url, with_api(service_label="trtc")) as running:
        other = running.client()
        other._service = "127"

        assert code_of(running.client(), stop_request("unknown")) == "ResourceNotFound"
        assert code_of(other, stop_request("unknown")) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("signature", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
def test_every_way_to_sign_and_send_starts_changes_and_stops_a_task(api: Control, signature: str, method: str) -> None:
    client = api.client(signature=signature, reqMethod=method)
    started = client.StartPublishCdnStream(
        start_request(PublishCdnParams=[{"PublishCdnUrl": f"{PUSH}&ü=1+2"}], RoomId="stage + 4")
    )
    mix = update_request(started.TaskId, 20, 1, VideoParams=picture(MixLayoutMode=4, MixLayoutList=WINDOWS))

    assert client.UpdatePublishCdnStream(mix).TaskId == started.TaskId
    assert client.StopPublishCdnStream(stop_request(started.TaskId)).TaskId == started.TaskId


def test_a_payload_may_be_left_unsigned(api: Control) -> None:
    client = api.client()
    client.profile.unsignedPayload = True

    assert client.StopPublishCdnStream(stop_request(client.StartPublishCdnStream(start_request()).TaskId)).RequestId


def test_messages_are_in_the_callers_language(api: Control) -> None:
    client = api.client()
    messages = []
    for language in ("en-US", "zh-CN", None):
        client.profile.language = language
        with pytest.raises(TencentCloudSDKException) as raised:
            client.StopPublishCdnStream(stop_request("unknown"))
        messages.append(raised.value.get_message())

    assert messages == ["The task does not exist.", "资源不存在。", "The task does not exist."]
