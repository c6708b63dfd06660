"""Task: the start request that the command line sends."""

import pytest

from tailrace.cli.look import ENCODE, Look
from tailrace.cli.mix_options import LayoutName
from tailrace.cli.task import mix_request, start_request
from tailrace.control.actions.start_publish_cdn_stream import Request
from tailrace.control.params.wire import read

PUSH = "rtmp://cdn.example.com/live/key"


@pytest.mark.parametrize("room", ["studio", "my room", "a.b!", "r" * 64])
def test_every_room_and_user_that_can_be_are_taken(room: str) -> None:
    request = start_request(room, "u" * 64, [PUSH])

    assert read(Request, {"SdkAppId": 1, **request}, text=False).room_id == room


def test_two_relays_of_one_user_are_two_robots() -> None:
    # Robots of one name throw each other out of the room: the second start would end the first relay.
    robots = [start_request("studio", "alice", [PUSH])["AgentParams"]["UserId"] for _ in range(2)]

    assert robots[0] != robots[1]


def test_a_mix_is_of_everybody_in_the_room() -> None:
    request = read(
        Request, {"SdkAppId": 1, **mix_request("7", [PUSH], Look(LayoutName.GRID), numeric=True)}, text=False
    )

    assert (request.with_transcoding, request.room_id_type, request.single_subscribe_params) == (1, 0, None)
    assert request.video_params is not None
    assert request.video_params.video_encode is not None
    assert request.video_params.video_encode.model_dump(by_alias=True) == ENCODE


def test_a_mix_may_be_of_sound_alone() -> None:
    assert "VideoParams" not in mix_request("studio", [PUSH], Look(), audio_only=True)
