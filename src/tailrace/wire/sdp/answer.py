"""Answers: what we accept of an offer, written down. Always ICE-lite, one bundle, multiplexed RTCP."""

from collections.abc import Iterator, Sequence

from tailrace.errors import StateError
from tailrace.wire.sdp.description import Accepted, Candidate, Codec, Local, Media, Offer, Setup

# Addresses stand in the candidates (RFC 8840 section 4.1.1: port 9, address 0.0.0.0).
_NO_ADDRESS = "IN IP4 0.0.0.0"


def answer(offer: Offer, accepted: Sequence[Accepted | None], local: Local) -> str:
    """Return the answer; `accepted` has one entry for each m-line of the offer, None for those that are rejected.

    Raises StateError when they are not as many, or when none is accepted.
    """
    if len(accepted) != len(offer.media) or not any(accepted):
        raise StateError(f"{len(accepted)} answers to {len(offer.media)} m-lines, or none accepted")
    bundle = " ".join(media.mid for media, said in zip(offer.media, accepted, strict=True) if said)
    lines = ["v=0", f"o=- {local.session_id} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    lines += ["a=ice-lite", f"a=group:BUNDLE {bundle}", "a=msid-semantic: WMS *"]
    # We are the DTLS server unless the peer insists on being it.
    setup = Setup.ACTIVE if offer.setup is Setup.PASSIVE else Setup.PASSIVE
    first = True
    for media, said in zip(offer.media, accepted, strict=True):
        if said is None:
            lines += _rejected(media)
            continue
        lines += _accepted(media, said, local, setup)
        if first:
            lines += _candidates(local)
        first = False
    return "\r\n".join((*lines, ""))


def answer_fragment(offer: Offer, local: Local) -> str:
    """Return the body of the answer to an ICE restart (RFC 9725 section 4.3.3): our new credentials and candidates."""
    live = [media for media in offer.media if not media.rejected]
    lines = ["a=ice-lite", f"a=group:BUNDLE {' '.join(media.mid for media in live)}"]
    for media in live[:1]:
        lines += [f"m={media.name} 9 {media.protocol} {' '.join(media.formats)}", f"a=mid:{media.mid}"]
        lines += [*_credentials(local), *_candidates(local)]
    return "\r\n".join((*lines, ""))


def _rejected(media: Media) -> list[str]:
    formats = " ".join(media.formats) or "0"
    return [f"m={media.name} 0 {media.protocol} {formats}", f"c={_NO_ADDRESS}", f"a=mid:{media.mid}", "a=inactive"]


def _accepted(media: Media, said: Accepted, local: Local, setup: Setup) -> Iterator[str]:
    types = [str(number) for number in (*(codec.payload_type for codec in said.codecs), *said.rtx)]
    yield f"m={media.name} 9 {media.protocol} {' '.join(types)}"
    yield f"c={_NO_ADDRESS}"
    yield f"a=mid:{media.mid}"
    yield from _credentials(local)
    yield f"a=fingerprint:{local.fingerprint.algorithm} {local.fingerprint.value}"
    yield f"a=setup:{setup}"
    yield f"a={said.direction}"
    yield "a=rtcp-mux"
    if media.reduced_size:
        yield "a=rtcp-rsize"
    for identifier, uri in said.extensions.items():
        yield f"a=extmap:{identifier} {uri}"
    rates = {codec.payload_type: codec.clock_rate for codec in said.codecs}
    for codec in said.codecs:
        yield from _codec(codec)
    for repeat, repeated in said.rtx.items():
        yield f"a=rtpmap:{repeat} rtx/{rates[repeated]}"
        yield f"a=fmtp:{repeat} apt={repeated}"
    if (sending := said.sending) is None:
        return
    yield f"a=msid:{sending.stream} {sending.track}"
    if sending.rtx_ssrc is not None:
        yield f"a=ssrc-group:FID {sending.ssrc} {sending.rtx_ssrc}"
    for ssrc in filter(None, (sending.ssrc, sending.rtx_ssrc)):
        yield f"a=ssrc:{ssrc} cname:{sending.cname}"
        yield f"a=ssrc:{ssrc} msid:{sending.stream} {sending.track}"


def _codec(codec: Codec) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"
    for said in codec.feedback:
        yield f"a=rtcp-fb:{codec.payload_type} {said}"
    if codec.fmtp:
        parameters = ";".join(f"{name}={value}" if value else name for name, value in codec.fmtp.items())
        yield f"a=fmtp:{codec.payload_type} {parameters}"


def _credentials(local: Local) -> Iterator[str]:
    yield f"a=ice-ufrag:{local.ufrag}"
    yield f"a=ice-pwd:{local.password.reveal()}"


def _candidates(local: Local) -> Iterator[str]:
    yield from (f"a=candidate:{_line(candidate)}" for candidate in local.candidates)
    yield "a=end-of-candidates"


def _line(candidate: Candidate) -> str:
    return (
        f"{candidate.foundation} {candidate.component} {candidate.transport} {candidate.priority} "
        f"{candidate.host} {candidate.port} typ {candidate.type}"
    )
