"""Running: what the tests do with a running task besides changing it."""

from functools import partial

from tests.harness.cloud import Cloud
from tests.harness.waiting import eventually


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
