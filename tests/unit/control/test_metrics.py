"""Metrics: what is counted, what the records and the workers say, and that the documentation names all of it."""

import re
from collections.abc import Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tailrace.bus.crew import Hand
from tailrace.control.metrics import Metrics
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.delivery import Attempt, DeliveryState
from tailrace.model.plan import Plan
from tailrace.model.room_left import RoomLeft
from tailrace.model.task import DestinationReport, DestinationStatus, OutputReport, TaskRecord, TaskState

ROOT = Path(__file__).parents[3]
APP = SdkAppId(1400000001)
PLAN = Plan(Room(APP, "stage", numeric=False), UserId("robot"), ())
GOOD = DestinationReport(
    0, DestinationStatus.RUNNING, video_frames=90, sent_bytes=5000, dropped_frames=3, bitrate_kbps=64.5, connects=2
)
RUNNING = TaskRecord(TaskId("one"), PLAN, TaskState.RUNNING, output=OutputReport((GOOD, DestinationReport(4))))
OVER = TaskRecord(TaskId("two"), PLAN, TaskState.ENDED, output=OutputReport((GOOD,)))


def seen(metrics: Metrics) -> Mapping[str, float]:
    """Return the samples under the names that Prometheus shows."""
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_tasks_and_destinations_are_counted_by_state_and_those_of_ended_tasks_are_not() -> None:
    shown = seen(Metrics(lambda: [RUNNING, OVER]))

    assert shown['tailrace_tasks{state="running"}'] == 1
    assert shown['tailrace_tasks{state="ended"}'] == 1
    assert shown['tailrace_tasks{state="queued"}'] == 0
    assert shown['tailrace_destinations{state="running"}'] == 1
    assert shown['tailrace_destinations{state="idle"}'] == 1


def test_each_destination_of_a_live_task_tells_what_it_has_got() -> None:
    shown = seen(Metrics(lambda: [RUNNING, OVER]))

    which = '{destination="0",sdk_app_id="1400000001",task_id="one"}'
    assert shown["tailrace_destination_bitrate_bits_per_second" + which] == 64_500
    assert shown["tailrace_destination_sent_bytes_total" + which] == 5000
    assert shown["tailrace_destination_sent_frames_total" + which] == 90
    assert shown["tailrace_destination_dropped_frames_total" + which] == 3
    assert shown["tailrace_destination_connections_total" + which] == 2
    assert not [name for name in shown if 'task_id="two"' in name]


def test_workers_tell_what_room_they_have_left_as_far_as_it_is_known() -> None:
    hand = Hand("host-1", 3, RoomLeft(97, cpu=1.5), draining=True)

    shown = seen(Metrics(list, lambda: [hand]))

    assert shown['tailrace_worker_tasks{worker="host-1"}'] == 3
    assert shown['tailrace_worker_room_tasks{worker="host-1"}'] == 97
    assert shown['tailrace_worker_room_cpu_cores{worker="host-1"}'] == 1.5
    assert shown['tailrace_worker_draining{worker="host-1"}'] == 1
    assert 'tailrace_worker_room_memory_bytes{worker="host-1"}' not in shown


def test_callbacks_are_counted_by_what_the_receiver_said() -> None:
    metrics = Metrics(list)
    metrics.called_back(APP, Attempt(1, 0.0, 0.3), DeliveryState.TRYING)
    metrics.called_back(APP, Attempt(1, 0.0, 0.3, 500), DeliveryState.GIVEN_UP)
    metrics.called_back(APP, Attempt(1, 0.0, 0.3, 200), DeliveryState.DELIVERED)

    shown = seen(metrics)

    for result in ("taken", "refused", "failed"):
        assert shown[f'tailrace_callback_tries_total{{result="{result}",sdk_app_id="{APP}"}}'] == 1
    assert shown[f'tailrace_callbacks_given_up_total{{sdk_app_id="{APP}"}}'] == 1
    assert shown[f'tailrace_callback_try_seconds_sum{{sdk_app_id="{APP}"}}'] == 0.3 * 3


def test_the_documentation_lists_every_metric_of_this_process() -> None:
    metrics = Metrics(lambda: [RUNNING], lambda: [Hand("w", 0, RoomLeft(1, 1.0, 1))])
    metrics.called("DescribePublishCdnStream", "", 0.01)
    metrics.called_back(APP, Attempt(1, 0.0, 0.3, 500), DeliveryState.GIVEN_UP)
    names = {re.sub(r"(_bucket|_sum|_count)$", "", name.partition("{")[0]) for name in seen(metrics)}

    page = (ROOT / "docs" / "metrics.md").read_text()

    own = {name for name in names if name.startswith("tailrace_")}
    assert len(own) > 15
    assert [name for name in sorted(own) if f"| `{name}` |" not in page] == []
