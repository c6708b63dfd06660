"""Quotas, refusals that name what is short, and what a queued task waits for."""

from collections.abc import Sequence
from itertools import count

import pytest

from tailrace.control.admission import Admission
from tailrace.errors import NoRoom, QuotaUsedUp
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.mix import Mix, Scene, VideoEncoding
from tailrace.model.plan import Plan
from tailrace.model.room_left import RoomLeft
from tailrace.model.task import TaskRecord, TaskState

APP, OTHER = SdkAppId(1400000001), SdkAppId(1400000002)
RELAY = Plan(Room(APP, "stage", numeric=False), UserId("robot"), ())
OF_OTHER = Plan(Room(OTHER, "stage", numeric=False), UserId("robot"), ())
MIX = Plan(RELAY.room, UserId("robot"), (), mix=Mix(Scene(VideoEncoding(1280, 720, 30, 1500, 2))))
FULL = RoomLeft(tasks=0)
LITTLE_CPU = RoomLeft(tasks=9, cpu=0.5)


_ids = count(1)


def an_id() -> TaskId:
    return TaskId(f"t{next(_ids)}")


def a_task(plan: Plan, state: TaskState = TaskState.RUNNING) -> TaskRecord:
    return TaskRecord(an_id(), plan, state)


def admission(live: Sequence[TaskRecord] = (), rooms: Sequence[RoomLeft] = (), quota: int = 0) -> Admission:
    return Admission({APP: quota}, lambda: live, lambda: rooms, "auto")


def start(admitting: Admission, plan: Plan = RELAY) -> None:
    with admitting.admitted(an_id(), plan):
        pass


@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.RUNNING, TaskState.STOPPING])
def test_every_live_task_counts_against_the_quota(state: TaskState) -> None:
    live = [a_task(RELAY, state), a_task(RELAY, state)]

    start(admission(live, quota=3))
    with pytest.raises(QuotaUsedUp, match="has 2 tasks, and may have 2 at the same time"):
        start(admission(live, quota=2))


def test_tasks_of_another_app_do_not_count() -> None:
    start(admission([a_task(OF_OTHER) for _ in range(5)], quota=1))
    start(admission([a_task(RELAY) for _ in range(5)], quota=1), OF_OTHER)


def test_two_starts_at_once_do_not_exceed_the_quota() -> None:
    admitting = admission(quota=1)

    with admitting.admitted(an_id(), RELAY), pytest.raises(QuotaUsedUp):
        start(admitting)
    start(admitting)


def test_a_task_whose_record_is_known_before_its_start_is_over_counts_once() -> None:
    # The copy of the records may hear of a new one before the answer to its writing is there.
    live = [a_task(RELAY)]
    admitting = admission(live, quota=2)

    with admitting.admitted(live[0].task_id, RELAY):
        start(admitting)


def test_a_start_that_failed_gives_its_place_back() -> None:
    admitting = admission(quota=1)

    with pytest.raises(ZeroDivisionError), admitting.admitted(an_id(), RELAY):
        raise ZeroDivisionError
    start(admitting)


def test_without_any_worker_a_task_is_let_in_to_wait_for_one() -> None:
    start(admission(rooms=()), MIX)


def test_a_refusal_names_what_the_workers_are_short_of() -> None:
    with pytest.raises(NoRoom, match=r"^No worker has room for this task: tasks\.$"):
        start(admission(rooms=[FULL]))
    with pytest.raises(NoRoom, match=r": tasks, cpu\.$"):
        start(admission(rooms=[FULL, LITTLE_CPU]), MIX)


def test_a_mix_that_does_not_fit_is_refused_alone() -> None:
    admitting = admission(rooms=[LITTLE_CPU])

    start(admitting, RELAY)
    with pytest.raises(NoRoom):
        start(admitting, MIX)


def test_queued_tasks_and_starts_under_way_take_room_before_a_new_one() -> None:
    one = RoomLeft(tasks=1)

    start(admission([a_task(RELAY, TaskState.RUNNING)], [one]))
    with pytest.raises(NoRoom):
        start(admission([a_task(RELAY, TaskState.QUEUED)], [one]))
    admitting = admission(rooms=[one])
    with admitting.admitted(an_id(), RELAY), pytest.raises(NoRoom):
        start(admitting)


@pytest.mark.parametrize(
    ("rooms", "plan", "state", "why"),
    [
        ([], RELAY, TaskState.QUEUED, "there is no worker"),
        ([FULL], RELAY, TaskState.QUEUED, "no worker has room: tasks"),
        ([LITTLE_CPU], MIX, TaskState.QUEUED, "no worker has room: cpu"),
        ([LITTLE_CPU], RELAY, TaskState.QUEUED, ""),
        ([], RELAY, TaskState.RUNNING, ""),
    ],
)
def test_what_a_task_waits_for(rooms: list[RoomLeft], plan: Plan, state: TaskState, why: str) -> None:
    assert admission(rooms=rooms).why_waiting(a_task(plan, state)) == why
