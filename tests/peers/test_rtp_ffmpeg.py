"""ffmpeg as a sender of plain RTP: its packets, sender reports and timestamps are received like a browser's."""

import select
import socket
import time
from collections import Counter
from contextlib import ExitStack

import av
import pytest

from tailrace.unit import Codec, Unit
from tailrace.wire import h264, sdp
from tailrace.wire.rtp.receiver import ReceivedTrack, Receiver
from tests.harness.ffmpeg import PICTURE, TONE, Ffmpeg
from tests.harness.publisher import ffmpeg_missing

pytestmark = pytest.mark.skipif(bool(ffmpeg_missing()), reason=ffmpeg_missing())

SECONDS = 4
PICTURES_PER_SECOND = 25
VIDEO_PT, AUDIO_PT = 96, 111
OPUS = ("-c:a", "libopus", "-b:a", "48k", "-ac", "2")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-b:v", "500k")
# Four slices, so that a picture has NAL units of all sizes.
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "25")
SLICED = ("-x264-params", "slices=4:sliced-threads=0", "-b:v", "1M")


def received(name: str, *video: str) -> list[Unit]:
    """Return the units of what ffmpeg sends as a picture of the codec `name` and as a tone."""
    codecs = sdp.Codec(VIDEO_PT, name, 90_000), sdp.Codec(AUDIO_PT, "opus", 48_000, 2)
    tracks = [
        ReceivedTrack(sdp.Kind.VIDEO, codecs[:1], {}, {}),
        ReceivedTrack(sdp.Kind.AUDIO, codecs[1:], {}, {}),
    ]
    ours, units = Receiver(tracks, 1, 1), list[Unit]()
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(4)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        ports = [each.getsockname()[1] for each in sockets]
        to = [f"rtp://127.0.0.1:{ports[at]}?rtcpport={ports[at + 1]}&pkt_size=1200" for at in (0, 2)]
        inputs = ("-re", *PICTURE, "-re", *TONE, "-t", str(SECONDS))
        sending = stack.enter_context(
            Ffmpeg(
                *(*inputs, "-map", "0:v", *video, "-payload_type", str(VIDEO_PT), "-f", "rtp", to[0]),
                *("-map", "1:a", "-t", str(SECONDS), *OPUS, "-payload_type", str(AUDIO_PT), "-f", "rtp", to[1]),
            )
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            readable, _, _ = select.select(sockets, [], [], 0.2)
            if not readable and not sending.running:
                break
            for each in readable:
                data, now = each.recv(2048), time.monotonic()
                if each in (sockets[0], sockets[2]):
                    units += ours.rtp(data, now)
                else:
                    ours.rtcp(data, now)
    assert ours.malformed == 0
    for figures in ours.figures().values():
        assert (figures.lost, figures.malformed, figures.left_out) == (0, 0, 0)
    assert ours.size == (320, 240)
    return units


def decoded(codec: str, units: list[Unit]) -> int:
    """Return how many pictures or samples a decoder makes of the units."""
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.VideoCodecContext | av.AudioCodecContext)
    if codec == "h264":
        context.extradata = units[0].config
    packets = [av.Packet(unit.payload) for unit in units]
    return sum(len(context.decode(packet)) for packet in (*packets, None))


@pytest.mark.parametrize(("codec", "video"), [("H264", (*H264, *SLICED)), ("VP8", VP8)])
def test_all_that_ffmpeg_sends_is_received_and_can_be_decoded(codec: str, video: tuple[str, ...]) -> None:
    units = received(codec, *video)

    pictures = [unit for unit in units if unit.codec.is_video]
    sounds = [unit for unit in units if unit.codec is Codec.OPUS]
    assert {unit.codec for unit in pictures} == {Codec[codec]}
    assert len(pictures) == decoded(codec.lower(), pictures) == SECONDS * PICTURES_PER_SECOND
    assert len(sounds) == decoded("libopus", sounds)
    assert len(sounds) == pytest.approx(SECONDS * 50, abs=2)
    assert [unit.sequence for unit in pictures if unit.key] == list(range(0, SECONDS * PICTURES_PER_SECOND, 25))
    if codec == "H264":
        slices = Counter(sum(nal[0] & 31 in (1, 5) for nal in h264.nal_units(unit.payload)) for unit in pictures)
        assert slices == {4: len(pictures)}
    # Picture n and sound n are of the same moment of what was made up; what Opus looks ahead is 6.5 ms, and ffmpeg's
    # two senders say that they began as far apart as it took to open them, which on a busy machine is 100 ms.
    apart_us = (pictures[-1].pts_us - pictures[-1].sequence * 40_000) - (
        sounds[-1].pts_us - sounds[-1].sequence * 20_000
    )
    assert abs(apart_us) < 400_000
