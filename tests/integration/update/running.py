"""Running: what the tests do with a running task besides changing it."""

from collections.abc import Callable
from functools import partial

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.waiting import eventually

ATTEMPTS = 3


def undisturbed(test: Callable[[Cloud, HostedCdn], None]) -> Callable[[Cloud], None]:
    """Let a test that judges single frames fail only if it fails each time, with a task and a CDN of its own.

    A machine that is busy with other things leaves out a frame now and then. What an update does wrong, it does always.
    """

    def run(cloud: Cloud) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with HostedCdn() as cdn:
                    test(cloud, cdn)
                return
            except AssertionError:
                if attempt == ATTEMPTS:
                    raise
            finally:
                stop_all(cloud)

    run.__doc__ = test.__doc__
    return run


def stop_all(cloud: Cloud) -> None:
    """Stop every task, and wait until it has ended."""
    for task in [task["TaskId"] for state in ("queued", "running") for task in cloud.tasks(State=state)["TaskList"]]:
        cloud.stop(task)
        cloud.until_ended(task)


def until_visible(cloud: Cloud, task: str, revision: int) -> float:
    """Wait until the output shows this revision, the task's last; return since when, in Unix seconds."""
    eventually(partial(_shows, cloud, task, revision), f"revision {revision} in the output")
    return float(cloud.describe(task)["VisibleSince"])


def _shows(cloud: Cloud, task: str, revision: int) -> bool:
    told = cloud.describe(task)
    assert told["VisibleRevision"] <= told["Revision"] == revision
    return bool(told["VisibleRevision"] == revision)
