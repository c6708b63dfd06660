"""Updating: what an update makes of a plan, what stays, and what may not change (spec/02 section 2)."""

from dataclasses import replace
from typing import Any

import pytest

from tailrace.control.actions.start_publish_cdn_stream import Request as StartRequest
from tailrace.control.actions.update_publish_cdn_stream import Request
from tailrace.control.params.wire import read
from tailrace.control.planning import plan_of
from tailrace.control.updating import digest_of, updated
from tailrace.errors import OutputModeFixed, ParameterInvalid, ParameterMissing
from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.model.mix import Layout, LayoutMode, LayoutVolume, PassThrough, Scene, Sei, VideoEncoding, Voice, Voices
from tailrace.model.plan import Destination, Plan
from tailrace.secret import PushUrl
from tests.unit.control.start import USER, mixed, parameters, urls

ROOM = Room(SdkAppId(1400000001), "stage-4", numeric=False)
AUDIO = {"SampleRate": 48000, "Channel": 2, "BitRate": 64, "Codec": 0}
VIDEO = {"Width": 1280, "Height": 720, "Fps": 15, "BitRate": 1536, "Gop": 2}
SINGLE = {"UserMediaStream": {"UserInfo": {"UserId": "guest"}}}


def plan(wanted: dict[str, Any]) -> Plan:
    return plan_of(read(StartRequest, wanted, text=False), strict=False)


SINGLE_PLAN = plan(parameters())
SOUND_PLAN = plan(parameters(AudioParams={"AudioEncode": AUDIO}))
MIX_PLAN = plan(
    mixed(
        AudioParams={"AudioEncode": AUDIO, "SubscribeAudioList": [USER]},
        VideoParams={
            "VideoEncode": VIDEO,
            "LayoutParams": {"MixLayoutMode": 3, "RenderMode": 2},
            "BackGroundColor": "0x99CCFF",
        },
        SeiParams={"LayoutVolume": {}},
    )
)
MIXED_SOUND_PLAN = plan(mixed())


def request(transcoding: int, **changes: Any) -> Request:
    common = {"SdkAppId": 1400000001, "TaskId": "t", "SequenceNumber": 1, "WithTranscoding": transcoding}
    return read(Request, common | changes, text=False)


def update(before: Plan, transcoding: int, revision: int = 1, **changes: Any) -> Plan:
    return updated(before, revision, request(transcoding, **changes))


def scene(plan: Plan) -> Scene:
    assert plan.mix is not None
    assert plan.mix.scene is not None
    return plan.mix.scene


@pytest.mark.parametrize(
    ("before", "transcoding"), [(SINGLE_PLAN, 0), (SOUND_PLAN, 0), (MIX_PLAN, 1), (MIXED_SOUND_PLAN, 1)]
)
def test_what_is_absent_stays_as_it_is(before: Plan, transcoding: int) -> None:
    assert update(before, transcoding) == before
    assert update(before, transcoding, AudioParams={"AudioEncode": AUDIO}, FeedBackRoomParams=[]) == before


def test_the_printed_example_changes_layout_and_voices_alone() -> None:
    # VideoParams without VideoEncode, AudioParams without AudioEncode; the last window reaches below the canvas.
    place = {"ImageWidth": 1280, "ImageHeight": 720, "LocationX": 0, "LocationY": 360, "ZOrder": 1}
    after = update(
        MIX_PLAN,
        1,
        AudioParams={"SubscribeAudioList": [{"UserInfo": {"UserId": "b"}}]},
        VideoParams={"LayoutParams": {"MixLayoutMode": 4, "MixLayoutList": [place]}},
    )

    assert scene(after).encoding == VideoEncoding(1280, 720, 15, 1536, 2)
    assert scene(after).colour == 0x99CCFF
    (slot,) = scene(after).layout.slots
    assert (slot.y, slot.height) == (360, 720)
    assert after.mix is not None
    assert after.mix.voices == Voices(only=(Voice(ROOM, UserId("b")),))
    assert replace(after, mix=None) == replace(MIX_PLAN, mix=None)


def test_the_pictures_encoding_may_change_as_a_whole() -> None:
    after = update(MIX_PLAN, 1, VideoParams={"VideoEncode": VIDEO | {"Width": 721, "Height": 1280}})

    assert scene(after).encoding == VideoEncoding(720, 1280, 15, 1536, 2)
    assert scene(after).layout == Layout(LayoutMode.GRID, fit=scene(MIX_PLAN).layout.fit)


def test_sei_is_replaced_as_a_whole() -> None:
    own = {"PayloadContent": "x", "PayloadType": 100}

    assert update(MIX_PLAN, 1, SeiParams={"PassThrough": own}).sei == Sei(pass_through=PassThrough("x", 100))
    assert update(MIX_PLAN, 1, SeiParams={}).sei == Sei()
    assert MIX_PLAN.sei == Sei(LayoutVolume())


@pytest.mark.parametrize(("before", "transcoding"), [(SINGLE_PLAN, 0), (MIXED_SOUND_PLAN, 1)])
@pytest.mark.parametrize(("name", "value"), [("SampleRate", 44100), ("Channel", 1), ("BitRate", 96), ("Codec", 1)])
def test_the_sounds_encoding_cannot_change(before: Plan, transcoding: int, name: str, value: int) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        update(before, transcoding, AudioParams={"AudioEncode": AUDIO | {name: value}})

    assert refused.value.path == f"AudioParams.AudioEncode.{name}"


@pytest.mark.parametrize(("before", "transcoding"), [(SOUND_PLAN, 0), (SOUND_PLAN, 1), (MIXED_SOUND_PLAN, 1)])
def test_sound_alone_stays_sound_alone(before: Plan, transcoding: int) -> None:
    with pytest.raises(OutputModeFixed):
        update(before, transcoding, VideoParams={"VideoEncode": VIDEO})


def test_a_single_stream_becomes_a_mix_and_the_same_stream_again() -> None:
    mix = update(SINGLE_PLAN, 1, VideoParams={"VideoEncode": VIDEO})
    assert scene(mix) == Scene(VideoEncoding(1280, 720, 15, 1536, 2))
    assert (mix.source, mix.video, mix.destinations) == (SINGLE_PLAN.source, True, SINGLE_PLAN.destinations)

    assert update(mix, 0) == SINGLE_PLAN


def test_single_sound_becomes_mixed_sound_and_the_same_again() -> None:
    mix = update(SOUND_PLAN, 1)
    assert mix.mix == MIXED_SOUND_PLAN.mix
    assert mix.video is False

    assert update(mix, 0) == SOUND_PLAN


def test_a_mix_becomes_the_stream_that_is_named() -> None:
    after = update(MIX_PLAN, 0, SingleSubscribeParams=SINGLE, VideoParams={"VideoEncode": VIDEO})

    assert (after.source, after.mix, after.video) == (Stream(ROOM, UserId("guest")), None, True)


def test_another_stream_may_be_passed_through() -> None:
    assert update(SINGLE_PLAN, 0, SingleSubscribeParams=SINGLE).source == Stream(ROOM, UserId("guest"))


def test_what_was_mixed_before_a_single_stream_is_forgotten() -> None:
    single = update(MIX_PLAN, 0, SingleSubscribeParams=SINGLE)

    assert scene(update(single, 1, VideoParams={"VideoEncode": VIDEO})).layout == Layout()


@pytest.mark.parametrize(
    ("before", "transcoding", "changes", "path"),
    [
        (SINGLE_PLAN, 1, {}, "VideoParams"),
        (SINGLE_PLAN, 1, {"VideoParams": {"LayoutParams": {}}}, "VideoParams.VideoEncode"),
        (MIX_PLAN, 0, {}, "SingleSubscribeParams"),
        (
            MIX_PLAN,
            0,
            {"SingleSubscribeParams": {"UserMediaStream": {}}},
            "SingleSubscribeParams.UserMediaStream.UserInfo",
        ),
    ],
)
def test_switching_needs_what_the_plan_does_not_have(
    before: Plan, transcoding: int, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(ParameterMissing) as missing:
        update(before, transcoding, **changes)

    assert missing.value.path == path


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"VideoParams": {"LayoutParams": {}}}, "VideoParams.LayoutParams"),
        ({"AudioParams": {"SubscribeAudioList": [USER]}}, "AudioParams.SubscribeAudioList"),
        (
            {"SingleSubscribeParams": {"UserMediaStream": {"UserInfo": {"UserId": "robot"}}}},
            "SingleSubscribeParams.UserMediaStream.UserInfo.UserId",
        ),
        ({"PublishCdnParams": []}, "PublishCdnParams"),
        ({"PublishCdnParams": urls("rtmp://a/b/c", "rtmp://a/b/c")}, "PublishCdnParams.1.PublishCdnUrl"),
    ],
)
def test_what_a_single_stream_cannot_become_is_refused(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        update(SINGLE_PLAN, 0, **changes)

    assert refused.value.path == path


def test_a_mix_has_no_single_stream() -> None:
    with pytest.raises(ParameterInvalid, match="`SingleSubscribeParams`"):
        update(MIX_PLAN, 1, SingleSubscribeParams=SINGLE)


def rooms(*users: str) -> list[dict[str, Any]]:
    """Return FeedBackRoomParams with these users in numeric room 5."""
    return [{"RoomId": "5", "RoomIdType": 0, "UserId": user, "UserSig": "s"} for user in users]


def fed_back_users(plan: Plan) -> list[str]:
    return [target.user for target in plan.feedback]


def test_the_rooms_of_an_update_are_the_complete_new_list() -> None:
    two = update(MIX_PLAN, 1, FeedBackRoomParams=rooms("b", "c"))
    one = update(two, 1, 2, FeedBackRoomParams=rooms("c"))

    assert fed_back_users(two) == ["b", "c"]
    assert fed_back_users(one) == ["c"]
    assert fed_back_users(update(two, 1, 2)) == ["b", "c"]
    assert fed_back_users(update(two, 1, 2, FeedBackRoomParams=[])) == []


def test_a_task_may_be_left_with_rooms_alone_or_with_urls_alone_but_not_with_nothing() -> None:
    both = update(MIX_PLAN, 1, FeedBackRoomParams=rooms("b"))
    rooms_alone = update(both, 1, 2, PublishCdnParams=[])

    assert (rooms_alone.destinations, fed_back_users(rooms_alone)) == ((), ["b"])
    with pytest.raises(ParameterInvalid, match="`FeedBackRoomParams`"):
        update(rooms_alone, 1, 3, FeedBackRoomParams=[])
    with pytest.raises(ParameterInvalid, match="`PublishCdnParams`"):
        update(both, 1, 2, PublishCdnParams=[], FeedBackRoomParams=[])


def test_a_user_that_is_fed_back_cannot_become_one_that_is_relayed() -> None:
    fed_back = update(SINGLE_PLAN, 0, FeedBackRoomParams=[
        {"RoomId": SINGLE_PLAN.room.room_id, "RoomIdType": 0 if SINGLE_PLAN.room.numeric else 1,
         "UserId": "someone", "UserSig": "s"}
    ])  # fmt: skip

    with pytest.raises(ParameterInvalid, match=r"`FeedBackRoomParams\.0\.UserId`"):
        update(fed_back, 0, 2, SingleSubscribeParams={"UserMediaStream": {"UserInfo": {"UserId": "someone"}}})


A, B, C = "rtmp://cdn.example/live/a", "rtmp://cdn.example/live/b", "rtmp://cdn.example/live/c"


def numbers(plan: Plan) -> dict[str, int]:
    return {destination.url.reveal(): destination.number for destination in plan.destinations}


def test_an_unchanged_url_keeps_its_number_and_a_new_one_has_one_that_was_never_used() -> None:
    first = update(SINGLE_PLAN, 0, 1, PublishCdnParams=urls(B, A))
    second = update(first, 0, 2, PublishCdnParams=urls(C))
    third = update(second, 0, 3, PublishCdnParams=urls(A, B, C))
    known = [SINGLE_PLAN, first, second, third]

    assert list(numbers(first)) == [B, A]
    assert numbers(first)[A] == numbers(SINGLE_PLAN)[A]
    assert numbers(third)[C] == numbers(second)[C]
    lives = {(url, number) for plan in known for url, number in numbers(plan).items()}
    assert len({number for _, number in lives}) == len(lives) == 5


def test_whose_cdn_it_is_may_change_without_another_connection() -> None:
    after = update(SINGLE_PLAN, 0, PublishCdnParams=[{"PublishCdnUrl": A, "IsTencentCdn": 0}])

    assert after.destinations == (Destination(0, PushUrl(A), tencent=False),)


def test_a_refused_update_leaves_the_plan_alone() -> None:
    before = replace(MIX_PLAN)
    with pytest.raises(ParameterInvalid):
        update(MIX_PLAN, 1, SeiParams={}, PublishCdnParams=[])

    assert before == MIX_PLAN


def test_requests_that_mean_the_same_have_one_digest() -> None:
    one = request(1, VideoParams={"BackGroundColor": "0x000000", "WaterMarkList": []}, PublishCdnParams=urls(A))
    same = request(
        1, PublishCdnParams=urls(A), AudioParams=None, VideoParams={"WaterMarkList": [], "BackGroundColor": "0x000000"}
    )

    assert digest_of(one) == digest_of(same)
    assert A not in digest_of(one)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"PublishCdnParams": urls(B)},
        {"PublishCdnParams": urls(A), "AudioParams": {}},
        {"PublishCdnParams": urls(A), "AudioParams": {"SubscribeAudioList": []}},
        {"PublishCdnParams": urls(A), "VideoParams": {"BackgroundImageUrl": ""}},
    ],
)
def test_requests_that_mean_something_else_have_another_digest(other: dict[str, Any]) -> None:
    assert digest_of(request(1, PublishCdnParams=urls(A))) != digest_of(request(1, **other))
