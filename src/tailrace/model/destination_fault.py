"""Destination fault: what is wrong with a push, as a number and whose fault it is: ErrorCode and ErrorMsg.

The numbers are public (docs/destinations.md, which a test compares with this table) and never change their meaning. The
first digit says who can do something about it.
"""

from enum import IntEnum

from tailrace.errors import (
    AddressForbidden,
    CallerError,
    DestinationGarbled,
    DestinationLost,
    DestinationNameUnknown,
    DestinationRefused,
    DestinationSilent,
    DestinationStalled,
    DestinationUntrusted,
    TailraceError,
)


class Fault(IntEnum):
    """ErrorCode."""

    NONE = 0
    URL_WRONG = 11
    NAME_UNKNOWN = 12
    ADDRESS_FORBIDDEN = 13
    REFUSED = 20
    NAME_REFUSED = 21
    KEY_REFUSED = 22
    APP_REFUSED = 23
    UNREACHABLE = 31
    SILENT = 32
    LOST = 33
    GARBLED = 34
    UNTRUSTED = 41
    NOT_TAKING = 51
    TOO_SLOW = 52
    TASK_ENDED = 61


# How ErrorMsg begins.
WORDS: dict[Fault, str] = {
    Fault.URL_WRONG: "the URL is wrong",
    Fault.NAME_UNKNOWN: "the host name of the URL has no address",
    Fault.ADDRESS_FORBIDDEN: "the address of the URL is not allowed here",
    Fault.REFUSED: "the CDN refused the stream",
    Fault.NAME_REFUSED: "the CDN refused the stream's name, which may be in use",
    Fault.KEY_REFUSED: "the CDN does not allow this stream, by its key or its rights",
    Fault.APP_REFUSED: "the CDN refused the connection, by the URL's application or its rights",
    Fault.UNREACHABLE: "the network or the CDN: no connection",
    Fault.SILENT: "the network or the CDN: no answer",
    Fault.LOST: "the network or the CDN: the connection was lost",
    Fault.GARBLED: "the CDN does not speak RTMP as it should",
    Fault.UNTRUSTED: "TLS with the CDN failed",
    Fault.NOT_TAKING: "the CDN does not take the media",
    Fault.TOO_SLOW: "the network or the CDN is too slow: pictures are dropped",
    Fault.TASK_ENDED: "the task ended unasked",
}

# Status codes of RTMP servers, by their beginning, as Adobe Media Server has them and the others after it.
_REFUSALS: tuple[tuple[str, Fault], ...] = (
    ("NetStream.Publish.BadName", Fault.NAME_REFUSED),
    ("NetStream.Publish.", Fault.KEY_REFUSED),
    ("NetConnection.Connect.", Fault.APP_REFUSED),
)
# A class that is derived from another one stands before it.
_ERRORS: tuple[tuple[type[TailraceError], Fault], ...] = (
    (CallerError, Fault.URL_WRONG),
    (DestinationNameUnknown, Fault.NAME_UNKNOWN),
    (AddressForbidden, Fault.ADDRESS_FORBIDDEN),
    (DestinationSilent, Fault.SILENT),
    (DestinationUntrusted, Fault.UNTRUSTED),
    (DestinationStalled, Fault.NOT_TAKING),
    (DestinationGarbled, Fault.GARBLED),
    (DestinationLost, Fault.LOST),
)


def fault_of(error: TailraceError) -> Fault:
    """Return what an error of a try or of a connection is; UNREACHABLE when nothing more is known."""
    if isinstance(error, DestinationRefused):
        return next((fault for begin, fault in _REFUSALS if error.code.startswith(begin)), Fault.REFUSED)
    return next((fault for kind, fault in _ERRORS if isinstance(error, kind)), Fault.UNREACHABLE)


def message_of(fault: Fault, details: str = "") -> str:
    """Return ErrorMsg: whose fault it is, then what exactly was seen."""
    return f"{WORDS[fault]}: {details}" if details else WORDS[fault]
