"""Offers and trickled fragments: text of a peer to values. What is wrong with it is said in a PeerError."""

import re
from typing import Final

from tailrace.errors import PeerError
from tailrace.secret import Secret
from tailrace.wire.sdp.codecs import codecs_of
from tailrace.wire.sdp.description import Candidate, Direction, Fingerprint, Fragment, Kind, Media, Offer, Setup
from tailrace.wire.sdp.lines import Section, number, sections, token

_UINT32: Final = 2**32 - 1
_MAX_PORT: Final = 65535
# Ids of one-byte and two-byte header extensions (RFC 8285); 15 is reserved in the one-byte form.
_MAX_EXTENSION: Final = 255
# Browsers name a dozen. They are read anew for each m-line, since those of the session are of all.
_MAX_EXTMAPS: Final = 64
# A browser names 2 for each track, 6 when it sends three sizes of one picture.
_MAX_SSRCS: Final = 64
# A machine with many addresses gathers some dozens.
_MAX_CANDIDATES: Final = 256
# RFC 8839 section 5.4.
_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")
# Digests that are worth trusting (RFC 8122 section 5), the one that everybody has first.
_DIGESTS: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_HEX: Final = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*")


def parse_offer(text: str) -> Offer:
    """Read a browser's offer. Raises PeerError that names what is wrong or not supported."""
    session, *rest = sections(text)
    if not text.startswith("v=0"):
        raise PeerError("the SDP does not begin with v=0")
    if not rest:
        raise PeerError("the offer has no m-line")
    bundle = _bundle(session)
    media = tuple(_media(section, session, bundle, index) for index, section in enumerate(rest))
    if len({one.mid for one in media}) != len(media):
        raise PeerError("two m-lines of the offer have the same mid")
    live = [one for one in media if not one.rejected and one.kind is not Kind.OTHER]
    if len(live) > 1 and not all(one.bundled for one in live):
        raise PeerError("the m-lines of the offer are not bundled (a=group:BUNDLE): one transport is needed for all")
    carrier = _carrier(rest, media, bundle)
    ufrag, password = _credentials(carrier, session)
    if not ufrag:
        raise PeerError("the offer has no ice-ufrag and ice-pwd")
    return Offer(media, ufrag, password, _fingerprint(carrier, session), _setup(carrier, session))


def parse_fragment(text: str) -> Fragment:
    """Read the body of a PATCH, `application/trickle-ice-sdpfrag` (RFC 8840). Raises PeerError."""
    session, *rest = sections(text)
    parts = [session, *rest]
    with_credentials = next((part for part in parts if part.has("ice-ufrag")), session)
    ufrag, password = _credentials(with_credentials, session)
    found = [value for part in parts for value in part.all("candidate")]
    if len(found) > _MAX_CANDIDATES:
        raise PeerError(f"the fragment has more than {_MAX_CANDIDATES} candidates")
    end = any(part.has("end-of-candidates") for part in parts)
    if not (ufrag or found or end):
        raise PeerError("the fragment has neither candidates nor an ice-ufrag")
    return Fragment(ufrag, password, tuple(map(_candidate, found)), end)


def _bundle(session: Section) -> tuple[str, ...]:
    groups = [words[1:] for value in session.all("group") if (words := value.split()) and words[0] == "BUNDLE"]
    return tuple(groups[0]) if groups else ()


def _carrier(parts: list[Section], media: tuple[Media, ...], bundle: tuple[str, ...]) -> Section:
    """Return the m-line whose transport all use: the first of the bundle (RFC 9143), or the only one."""
    pairs = list(zip(parts, media, strict=True))
    by_mid = {one.mid: part for part, one in pairs if not one.rejected}
    tagged = [by_mid[mid] for mid in bundle if mid in by_mid]
    return tagged[0] if tagged else next((part for part, one in pairs if not one.rejected), parts[0])


def _media(section: Section, session: Section, bundle: tuple[str, ...], index: int) -> Media:
    name, port, protocol, *formats = (*section.head.split(" "), "", "", "")[: max(3, section.head.count(" ") + 1)]
    token(name, "the kind of an m-line")
    if any(not letter.isalnum() and letter not in "/._-" for letter in protocol) or not protocol:
        raise PeerError("the protocol of an m-line is not one")
    formats = [token(word, "a format of an m-line") for word in formats if word]
    rejected = number(port, "the port of an m-line", _MAX_PORT) == 0 and not section.has("bundle-only")
    mid = token(section.first("mid") or str(index), "a mid")
    kind = Kind(name) if name in (Kind.AUDIO, Kind.VIDEO) and "SAVP" in protocol else Kind.OTHER
    if name in (Kind.AUDIO, Kind.VIDEO) and kind is Kind.OTHER and not rejected:
        raise PeerError(f"the m-line of {name} is not for DTLS-SRTP: UDP/TLS/RTP/SAVPF is needed")
    live = kind is not Kind.OTHER and not rejected
    if live and not (section.has("rtcp-mux") or session.has("rtcp-mux")):
        raise PeerError(f"the m-line of {name} has no rtcp-mux: RTCP must come on the same transport")
    codecs, rtx = codecs_of(tuple(formats), section) if live else ((), {})
    ssrcs, rtx_ssrcs = _sources(section)
    return Media(
        kind=kind,
        mid=mid,
        direction=_direction(section, session),
        codecs=codecs,
        extensions=_extensions(session) | _extensions(section),
        ssrcs=ssrcs,
        rtx=rtx,
        rtx_ssrcs=rtx_ssrcs,
        streams=_streams(section),
        bundled=mid in bundle,
        rejected=rejected,
        reduced_size=section.has("rtcp-rsize"),
        name=name,
        protocol=protocol,
        formats=tuple(formats),
    )


def _direction(section: Section, session: Section) -> Direction:
    for part in (section, session):
        for direction in Direction:
            if part.has(direction):
                return direction
    return Direction.SENDRECV


def _extensions(section: Section) -> dict[int, str]:
    found: dict[int, str] = {}
    said = list(section.all("extmap"))
    if len(said) > _MAX_EXTMAPS:
        raise PeerError(f"the SDP has more than {_MAX_EXTMAPS} lines of extmap in one place")
    for value in said:
        which, _, rest = value.partition(" ")
        uri = rest.strip().partition(" ")[0]
        identifier = number(which.partition("/")[0], "the id of an extmap", 4096 + _MAX_EXTENSION)
        # From 4096 on they are only spare ids of an offer (RFC 8285 section 6).
        if 0 < identifier <= _MAX_EXTENSION and uri:
            found.setdefault(identifier, uri)
    return found


def _sources(section: Section) -> tuple[tuple[int, ...], dict[int, int]]:
    found = dict.fromkeys(number(value.partition(" ")[0], "an SSRC", _UINT32) for value in section.all("ssrc"))
    if len(found) > _MAX_SSRCS:
        raise PeerError(f"an m-line has more than {_MAX_SSRCS} SSRCs")
    repeats: dict[int, int] = {}
    for value in section.all("ssrc-group"):
        semantics, *words = value.split()[: _MAX_SSRCS + 1] or ("",)
        if semantics == "FID" and len(words) == 2:
            first, second = (number(word, "an SSRC", _UINT32) for word in words)
            repeats[second] = first
    return tuple(ssrc for ssrc in found if ssrc not in repeats), repeats


def _streams(section: Section) -> tuple[str, ...]:
    said = [value.partition(" ")[0] for value in section.all("msid")]
    # The older form: a=ssrc:<ssrc> msid:<stream> <track>.
    for value in section.all("ssrc"):
        attribute = value.partition(" ")[2]
        if attribute.startswith("msid:"):
            said.append(attribute.removeprefix("msid:").partition(" ")[0])
    return tuple(dict.fromkeys(word for word in said if word and word != "-"))


def _credentials(section: Section, session: Section) -> tuple[str, Secret]:
    ufrag = section.first("ice-ufrag") or session.first("ice-ufrag")
    password = section.first("ice-pwd") or session.first("ice-pwd")
    if ufrag is None and password is None:
        return "", Secret("")
    if not (ufrag and _UFRAG.fullmatch(ufrag)):
        raise PeerError("ice-ufrag is not 4 to 256 letters, digits, + and /")
    if not (password and _PASSWORD.fullmatch(password)):
        raise PeerError("ice-pwd is not 22 to 256 letters, digits, + and /")
    return ufrag, Secret(password)


def _fingerprint(section: Section, session: Section) -> Fingerprint:
    said: dict[str, str] = {}
    for value in [*section.all("fingerprint"), *session.all("fingerprint")]:
        algorithm, _, digest = value.partition(" ")
        said.setdefault(algorithm.lower(), digest.strip().upper())
    for algorithm, size in _DIGESTS.items():
        if algorithm in said:
            digest = said[algorithm]
            if not _HEX.fullmatch(digest) or len(digest) != 3 * size - 1:
                raise PeerError(f"the {algorithm} fingerprint is not {size} bytes in hexadecimal")
            return Fingerprint(algorithm, digest)
    raise PeerError(f"the offer has no DTLS fingerprint of {', '.join(_DIGESTS)}")


def _setup(section: Section, session: Section) -> Setup:
    # An offer without it is active (RFC 4145 section 4).
    said = section.first("setup") or session.first("setup") or Setup.ACTIVE
    try:
        return Setup(said)
    except ValueError:
        raise PeerError("setup is none of actpass, active and passive") from None


def _candidate(value: str) -> Candidate:
    words = value.split()
    if len(words) < 8 or words[6] != "typ":
        raise PeerError("a candidate is not of the form <foundation> <component> <transport> ... typ <type>")
    return Candidate(
        foundation=token(words[0], "the foundation of a candidate"),
        component=number(words[1], "the component of a candidate", 256),
        transport=token(words[2], "the transport of a candidate").lower(),
        priority=number(words[3], "the priority of a candidate", _UINT32),
        host=words[4],
        port=number(words[5], "the port of a candidate", _MAX_PORT),
        type=token(words[7], "the type of a candidate"),
    )
