"""The need of a task against what was measured (docs/benchmarks.md), and the rules between plans."""

from collections.abc import Sequence

import pytest

from tailrace.ids import Room, SdkAppId, UserId
from tailrace.model.mix import Layout, LayoutMode, Mix, Scene, Slot, VideoEncoding
from tailrace.model.need import need_of
from tailrace.model.plan import Destination, Plan
from tailrace.secret import PushUrl

MB = 1024 * 1024
ROOM = Room(SdkAppId(1400000001), "stage", numeric=False)
ONE = (Destination(0, PushUrl("rtmp://cdn.example/live/a")),)


def a_plan(scene: Scene | None = None, *, mix: bool = True, destinations: Sequence[Destination] = ONE) -> Plan:
    """A mix of `scene`, or a relay without one."""
    return Plan(ROOM, UserId("robot"), tuple(destinations), mix=Mix(scene) if mix else None)


def custom(windows: int, width: int, height: int, fps: int, kbps: int) -> Scene:
    """A custom layout of so many windows."""
    slots = tuple(Slot(None, 0, 0, 16, 16) for _ in range(windows))
    return Scene(VideoEncoding(width, height, fps, kbps, 2), Layout(LayoutMode.CUSTOM, slots))


@pytest.mark.parametrize(
    ("scene", "cores", "memory_mb"),
    [
        pytest.param(custom(4, 1280, 720, 30, 1500), 1.06, 128, id="four 720p30 into 720p30"),
        pytest.param(custom(9, 1280, 720, 15, 1500), 0.857, 115, id="nine 360p15 into 720p15"),
        pytest.param(custom(16, 1920, 1080, 15, 3000), 1.8, 210, id="sixteen 360p15 into 1080p15"),
    ],
)
def test_the_need_of_a_mix_is_near_what_was_measured(scene: Scene, cores: float, memory_mb: float) -> None:
    need = need_of(a_plan(scene))

    assert need.cpu == pytest.approx(cores, rel=0.25)
    assert need.memory_bytes / MB == pytest.approx(memory_mb, rel=0.25)


def test_a_relay_needs_a_twentieth_of_a_core_and_what_was_promised_of_memory() -> None:
    need = need_of(a_plan(mix=False))

    assert need.cpu == 0.05
    assert need.memory_bytes == 25 * MB


def test_a_mix_of_sound_alone_is_dearer_than_a_relay_and_cheaper_than_pictures() -> None:
    relay, sound, pictures = (
        need_of(a_plan(mix=False)),
        need_of(a_plan()),
        need_of(a_plan(custom(1, 320, 180, 15, 300))),
    )

    assert relay.cpu < sound.cpu < pictures.cpu


def test_each_push_needs_a_file() -> None:
    ten = [Destination(number, PushUrl(f"rtmp://cdn.example/live/{number}")) for number in range(10)]

    assert need_of(a_plan(mix=False, destinations=ten)).files == need_of(a_plan(mix=False)).files + 9


def test_a_dynamic_layout_counts_as_four_people() -> None:
    dynamic = Scene(VideoEncoding(1280, 720, 30, 1500, 2), Layout(LayoutMode.GRID))

    assert need_of(a_plan(dynamic)) == need_of(a_plan(custom(4, 1280, 720, 30, 1500)))


def test_a_preset_that_the_configuration_insists_on_counts() -> None:
    scene = custom(4, 1280, 720, 30, 1500)

    assert need_of(a_plan(scene), preset="slow").cpu > 2 * need_of(a_plan(scene), preset="veryfast").cpu
