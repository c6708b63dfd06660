"""What the bus stores, as JSON."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.bus.plain import dump, load
from tailrace.errors import BusError
from tailrace.ids import Room, SdkAppId, Stream, TaskId, UserId
from tailrace.model.mix import Fit, Layout, LayoutMode, Mix, Scene, Slot, VideoEncoding, Voice, Voices
from tailrace.model.plan import AacProfile, AudioEncoding, Destination, Plan
from tailrace.model.presence import Presence, Role
from tailrace.model.task import DestinationReport, DestinationStatus, OutputReport, TaskRecord, TaskState
from tailrace.secret import ImageUrl, PushUrl

ROOM = Room(SdkAppId(1), "r", numeric=True)
PLAN = Plan(
    ROOM,
    UserId("robot"),
    (Destination(0, PushUrl("rtmp://cdn/live/secret"), tencent=False),),
    mix=Mix(
        Scene(
            VideoEncoding(1280, 720, 15, 1500, 2),
            Layout(LayoutMode.CUSTOM, (Slot(Stream(ROOM, UserId("alice")), 0, 0, 640, 360, fit=Fit.INSIDE),)),
            image=ImageUrl("https://pictures.example/a.png?signature=1"),
        ),
        Voices(only=(Voice(ROOM, UserId("alice"), 50),)),
    ),
    audio=AudioEncoding(profile=AacProfile.HE),
)
RECORD = TaskRecord(
    TaskId("t"),
    PLAN,
    TaskState.RUNNING,
    created_at=3.0,
    output=OutputReport((DestinationReport(0, DestinationStatus.RECOVERING, reason="lost"),)),
)


def test_a_record_survives_storing_with_its_types() -> None:
    back = load(TaskRecord, dump(RECORD))
    assert back == RECORD
    assert type(back.plan.audio.profile) is AacProfile
    assert type(back.plan.destinations[0].url) is PushUrl
    assert type(back.created_at) is float


def test_fields_of_a_later_version_are_skipped_at_every_depth() -> None:
    plain = json.loads(dump(RECORD))
    plain["colour"] = "red"
    plain["plan"]["room"]["colour"] = {"deep": [1]}
    assert load(TaskRecord, json.dumps(plain).encode()) == RECORD


def test_missing_fields_take_their_defaults() -> None:
    plain = json.loads(dump(RECORD))
    del plain["pid"], plain["plan"]["audio"]
    assert load(TaskRecord, json.dumps(plain).encode()).plan.audio == AudioEncoding()


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{}", b'{"v":1}', b"\xff", dump(RECORD).replace(b'"epoch":0', b'"epoch":"x"')],
    ids=repr,
)
def test_anything_else_is_an_error_without_its_content(data: bytes) -> None:
    with pytest.raises(BusError) as caught:
        load(TaskRecord, data)
    assert "secret" not in str(caught.value)


def test_a_record_of_a_later_incompatible_version_is_refused() -> None:
    with pytest.raises(BusError, match="upgrade"):
        load(TaskRecord, dump(RECORD).replace(b'"v":1', b'"v":2'))


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "room", "user", "app"]), inner)
        ),
        max_leaves=8,
    ).map(lambda plain: json.dumps(plain).encode())
)
def test_no_bytes_raise_anything_but_a_bus_error(data: bytes) -> None:
    try:
        presence = load(Presence, data)
    except BusError:
        return
    assert isinstance(presence, Presence)


@given(user=st.text(), width=st.integers(), since=st.floats(allow_nan=False, allow_infinity=False))
def test_any_presence_survives_storing(user: str, width: int, since: float) -> None:
    presence = Presence(ROOM, UserId(user), Role.AUX, 1, since, width=width)
    assert load(Presence, dump(presence)) == presence


@dataclass(frozen=True)
class Wide:
    maybe: int | None = None
    names: tuple[str, ...] = ()


@pytest.mark.parametrize("value", [Wide(), Wide(3, ("a", "b"))])
def test_optional_fields_and_lists_survive_storing(value: Wide) -> None:
    assert load(Wide, dump(value)) == value


@dataclass(frozen=True)
class Unstorable:
    what: complex = 1j


def test_a_type_that_json_cannot_hold_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        dump(Unstorable())
