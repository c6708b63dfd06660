"""Events: what the two RTMP cores report to their drivers. Nothing here prints a stream key."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tailrace.errors import PeerError
from tailrace.wire.rtmp.amf0 import Value

# The longest known query is a UserSig with four more fields.
_MAX_FIELDS = 32


@dataclass(slots=True)
class Audio:
    """A sound message. `payload` is an FLV tag body. Times are un-wrapped: they go on beyond 32 bits."""

    timestamp_ms: int
    payload: bytes


@dataclass(slots=True)
class Video:
    """A picture message, like `Audio`. Not frozen, as that triples the cost of the most frequent objects of all."""

    timestamp_ms: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Metadata:
    """onMetaData: width, height, encoder and so on, as the publisher states them."""

    timestamp_ms: int
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something came that has no meaning for us. `what` is its kind, without content."""

    what: str


@dataclass(frozen=True, slots=True)
class Connected:
    """Server: the client has named the application, and was told to go on."""

    app: str
    flash_version: str


@dataclass(frozen=True, slots=True)
class _Requested:
    """`app` is the first part of the path; `name` what follows it, `query` is split off."""

    app: str
    name: str = field(repr=False)
    query: str = field(repr=False)

    def parameters(self) -> dict[str, str]:
        """Return the decoded fields of the query; of repeated ones, the first counts. Raises PeerError."""
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise PeerError(f"a query of more than {_MAX_FIELDS} fields") from error
        return dict(reversed(pairs))


@dataclass(frozen=True, slots=True)
class PublishRequested(_Requested):
    """Server: the client wants to publish. To be answered by `accept` or `reject`."""


@dataclass(frozen=True, slots=True)
class PlayRequested(_Requested):
    """Server: the client wants to play. To be answered by `accept` or `reject`."""


@dataclass(frozen=True, slots=True)
class Called:
    """Server: the client sent a command that needs no decision, such as releaseStream and FCPublish."""

    command: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Server: the client has ended what was accepted, in order. `command` is what said so."""

    command: str


@dataclass(frozen=True, slots=True)
class Published:
    """Client: the server takes our stream."""


@dataclass(frozen=True, slots=True)
class Playing:
    """Client: the server will send the stream."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Client: the server said no, before or after it had said yes. `code` is as in `NetStream.Publish.BadName`."""

    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Client: the stream that we play has ended on the server."""


Event = (
    Audio
    | Video
    | Metadata
    | Ignored
    | Connected
    | PublishRequested
    | PlayRequested
    | Called
    | Ended
    | Published
    | Playing
    | Refused
    | Finished
)
