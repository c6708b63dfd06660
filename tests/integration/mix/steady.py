"""Steady: an output has its frames on the grid of its rate, and all of them."""

from tests.harness.stage import Stage
from tests.harness.viewer import Viewer

TOO_SLOW = "too slow"


def assert_steady(stage: Stage, viewer: Viewer, fps: int) -> None:
    """No frame stands beside the grid, and none is missing, unless this machine is too slow, and the task says so."""
    times = [at for at, _ in viewer.received.frames]
    numbers = [round(at * fps / 1000) for at in times]
    assert times == [number * 1_000_000 // fps // 1000 for number in numbers]
    if not any(TOO_SLOW in note for note in stage.cloud.describe(stage.task)["Notes"]):
        assert numbers == list(range(len(numbers)))
