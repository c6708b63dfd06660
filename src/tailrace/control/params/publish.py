"""Where a task's output goes: push URLs, and back into rooms."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from tailrace.control.params.who import RoomName, User, check_room
from tailrace.control.params.wire import Flag, PushUrlText, SecretText, Wire, wrong

MAX_URLS = 10
MAX_ROOMS = 10


class McuPublishCdnParam(Wire):
    """A push URL; `is_tencent_cdn` 1 for Tencent's CDN, 0 for another."""

    publish_cdn_url: PushUrlText
    is_tencent_cdn: Flag = 1


class McuFeedBackRoomParams(Wire):
    """A room that the output is pushed back into, and the user that it is there."""

    room_id: RoomName
    room_id_type: Flag
    user_id: User
    user_sig: SecretText

    @model_validator(mode="after")
    def _room_can_be(self) -> Self:
        check_room("RoomId", self.room_id, self.room_id_type)
        return self


PublishList = Annotated[tuple[McuPublishCdnParam, ...], Field(max_length=MAX_URLS, strict=False)]
FeedBackList = Annotated[tuple[McuFeedBackRoomParams, ...], Field(max_length=MAX_ROOMS, strict=False)]


def check_users_differ(rooms: Sequence[McuFeedBackRoomParams]) -> None:
    """Raise `wrong` for the first entry whose user is in that room already, by an earlier entry."""
    seen: set[tuple[str, int, str]] = set()
    for index, entry in enumerate(rooms):
        who = entry.room_id, entry.room_id_type, entry.user_id
        if who in seen:
            raise wrong(f"FeedBackRoomParams.{index}.UserId", "the same user is in this room already")
        seen.add(who)


def check_urls_differ(urls: Sequence[McuPublishCdnParam]) -> None:
    """Raise `wrong` for the first URL that stands in the list a second time."""
    seen: set[str] = set()
    for index, entry in enumerate(urls):
        text = entry.publish_cdn_url.reveal()
        if text in seen:
            raise wrong(f"PublishCdnParams.{index}.PublishCdnUrl", "the same URL is given twice")
        seen.add(text)
