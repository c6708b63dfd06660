"""One callback's way: its tries at the right times, the same bytes in each, and what is noted of them."""

import asyncio
import json
import logging
from collections.abc import Mapping

import pytest

from tailrace.bus.deliveries import Noted
from tailrace.bus.outgoing import Order
from tailrace.bus.plain import dump
from tailrace.config import App
from tailrace.control.callbacks.courier import AT_ONCE, Courier
from tailrace.errors import BusError
from tailrace.ids import Room, SdkAppId, TaskId, UserId
from tailrace.model.delivery import Attempt, Delivery, DeliveryState
from tailrace.model.room_event import RoomEvent, RoomEventType
from tailrace.model.task import DestinationStatus
from tailrace.model.task_event import DestinationEvent, TaskEvent, What
from tailrace.net.callback_sender import Answer
from tailrace.secret import CallbackUrl, PushUrl, Secret
from tailrace.wire.callback import sign

APP = SdkAppId(1400000001)
KEY = Secret("123654")
SETTINGS = App(
    sdk_app_id=APP,
    account=1,
    key=Secret("key"),
    callback_url=CallbackUrl("https://example.com/secret/path"),
    callback_key=KEY,
)
ROOM = Room(APP, "studio", numeric=False)
STATE = DestinationEvent(0, PushUrl("rtmp://cdn.example.org/live/key"), DestinationStatus.RUNNING)
STORED_AT = 1_700_000_000.5
EVENT = TaskEvent(STORED_AT, What.DESTINATION, TaskId("t"), ROOM, UserId("relay"), destination=STATE)
LANE = f"events.task.{APP}.t"
REFUSED = Answer(500)
HANGS = Answer(0, "no answer within 5 s")
TAKEN = Answer(200)


class VirtualTime:
    """A clock that moves only when somebody sleeps, or a receiver takes its time."""

    def __init__(self) -> None:
        self.now = STORED_AT + 0.5

    def unix(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Receiver:
    """Answers in turn, the last answer for ever; HANGS takes 5 s."""

    def __init__(self, time: VirtualTime, *answers: Answer) -> None:
        self.time = time
        self.answers = list(answers)
        self.at: list[float] = []
        self.posts: list[tuple[Mapping[str, str], bytes]] = []

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        self.at.append(self.time.now)
        self.posts.append((headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.time.now += 5.0 if answer is HANGS else 0.0
        return answer


class Memory:
    """Notes and events in memory; `broken`: it cannot be written."""

    def __init__(self) -> None:
        self.noted: dict[int, Delivery] = {}
        self.events: dict[int, bytes] = {}
        self.broken = False

    async def get(self, app: SdkAppId, sequence: int) -> Noted | None:
        return Noted(self.noted[sequence], 1) if sequence in self.noted else None

    async def tried(self, app: SdkAppId, noted: Noted, attempt: Attempt) -> Noted:
        if self.broken:
            raise BusError("away")
        delivery = noted.delivery.tried(attempt)
        self.noted[delivery.sequence] = delivery
        return Noted(delivery, noted.revision + 1)

    async def event(self, sequence: int) -> bytes | None:
        return self.events.get(sequence)


class Scene:
    def __init__(self, *answers: Answer) -> None:
        self.time = VirtualTime()
        self.receiver = Receiver(self.time, *answers)
        self.memory = Memory()
        self.counted: list[tuple[bool, DeliveryState]] = []
        self.courier = Courier(
            SETTINGS, self.receiver, self.memory, self.memory, self.time, self.count, self.time.sleep
        )

    def count(self, app: SdkAppId, attempt: Attempt, state: DeliveryState) -> None:
        assert app == APP
        self.counted.append((attempt.ok, state))

    def bring(self, order: Order) -> None:
        asyncio.run(self.courier.bring(order))

    def times(self) -> list[float]:
        return [at - self.receiver.at[0] for at in self.receiver.at]


def ordered(sequence: int = 7, data: bytes = dump(EVENT), subject: str = LANE, deliveries: int = 1) -> Order:
    return Order(sequence, STORED_AT, subject, data, deliveries, "reply")


def test_a_receiver_that_takes_it_gets_it_once_and_signed() -> None:
    scene = Scene(TAKEN)

    scene.bring(ordered())

    ((headers, body),) = scene.receiver.posts
    assert headers == {"Content-Type": "application/json", "SdkAppId": str(APP), "Sign": sign(KEY, body)}
    assert json.loads(body)["CallbackTs"] == 1_700_000_000_500
    assert scene.memory.noted[7].state is DeliveryState.DELIVERED
    assert scene.counted == [(True, DeliveryState.DELIVERED)]


@pytest.mark.parametrize(("answer", "times"), [(REFUSED, [0, 0, 10, 20, 30, 40, 50, 60]), (HANGS, [0, 5, 20, 35, 50])])
def test_tries_come_when_the_specification_says_with_the_same_bytes_and_are_all_noted(
    answer: Answer, times: list[float]
) -> None:
    scene = Scene(answer)

    scene.bring(ordered())

    assert scene.times() == times
    assert len({body for _, body in scene.receiver.posts}) == 1
    noted = scene.memory.noted[7]
    assert noted.state is DeliveryState.GIVEN_UP
    assert [attempt.at - noted.attempts[0].at for attempt in noted.attempts] == times
    assert {(attempt.status, attempt.error) for attempt in noted.attempts} == {(answer.status, answer.error)}


def test_one_line_of_the_log_tells_of_what_was_given_up_without_path_and_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Scene(REFUSED).bring(ordered())

    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.message == "callback given up"
    told = {name: line.__dict__[name] for name in ("app", "sequence", "receiver", "tries", "error")}
    assert told == {
        "app": APP,
        "sequence": 7,
        "receiver": "https://example.com/***",
        "tries": 8,
        "error": "status 500",
    }


def test_another_process_goes_on_with_the_tries_that_are_left() -> None:
    first = Scene(REFUSED, REFUSED, TAKEN)
    first.bring(ordered())
    second = Scene(REFUSED)
    second.memory.noted[7] = Delivery(7, 7, attempts=first.memory.noted[7].attempts[:2])

    second.bring(ordered(deliveries=2))

    assert [at - first.receiver.at[0] for at in second.receiver.at] == [10, 20, 30, 40, 50, 60]
    assert second.receiver.posts[0] == first.receiver.posts[0]


def test_what_was_delivered_is_not_sent_again_when_it_is_handed_out_again() -> None:
    scene = Scene(TAKEN)
    scene.bring(ordered())

    scene.bring(ordered(deliveries=2))

    assert len(scene.receiver.posts) == 1


def test_a_replay_sends_the_event_again_at_a_new_time_with_a_minute_of_its_own() -> None:
    scene = Scene(*[REFUSED] * 8, TAKEN)
    scene.bring(ordered())
    scene.memory.events[7] = dump(EVENT)

    scene.bring(Order(20, STORED_AT + 3600, f"events.replay.{APP}.7", LANE.encode(), 1, "reply"))

    first, again = (json.loads(scene.receiver.posts[number][1]) for number in (0, 8))
    assert again.pop("CallbackTs") - first.pop("CallbackTs") == 3_600_000
    assert again == first
    noted = scene.memory.noted[7]
    assert noted.state is DeliveryState.DELIVERED
    assert [attempt.order for attempt in noted.attempts] == [7] * 8 + [20]


@pytest.mark.parametrize(
    "order",
    [
        Order(20, STORED_AT, f"events.replay.{APP}.7", LANE.encode(), 1, "reply"),  # an event that is too old by now
        ordered(data=dump(TaskEvent(STORED_AT, What.QUEUED, TaskId("t"), ROOM, UserId("relay")))),
        ordered(data=b"rubbish"),
        ordered(data=b'{"v":99}'),
        ordered(subject=f"events.later.{APP}.t"),
    ],
)
def test_what_has_no_callback_is_passed_over(order: Order) -> None:
    scene = Scene(TAKEN)

    scene.bring(order)

    assert scene.receiver.posts == []
    assert scene.memory.noted == {}


def test_events_of_rooms_are_sent_in_their_own_groups() -> None:
    scene = Scene(TAKEN)
    entered = RoomEvent(STORED_AT, RoomEventType.ENTER_ROOM, ROOM, UserId("anna"), reason=1)

    scene.bring(ordered(data=dump(entered), subject=f"events.room.{ROOM.token}"))

    body = json.loads(scene.receiver.posts[0][1])
    assert (body["EventGroupId"], body["EventType"], body["EventInfo"]["UserId"]) == (1, 103, "anna")


def test_what_cannot_be_noted_is_sent_all_the_same_and_not_again() -> None:
    scene = Scene(REFUSED, TAKEN)
    scene.memory.broken = True

    scene.bring(ordered())

    assert scene.times() == [0, 0]


def test_a_receiver_gets_only_so_many_posts_at_the_same_time() -> None:
    async def main() -> int:
        busiest = busy = 0
        full, release = asyncio.Event(), asyncio.Event()

        class Slow:
            async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
                nonlocal busy, busiest
                busy += 1
                busiest = max(busiest, busy)
                if busy == AT_ONCE:
                    full.set()
                await release.wait()
                busy -= 1
                return TAKEN

        scene = Scene()
        courier = Courier(SETTINGS, Slow(), scene.memory, scene.memory, scene.time, scene.count)
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE + 10):
                group.create_task(courier.bring(ordered(number)), name=str(number))
            await full.wait()
            release.set()
        return busiest

    assert asyncio.run(asyncio.wait_for(main(), 20)) == AT_ONCE
