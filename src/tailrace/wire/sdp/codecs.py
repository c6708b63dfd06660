"""Codecs of an m-line: rtpmap, fmtp, rtcp-fb and the retransmission that goes with them."""

from collections.abc import Mapping
from typing import Final

from tailrace.errors import PeerError
from tailrace.wire.sdp.description import Codec
from tailrace.wire.sdp.lines import Section, number, token

# Browsers name 30 payload types; RTP with multiplexed RTCP has no more than 96 of them.
_MAX_CODECS: Final = 128
_MAX_PAYLOAD_TYPE: Final = 127
_MAX_RATE: Final = 1_000_000
_MAX_CHANNELS: Final = 255
_MAX_FEEDBACK: Final = 32
_SPELT: Final = {name.lower(): name for name in ("opus", "H264", "VP8", "VP9", "H265", "AV1", "rtx", "red", "ulpfec")}


def codecs_of(formats: tuple[str, ...], section: Section) -> tuple[tuple[Codec, ...], Mapping[int, int]]:
    """Return the codecs in the order of the m-line, and the retransmissions: payload type to the one it repeats.

    Static payload types without an rtpmap are left out: none of them is of use here. Raises PeerError.
    """
    if len(formats) > _MAX_CODECS:
        raise PeerError(f"an m-line has more than {_MAX_CODECS} payload types")
    order = [number(word, "a payload type", _MAX_PAYLOAD_TYPE) for word in formats]
    fmtp = _by_payload_type(section, "fmtp")
    feedback: dict[int, list[str]] = {}
    everyone: list[str] = []
    for value in section.all("rtcp-fb"):
        which, _, what = value.partition(" ")
        into = everyone if which == "*" else feedback.setdefault(_payload_type(which), [])
        if len(into) >= _MAX_FEEDBACK:
            raise PeerError(f"a payload type has more than {_MAX_FEEDBACK} lines of rtcp-fb")
        into.append(" ".join(what.split()))
    found: list[Codec] = []
    rtx: dict[int, int] = {}
    mapped = _by_payload_type(section, "rtpmap")
    for payload_type in dict.fromkeys(order):
        if payload_type not in mapped:
            continue
        name, rate, channels = _rtpmap(mapped[payload_type])
        parameters = _parameters(fmtp.get(payload_type, ""))
        if name == "rtx":
            if "apt" in parameters:
                rtx[payload_type] = _payload_type(parameters["apt"])
            continue
        said = tuple(dict.fromkeys([*feedback.get(payload_type, ()), *everyone]))
        found.append(Codec(payload_type, name, rate, channels, parameters, said))
    known = {codec.payload_type for codec in found}
    return tuple(found), {repeat: apt for repeat, apt in rtx.items() if apt in known}


def _by_payload_type(section: Section, name: str) -> dict[int, str]:
    """Return the values of `a=<name>:<payload type> <value>`; the first one of each counts."""
    found: dict[int, str] = {}
    for value in section.all(name):
        which, _, rest = value.partition(" ")
        found.setdefault(_payload_type(which), rest.strip())
    return found


def _payload_type(text: str) -> int:
    return number(text.strip(), "a payload type", _MAX_PAYLOAD_TYPE)


def _rtpmap(value: str) -> tuple[str, int, int]:
    name, _, rest = value.partition("/")
    rate, _, channels = rest.partition("/")
    spelt = token(name, "the name of a codec")
    return (
        _SPELT.get(spelt.lower(), spelt),
        number(rate, "the clock rate of a codec", _MAX_RATE),
        number(channels, "the number of channels of a codec", _MAX_CHANNELS) if channels else 1,
    )


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        if name:
            found.setdefault(name.strip().lower(), value.strip())
    return found
