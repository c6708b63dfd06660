"""An app's quota of tasks, through the official SDK."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tailrace.config import App
from tailrace.secret import Secret
from tests.integration.control.requests import start_request, stop_request
from tests.integration.control.running import APP_KEY, CONFIG, Control, control

# The SDK takes the date in a way that Python 3.12 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

LIMITED, FREE = 1400000003, 1400000004
QUOTA = 3
RESTRICTED = (
    "FailedOperation.RestrictedConcurrency "
    f"The application has {QUOTA} tasks, and may have {QUOTA} at the same time (max_tasks)."
)


def start(api: Control, app: int) -> str:
    """Start a task; return its TaskId, or the error's code and message."""
    try:
        return str(api.client().StartPublishCdnStream(start_request(SdkAppId=app)).TaskId)
    except TencentCloudSDKException as error:
        return f"{error.code} {error.message}"


def test_an_app_has_as_many_tasks_as_its_quota_however_many_starts_come_at_once(nats_url: Secret) -> None:
    apps = [
        App(sdk_app_id=LIMITED, account=1250000000, key=APP_KEY, max_tasks=QUOTA),
        App(sdk_app_id=FREE, account=1250000000, key=APP_KEY),
    ]
    with control(nats_url, CONFIG.model_copy(update={"app": (*CONFIG.app, *apps)})) as api:
        with ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda _: start(api, LIMITED), range(8)))

        assert answers.count(RESTRICTED) == 8 - QUOTA
        free = [start(api, FREE) for _ in range(QUOTA + 1)]
        assert RESTRICTED not in free

        started = [answer for answer in answers if answer != RESTRICTED]
        api.client().StopPublishCdnStream(stop_request(started[0], LIMITED))
        again = start(api, LIMITED)
        assert again != RESTRICTED

        for app, task in [*((LIMITED, task) for task in [*started[1:], again]), *((FREE, task) for task in free)]:
            api.client().StopPublishCdnStream(stop_request(task, app))
