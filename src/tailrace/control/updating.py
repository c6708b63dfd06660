"""Updating: from a task's plan and an update request to its next plan; nothing is decided anywhere else (spec/02, 2).

What is absent stays as it is: at the top level, and inside AudioParams and VideoParams. Lists, LayoutParams and
SeiParams are replaced as a whole.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from tailrace.control.feedback import check_names, targets_of
from tailrace.control.mixing import mix_of, refuse_mixing
from tailrace.control.naming import Naming
from tailrace.control.params.audio import AudioEncode, McuAudioParams
from tailrace.control.params.publish import MAX_URLS, McuFeedBackRoomParams, McuPublishCdnParam
from tailrace.control.params.sei import McuSeiParams
from tailrace.control.params.video import McuVideoParams
from tailrace.control.params.who import SingleSubscribeParams
from tailrace.control.params.wire import Wire
from tailrace.control.planning import encoding_of, sei_of, source_of
from tailrace.errors import OutputModeFixed, ParameterInvalid, ParameterMissing
from tailrace.ids import Stream
from tailrace.model.mix import Mix
from tailrace.model.plan import AudioEncoding, Destination, Plan
from tailrace.secret import Secret


class UpdateRequest(Protocol):
    """The parts of an update request that change a plan; None is absent."""

    @property
    def with_transcoding(self) -> int: ...
    @property
    def audio_params(self) -> McuAudioParams | None: ...
    @property
    def video_params(self) -> McuVideoParams | None: ...
    @property
    def single_subscribe_params(self) -> SingleSubscribeParams | None: ...
    @property
    def publish_cdn_params(self) -> Sequence[McuPublishCdnParam] | None: ...
    @property
    def sei_params(self) -> McuSeiParams | None: ...
    @property
    def feed_back_room_params(self) -> Sequence[McuFeedBackRoomParams] | None: ...


def updated(plan: Plan, revision: int, request: UpdateRequest) -> Plan:
    """Return the plan of that revision (1 is the first update), which `request` makes of `plan`.

    Raises OutputModeFixed, NotBuilt, ParameterInvalid and ParameterMissing.
    """
    if request.video_params is not None and not plan.video:
        raise OutputModeFixed("`VideoParams`: the task has sound alone, a picture needs another task")
    if request.audio_params is not None and request.audio_params.audio_encode is not None:
        _check_same(plan.audio, request.audio_params.audio_encode)
    naming = Naming(plan.room, plan.robot)
    mixing = request.with_transcoding == 1
    rooms = request.feed_back_room_params
    following = replace(
        plan,
        destinations=_destinations(plan.destinations, revision, request.publish_cdn_params),
        feedback=plan.feedback if rooms is None else targets_of(plan.room.app, rooms),
        source=plan.source if mixing else _source(plan, request, naming),
        mix=_mix(plan, request, naming) if mixing else None,
        sei=plan.sei if request.sei_params is None else sei_of(request.sei_params),
    )
    if not following.destinations and not following.feedback:
        emptied = "FeedBackRoomParams" if request.publish_cdn_params is None else "PublishCdnParams"
        raise ParameterInvalid(emptied, "nothing would remain to push to; StopPublishCdnStream ends a task")
    check_names(following)
    return following


def digest_of(request: Wire) -> str:
    """Return what tells a request from another one: the same for what means the same, whatever its order and encoding.

    It cannot be turned back into the push addresses of the request.
    """
    members = request.model_dump(exclude_none=True)
    return hashlib.sha256(json.dumps(members, sort_keys=True, default=_text).encode()).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a {type(value).__name__} is no part of a request")


def _mix(plan: Plan, request: UpdateRequest, naming: Naming) -> Mix:
    before = plan.mix or Mix()
    if plan.video and before.scene is None and request.video_params is None:
        raise ParameterMissing("VideoParams")
    return mix_of(request.audio_params, request.video_params, naming, before)


def _source(plan: Plan, request: UpdateRequest, naming: Naming) -> Stream:
    refuse_mixing(request.audio_params, request.video_params)
    if request.single_subscribe_params is None and plan.source is not None:
        return plan.source
    return source_of(request.single_subscribe_params, naming)


def _destinations(
    before: Sequence[Destination], revision: int, urls: Sequence[McuPublishCdnParam] | None
) -> tuple[Destination, ...]:
    """Return the destinations of the complete new list; a URL whose text is unchanged keeps its number."""
    if urls is None:
        return tuple(before)
    numbers = {destination.url: destination.number for destination in before}
    # Each revision brings numbers of its own, so that none is ever used twice, not even after its URL was removed.
    fresh = revision * MAX_URLS
    return tuple(
        Destination(
            numbers.get(entry.publish_cdn_url, fresh + index), entry.publish_cdn_url, tencent=entry.is_tencent_cdn == 1
        )
        for index, entry in enumerate(urls)
    )


def _check_same(running: AudioEncoding, asked: AudioEncode) -> None:
    """The sound's encoding cannot change (spec/02 section 2); to say it again is no change."""
    wanted = encoding_of(asked)
    for name, one, other in (
        ("SampleRate", running.sample_rate_hz, wanted.sample_rate_hz),
        ("Channel", running.channels, wanted.channels),
        ("BitRate", running.bitrate_kbps, wanted.bitrate_kbps),
        ("Codec", running.profile, wanted.profile),
    ):
        if one != other:
            raise ParameterInvalid(f"AudioParams.AudioEncode.{name}", f"is {one:d} and cannot be changed by an update")
