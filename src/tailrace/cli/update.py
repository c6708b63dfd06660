"""Update: `tailrace task update`, from options to an update of the Cloud API, beside what the task is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.look import ENCODE, Look


@dataclass(frozen=True, slots=True)
class Change:
    """What a command was asked to change; empty is what it was not asked for.

    `single` is the user to be passed through, `screen` his screen share; `mix` everybody. `remove` are push URLs, or
    their places in the list, from 1. `feedback` is the complete new list of `ROOM:USER`.
    """

    look: Look
    mix: bool = False
    single: str = ""
    screen: bool = False
    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    feedback: Sequence[str] = ()

    def request(self, task: Mapping[str, Any], rooms: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Return the update of `task`, as Describe tells it, without its names and number. Raises CommandError.

        `rooms` are the entries of `feedback`.
        """
        if self.mix and self.single:
            raise CommandError("--mix and --single exclude each other", Exit.USAGE)
        if self.screen and not self.single:
            raise CommandError("--screen says which stream of --single USER is meant", Exit.USAGE)
        mixing = self.mix or (task["WithTranscoding"] == 1 and not self.single)
        if not mixing and self.look != Look():
            raise CommandError("a single stream is relayed as it is; options of the picture need --mix", Exit.USAGE)
        request: dict[str, Any] = {"WithTranscoding": 1 if mixing else 0}
        if video := self._video_params(task, mixing=mixing):
            request["VideoParams"] = video
        if self.single:
            stream = {"UserInfo": {"UserId": self.single}, "StreamType": 1 if self.screen else 0}
            request["SingleSubscribeParams"] = {"UserMediaStream": stream}
        if self.add or self.remove:
            request["PublishCdnParams"] = self._urls(task["Destinations"])
        if self.feedback:
            request["FeedBackRoomParams"] = list(rooms)
        if len(request) == 1 and request["WithTranscoding"] == task["WithTranscoding"]:
            raise CommandError("nothing to change; see tailrace task update --help", Exit.USAGE)
        return request

    def _video_params(self, task: Mapping[str, Any], *, mixing: bool) -> dict[str, Any]:
        """VideoEncode is one whole: what is not asked for of it stays as Describe tells it."""
        video = self.look.video_params()
        if "VideoEncode" in video and task["VideoEncode"]:
            return self.look.video_params(task["VideoEncode"])
        # A single stream that becomes a mix needs all of it; one of sound alone has none.
        if mixing and task["WithTranscoding"] == 0 and task["Video"] == 1:
            return self.look.video_params(ENCODE)
        return video

    def _urls(self, destinations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The complete new list, as the API wants it."""
        present = [{"PublishCdnUrl": found["Url"], "IsTencentCdn": found["IsTencentCdn"]} for found in destinations]
        gone = [self._place(name, present) for name in self.remove]
        kept = [entry for place, entry in enumerate(present) if place not in gone]
        return kept + [{"PublishCdnUrl": url, "IsTencentCdn": 0} for url in self.add]

    @staticmethod
    def _place(name: str, present: Sequence[Mapping[str, Any]]) -> int:
        for place, entry in enumerate(present):
            if name in (entry["PublishCdnUrl"], str(place + 1)):
                return place
        # The name may be an address, and hold a stream key: it is not said again.
        raise CommandError(
            f"--remove-push: this is no push of the relay; give its address, or its place, 1 to {len(present)}",
            Exit.USAGE,
        )
