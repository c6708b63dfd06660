"""What an offer, a trickled fragment and an answer say, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tailrace.errors import OfferUnusable
from tailrace.secret import Secret

# The header extension that says which m-line a packet belongs to (RFC 8843).
MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"


class Kind(StrEnum):
    """What an m-line carries. OTHER is a data channel or something unknown: it can only be rejected."""

    AUDIO = "audio"
    VIDEO = "video"
    OTHER = "other"


class Direction(StrEnum):
    """Who sends, as seen by the one who wrote the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the writer of the description sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the writer of the description receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)


class Setup(StrEnum):
    """Who begins DTLS, in the view of who says it (RFC 8842). We do for those only who insist, as FFmpeg does."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hash of a certificate (RFC 8122). `algorithm` as in SDP, such as `sha-256`; `value`: `AB:CD:...`, upper case."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Codec:
    """A payload type and what it stands for.

    `name` is spelt as IANA has it (`opus`, `H264`, `VP8`), however the peer spelt it. `fmtp` holds the parameters by
    lower-case name; one without `=` has an empty value. `feedback`: `nack`, `nack pli`, `transport-cc`, `goog-remb`.
    """

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict)
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """One m-line of an offer.

    `codecs` in the peer's order of preference, without retransmission, which is `rtx`: its payload type to the one
    that it repeats. `extensions`: id to URI of RTP header extensions. `ssrcs`: of what the peer sends, those of
    retransmission not among them but in `rtx_ssrcs`, each to the one that it repeats. `streams`: ids of the
    MediaStreams that it belongs to. `rejected`: port 0, the peer does not want it (any more).
    """

    kind: Kind
    mid: str
    direction: Direction
    codecs: tuple[Codec, ...]
    extensions: Mapping[int, str]
    ssrcs: tuple[int, ...]
    rtx: Mapping[int, int]
    rtx_ssrcs: Mapping[int, int]
    streams: tuple[str, ...]
    bundled: bool
    rejected: bool
    reduced_size: bool  # a=rtcp-rsize: RTCP need not begin with a report
    # As they stand in the m-line; the answer repeats them.
    name: str
    protocol: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A peer's offer. ICE and DTLS parameters are those of its one bundled transport."""

    media: tuple[Media, ...]
    ufrag: str
    password: Secret
    fingerprint: Fingerprint
    setup: Setup

    def tracks(self) -> list[Media]:
        """Return the m-lines with sound or pictures that flow. Raises OfferUnusable when two are of one kind."""
        kinds = (Kind.AUDIO, Kind.VIDEO)
        flowing = [
            media
            for media in self.media
            if media.kind in kinds and not media.rejected and media.direction is not Direction.INACTIVE
        ]
        for kind in kinds:
            if sum(media.kind is kind for media in flowing) > 1:
                raise OfferUnusable(f"one session has at most one {kind} track; others need sessions of their own")
        return flowing


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate. `host` may be a name, such as the `.local` ones of browsers."""

    foundation: str
    component: int
    transport: str
    priority: int
    host: str
    port: int
    type: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """The body of a PATCH (RFC 8840). `ufrag` and `password` are empty where it names none. `end`: no more to come."""

    ufrag: str
    password: Secret
    candidates: tuple[Candidate, ...]
    end: bool


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of a transport, as the answer says it. `session_id`: a random number for the o-line."""

    ufrag: str
    password: Secret
    fingerprint: Fingerprint
    candidates: tuple[Candidate, ...]
    session_id: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What we send on an m-line. `stream` and `track` are the ids of the MediaStream and the track in the browser."""

    ssrc: int
    cname: str
    stream: str
    track: str
    rtx_ssrc: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is answered to one m-line: `codecs` and `extensions` chosen of the offered ones, with what we say of them.

    `direction` is ours: RECVONLY for a publisher, SENDONLY for a viewer, then with `sending`.
    """

    codecs: tuple[Codec, ...]
    direction: Direction
    rtx: Mapping[int, int] = field(default_factory=dict)
    extensions: Mapping[int, str] = field(default_factory=dict)
    sending: Sending | None = None
