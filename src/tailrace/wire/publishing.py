"""Publishing: what is taken of the offer of one who publishes over WebRTC (RFC 9725 section 4.2, spec/05 section 4).

One codec for each track, and none that was not offered. What cannot be taken as a whole is refused as a whole: there
are no answers that leave a track out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tailrace.errors import OfferUnusable
from tailrace.wire.sdp import MID, Accepted, Codec, Direction, Kind, Media, Offer

TRANSPORT_SEQUENCE: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_EXTENSIONS: Final = (TRANSPORT_SEQUENCE, SEND_TIME, MID)
# Lost sound is asked for again too, where the publisher can: music in a relay is worth the round trip.
_AUDIO_FEEDBACK: Final = ("nack", "transport-cc")
_VIDEO_FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb")
_CLOCK_RATES: Final = {"opus": 48000, "H264": 90000, "VP8": 90000}
# Of what an encoder could do with Opus: silence is sent like all sound, so that a relay need not invent it.
_LEFT_OUT: Final = ("usedtx",)


def choose(offer: Offer, *, prefer_vp8: bool = False) -> tuple[Accepted | None, ...]:
    """Return what is accepted of each m-line; None: it is no track, and rejected. Raises OfferUnusable."""
    tracks = offer.tracks()
    for media in tracks:
        if not media.direction.sends:
            raise OfferUnusable(f"the {media.kind} of the offer only receives; whoever publishes sends (a=sendonly)")
    if not tracks:
        raise OfferUnusable("the offer sends neither sound nor pictures: a=sendonly or a=sendrecv is needed")
    if len({stream for media in tracks for stream in media.streams}) > 1:
        raise OfferUnusable("one session has one MediaStream; the offer's tracks belong to several")
    return tuple(_accepted(media, prefer_vp8) if media in tracks else None for media in offer.media)


def _accepted(media: Media, prefer_vp8: bool) -> Accepted:
    codec = _audio(media.codecs) if media.kind is Kind.AUDIO else _video(media.codecs, prefer_vp8)
    rtx = {repeat: apt for repeat, apt in media.rtx.items() if apt == codec.payload_type}
    extensions = {number: uri for number, uri in media.extensions.items() if uri in _EXTENSIONS}
    return Accepted((codec,), Direction.RECVONLY, rtx, extensions)


def _audio(codecs: Sequence[Codec]) -> Codec:
    for codec in _usable(codecs, ("opus",)):
        # What we would like to get (RFC 7587 section 6.1): browsers send one channel unless they are asked for two.
        fmtp = {name: value for name, value in codec.fmtp.items() if name not in _LEFT_OUT}
        return _answered(codec, {**fmtp, "stereo": "1"}, _AUDIO_FEEDBACK)
    raise OfferUnusable("the offer has no sound that rooms carry; offer Opus at 48000 Hz with 2 channels")


def _video(codecs: Sequence[Codec], prefer_vp8: bool) -> Codec:
    h264 = sorted(_usable(codecs, ("H264",)), key=_h264_rank)
    vp8 = _usable(codecs, ("VP8",))
    if not (usable := [*vp8, *h264] if prefer_vp8 else [*h264, *vp8]):
        raise OfferUnusable("the offer has no pictures that rooms carry; offer H.264 or VP8")
    return _answered(usable[0], usable[0].fmtp, _VIDEO_FEEDBACK)


def _usable(codecs: Iterable[Codec], names: Sequence[str]) -> list[Codec]:
    return [
        codec
        for codec in codecs
        if codec.name in names
        and codec.clock_rate == _CLOCK_RATES[codec.name]
        and (codec.name != "opus" or codec.channels == 2)
    ]


def _h264_rank(codec: Codec) -> tuple[bool, int]:
    """Order H.264's payload types: pictures in several packets first, then baseline, which has no B-frames.

    Constrained baseline is what every encoder of browsers can do; of the others the first offered is taken.
    """
    profile = codec.fmtp.get("profile-level-id", "").lower()
    baseline = 0 if profile.startswith("42e0") else 1 if profile.startswith("42") else 2
    return codec.fmtp.get("packetization-mode") != "1", baseline


def _answered(codec: Codec, fmtp: Mapping[str, str], understood: Sequence[str]) -> Codec:
    feedback = [said for said in codec.feedback if said in understood]
    if "transport-cc" in feedback and "goog-remb" in feedback:
        # One estimate of the line is enough, and the sender's own is the better one.
        feedback.remove("goog-remb")
    return Codec(codec.payload_type, codec.name, codec.clock_rate, codec.channels, fmtp, tuple(feedback))
