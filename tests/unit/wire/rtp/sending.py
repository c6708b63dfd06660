"""What tests of sending need: tracks, pictures and sound without anything in them, and a viewer that loses packets."""

from dataclasses import replace

from tailrace.ids import Kind
from tailrace.unit import Codec
from tailrace.wire.rtp.outgoing import SentTrack
from tailrace.wire.rtp.packet import Packet, parse
from tailrace.wire.rtp.sender import Sendable, Sender

VIDEO = SentTrack(
    Kind.VIDEO, "0", 1111, {Codec.H264: 102, Codec.VP8: 96}, 65530, 5000, rtx_ssrc=2222, rtx={102: 103}, mid_id=4
)
AUDIO = SentTrack(Kind.AUDIO, "1", 3333, {Codec.OPUS: 111}, 100, 0xFFFFF000, mid_id=4)
WITHOUT_RTX = replace(VIDEO, rtx_ssrc=0, rtx={})


def sender(*tracks: SentTrack) -> Sender:
    return Sender(tracks or (VIDEO, AUDIO), "somebody")


def picture(at: float, *, key: bool = False, packets: int = 1, codec: Codec = Codec.H264) -> Sendable:
    """A picture of `packets` packets that is due at `at` seconds."""
    payloads = [bytes((number & 0xFF,)) * 1000 for number in range(packets)]
    return Sendable(codec, round(at * 1_000_000), key, payloads, 1000 * packets)


def sound(at: float) -> Sendable:
    """20 ms of sound that are due at `at` seconds."""
    return Sendable(Codec.OPUS, round(at * 1_000_000), True, [b"opus"], 4)


def read(datagrams: list[bytes]) -> list[Packet]:
    """Return what was sent."""
    return [parse(datagram) for datagram in datagrams]


def since(first: int, later: int) -> int:
    """How far a timestamp is after another one."""
    return (later - first + (1 << 31)) % (1 << 32) - (1 << 31)
