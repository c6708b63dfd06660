"""Feedback: from FeedBackRoomParams to the rooms that a task's output is fed back into (spec/02 sections 1.2 and 5)."""

from collections.abc import Sequence

from tailrace.config import App
from tailrace.control.params.publish import McuFeedBackRoomParams
from tailrace.control.params.who import room
from tailrace.errors import ParameterInvalid, UserSigRejected
from tailrace.ids import SdkAppId, UserId
from tailrace.model.cast import named
from tailrace.model.plan import Plan, RoomTarget
from tailrace.wire import usersig

_LIST = "FeedBackRoomParams"


def targets_of(app: SdkAppId, entries: Sequence[McuFeedBackRoomParams]) -> tuple[RoomTarget, ...]:
    """Return the rooms and users that are asked for."""
    return tuple(RoomTarget(room(app, entry.room_id, entry.room_id_type), UserId(entry.user_id)) for entry in entries)


def check_user_sigs(entries: Sequence[McuFeedBackRoomParams], app: App, now: float) -> None:
    """Raise ParameterInvalid for the first whose UserSig does not let its user into a room of `app`."""
    for index, entry in enumerate(entries):
        try:
            usersig.check(entry.user_sig.reveal(), SdkAppId(app.sdk_app_id), app.key, UserId(entry.user_id), now)
        except UserSigRejected as error:
            raise ParameterInvalid(f"{_LIST}.{index}.UserSig", str(error)) from error


def check_names(plan: Plan) -> None:
    """Raise ParameterInvalid for the first room in which the fed-back user would throw out somebody of the same task.

    Who else is in the room under that name cannot be known before: the last one in wins (spec/05 section 1).
    """
    people = named(plan.mix) if plan.mix is not None else set()
    if plan.mix is None and plan.source is not None:
        people = {(plan.source.room, plan.source.user)}
    for index, target in enumerate(plan.feedback):
        who = target.room, target.user
        if who == (plan.room, plan.robot):
            raise ParameterInvalid(f"{_LIST}.{index}.UserId", "is the task's own robot, which is in this room too")
        if who in people:
            raise ParameterInvalid(
                f"{_LIST}.{index}.UserId", "is a user whose stream the task relays; what is fed back needs another name"
            )
