"""Plan: what one task shall do, as plain values; made from a StartPublishCdnStream request, run by a worker's child."""

from dataclasses import dataclass
from enum import IntEnum

from tailrace.ids import Room, Stream, UserId
from tailrace.model.cast import rooms_of
from tailrace.model.mix import NO_SEI, Mix, Sei
from tailrace.secret import PushUrl


class AacProfile(IntEnum):
    """AudioEncode.Codec of the API (spec/02 section 1.2)."""

    LC = 0
    HE = 1
    HE_V2 = 2


@dataclass(frozen=True, slots=True)
class AudioEncoding:
    """Output sound. The defaults are the figures of the printed examples (spec/02 section 1.3)."""

    sample_rate_hz: int = 48000
    channels: int = 2
    bitrate_kbps: int = 64
    profile: AacProfile = AacProfile.LC


@dataclass(frozen=True, slots=True)
class Destination:
    """One push URL. `number` names it within its task, for ever: an update that keeps the URL keeps the number.

    `tencent` is IsTencentCdn, kept for the usage figures.
    """

    number: int
    url: PushUrl
    tencent: bool = True


@dataclass(frozen=True, slots=True)
class RoomTarget:
    """A room that the output is fed back into, and the user that it is there (McuFeedBackRoomParams)."""

    room: Room
    user: UserId


@dataclass(frozen=True, slots=True)
class Plan:
    """What is relayed to the destinations: with `mix` many people in one output, else the stream `source` untouched.

    It goes to `destinations` and back into the rooms of `feedback`; either may be empty. `source` is kept while mixing,
    so that an update can switch back to it. `video` is false for an output of sound alone. `max_idle` is in seconds
    (AgentParams.MaxIdleTime).
    """

    room: Room
    robot: UserId
    destinations: tuple[Destination, ...]
    source: Stream | None = None
    mix: Mix | None = None
    sei: Sei = NO_SEI
    video: bool = True
    audio: AudioEncoding = AudioEncoding()
    max_idle: float = 30.0
    feedback: tuple[RoomTarget, ...] = ()

    @property
    def rooms(self) -> frozenset[Room]:
        """The rooms that the output is made of."""
        if self.mix is not None:
            return rooms_of(self.room, self.mix)
        return frozenset({self.source.room} if self.source else ())
