"""Viewing: what is taken of the offer of one who watches over WebRTC (spec/05 section 4).

Pictures are passed through, so the codec that is published has to be among those of the offer. Others that rooms carry
are agreed on as well: when the publisher comes back with another codec, the viewer goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from tailrace import ids, unit
from tailrace.errors import OfferUnusable
from tailrace.wire.rtp.outgoing import SentTrack
from tailrace.wire.sdp import MID, Accepted, Codec, Direction, Kind, Media, Offer, Sending

# The other kinds of feedback steer how much is sent, and that is the publisher's business.
_FEEDBACK: Final = ("nack", "nack pli", "ccm fir")
# What both tracks of a viewer belong to in its browser.
_STREAM: Final = "tailrace"
# AAC is published, Opus is heard.
_HEARD_AS: Final = {unit.Codec.AAC: unit.Codec.OPUS}
_RATES: Final = {unit.Codec.OPUS: 48000, unit.Codec.H264: 90000, unit.Codec.VP8: 90000}
_NAMES: Final = {unit.Codec.OPUS: "opus", unit.Codec.H264: "H264", unit.Codec.VP8: "VP8"}
_KINDS: Final = {Kind.AUDIO: ids.Kind.AUDIO, Kind.VIDEO: ids.Kind.VIDEO}


def choose(
    offer: Offer, published: Iterable[unit.Codec], profile: str, cname: str, draw: Callable[[int], int]
) -> tuple[tuple[Accepted | None, ...], tuple[SentTrack, ...]]:
    """Return what is accepted of each m-line, None for a rejected one, and what is sent. Raises OfferUnusable.

    `published` are the stream's codecs as far as they are known, and `profile` the first two hex digits of the
    profile-level-id of its H.264, or nothing. `draw(bits)` returns random bits.
    """
    tracks = offer.tracks()
    for media in tracks:
        if not media.direction.receives:
            raise OfferUnusable(f"the {media.kind} of the offer only sends; whoever watches receives (a=recvonly)")
    if not tracks:
        raise OfferUnusable("the offer receives neither sound nor pictures: a=recvonly is needed")
    sent_as = [_HEARD_AS.get(codec, codec) for codec in published]
    accepted: list[Accepted | None] = []
    sent: list[SentTrack] = []
    for media in offer.media:
        if media not in tracks:
            accepted.append(None)
            continue
        needed = next((codec for codec in sent_as if codec.is_video == (media.kind is Kind.VIDEO)), None)
        said, track = _accepted(media, needed, profile, cname, draw)
        accepted.append(said)
        sent.append(track)
    return tuple(accepted), tuple(sent)


def _accepted(
    media: Media, needed: unit.Codec | None, profile: str, cname: str, draw: Callable[[int], int]
) -> tuple[Accepted, SentTrack]:
    chosen: dict[unit.Codec, Codec] = {}
    for codec in _NAMES:
        usable = [offered for offered in media.codecs if _usable(offered, codec)]
        if usable and codec.is_video == (media.kind is Kind.VIDEO):
            chosen[codec] = min(usable, key=lambda offered: _strangeness(offered, profile))
    if needed is not None and needed not in chosen:
        raise OfferUnusable(f"the stream's {media.kind} is {_NAMES[needed]}, which the offer does not have")
    if not chosen:
        raise OfferUnusable(f"the {media.kind} of the offer has no codec that rooms carry")
    order = sorted(chosen.values(), key=lambda codec: codec is not chosen.get(needed or unit.Codec.H264))
    types = {codec.payload_type for codec in order}
    # One retransmission for each, and only on one's own SSRC (RFC 4588 section 5.3).
    rtx = {apt: repeat for repeat, apt in media.rtx.items() if apt in types}
    ssrc, rtx_ssrc = _ssrcs(draw)
    # The highest bit stays clear, so that SRTP's count of wraps is not ambiguous at the start (RFC 3711 section 3.3.1).
    extension = next((number for number, uri in media.extensions.items() if uri == MID), 0)
    track = SentTrack(
        _KINDS[media.kind],
        media.mid,
        ssrc,
        {codec: said.payload_type for codec, said in chosen.items()},
        draw(15),
        draw(32),
        rtx_ssrc=rtx_ssrc if rtx else 0,
        rtx=rtx,
        mid_id=extension,
    )
    said = Accepted(
        tuple(_answered(codec) for codec in order),
        Direction.SENDONLY,
        {repeat: apt for apt, repeat in rtx.items()},
        {extension: MID} if extension else {},
        Sending(ssrc, cname, _STREAM, media.kind.value, rtx_ssrc if rtx else None),
    )
    return said, track


def _usable(offered: Codec, codec: unit.Codec) -> bool:
    if offered.name != _NAMES[codec] or offered.clock_rate != _RATES[codec]:
        return False
    match codec:
        case unit.Codec.H264:
            # Pictures are larger than packets, which the other mode cannot cut up (RFC 6184 section 6.2).
            return offered.fmtp.get("packetization-mode") == "1"
        case unit.Codec.OPUS:
            return offered.channels == 2
    return True


def _strangeness(offered: Codec, profile: str) -> bool:
    """Order the payload types of H.264: the published profile first. Browsers decode all that they have anyway."""
    return offered.fmtp.get("profile-level-id", "42").lower()[:2] != profile.lower()


def _answered(codec: Codec) -> Codec:
    feedback = tuple(said for said in codec.feedback if said in _FEEDBACK)
    # The stereo parameter says what its writer likes to receive (RFC 7587 section 6.1), and we receive nothing; but
    # Chromium plays one channel of two unless it stands in the answer, too.
    fmtp: Mapping[str, str] = {**codec.fmtp, "stereo": "1"} if codec.name == "opus" else codec.fmtp
    return Codec(codec.payload_type, codec.name, codec.clock_rate, codec.channels, fmtp, feedback)


def _ssrcs(draw: Callable[[int], int]) -> Sequence[int]:
    """Draw two that differ, and from 0."""
    first = draw(31) + 1
    return first, first + 1
