"""RTCP datagrams: a compound of reports and feedback <-> a list of values."""

from collections.abc import Iterable

from tailrace.wire.rtp.rtcp_feedback import (
    APPLICATION,
    FIR,
    NACK,
    PLI,
    Fir,
    Nack,
    Pli,
    Remb,
    parse_application,
    parse_fir,
    parse_nack,
    parse_pli,
)
from tailrace.wire.rtp.rtcp_frame import Frame, Type, cut
from tailrace.wire.rtp.rtcp_report import (
    Bye,
    ReceiverReport,
    ReportBlock,
    Sdes,
    SenderReport,
    parse_bye,
    parse_receiver_report,
    parse_sdes,
    parse_sender_report,
)
from tailrace.wire.rtp.rtcp_transport import FORMAT as TRANSPORT_WIDE
from tailrace.wire.rtp.rtcp_transport import TransportFeedback, parse_transport

__all__ = [
    "Bye",
    "Fir",
    "Nack",
    "Pli",
    "ReceiverReport",
    "Remb",
    "ReportBlock",
    "Rtcp",
    "Sdes",
    "SenderReport",
    "TransportFeedback",
    "encode_compound",
    "parse_compound",
]

Rtcp = SenderReport | ReceiverReport | Sdes | Bye | Nack | Pli | Fir | Remb | TransportFeedback


def parse_compound(data: bytes) -> list[Rtcp]:
    """Read a datagram, also one of reduced size (RFC 5506). Types that are not named here are left out (RFC 3550
    6.3.1). Raises PeerError when any packet is malformed."""
    found: list[Rtcp] = []
    for frame in cut(data):
        found += _parse(frame)
    return found


def encode_compound(packets: Iterable[Rtcp]) -> bytes:
    """Return one datagram of `packets`, of which a report should be the first (RFC 3550 6.1)."""
    return b"".join(packet.encode() for packet in packets)


def _parse(frame: Frame) -> Iterable[Rtcp]:
    match frame.type, frame.blocks:
        case Type.SENDER_REPORT, _:
            return (parse_sender_report(frame),)
        case Type.RECEIVER_REPORT, _:
            return (parse_receiver_report(frame),)
        case Type.SDES, _:
            return parse_sdes(frame)
        case Type.BYE, _:
            return (parse_bye(frame),)
        case Type.TRANSPORT_FEEDBACK, format_ if format_ == NACK:
            return (parse_nack(frame),)
        case Type.TRANSPORT_FEEDBACK, format_ if format_ == TRANSPORT_WIDE:
            return (parse_transport(frame),)
        case Type.PAYLOAD_FEEDBACK, format_ if format_ == PLI:
            return (parse_pli(frame),)
        case Type.PAYLOAD_FEEDBACK, format_ if format_ == FIR:
            return (parse_fir(frame),)
        case Type.PAYLOAD_FEEDBACK, format_ if format_ == APPLICATION:
            return parse_application(frame)
    return ()
