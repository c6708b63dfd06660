"""SDP of browsers: their offers and trickled fragments read, our answers written. Pure."""

from tailrace.wire.sdp.answer import answer, answer_fragment
from tailrace.wire.sdp.description import (
    MID,
    Accepted,
    Candidate,
    Codec,
    Direction,
    Fingerprint,
    Fragment,
    Kind,
    Local,
    Media,
    Offer,
    Sending,
    Setup,
)
from tailrace.wire.sdp.offer import parse_fragment, parse_offer

__all__ = [
    "MID",
    "Accepted",
    "Candidate",
    "Codec",
    "Direction",
    "Fingerprint",
    "Fragment",
    "Kind",
    "Local",
    "Media",
    "Offer",
    "Sending",
    "Setup",
    "answer",
    "answer_fragment",
    "parse_fragment",
    "parse_offer",
]
