"""Plan: what one task shall do, as plain values; made from a StartPublishCdnStream request, run by a worker's child."""

from dataclasses import dataclass
from enum import IntEnum

from tailrace.ids import Room, Stream, UserId
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
    """One push URL. `tencent` is IsTencentCdn, kept for the usage figures."""

    url: PushUrl
    tencent: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A pass-through relay: one stream of one user to some destinations.

    `video` is false for an audio-only relay. `max_idle` is in seconds (AgentParams.MaxIdleTime).
    """

    room: Room
    robot: UserId
    source: Stream
    destinations: tuple[Destination, ...]
    video: bool = True
    audio: AudioEncoding = AudioEncoding()
    max_idle: float = 30.0
