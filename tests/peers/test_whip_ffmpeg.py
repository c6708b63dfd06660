"""FFmpeg 8's own WHIP output publishes into a room: its token, its address of the session, and how it ends."""

import asyncio
import sys
from pathlib import Path

from tailrace.model.presence import Exit
from tailrace.secret import Secret
from tailrace.unit import Codec
from tests.harness.certificate import self_signed
from tests.harness.ingest import LOST_AFTER, IngestProcess, stream_of
from tests.harness.subscriber import subscribed

# What `ffmpeg -f whip -authorization ... -cert_file ... -key_file ...` does, with the FFmpeg that is there.
FFMPEG = """
import fractions, sys, time, av, numpy
url, token, certificate, key = sys.argv[1:]
options = {"authorization": token, "cert_file": certificate, "key_file": key}
output = av.open(url, "w", format="whip", options=options)
picture = output.add_stream("libx264", rate=20, options={"profile": "baseline", "tune": "zerolatency", "g": "20"})
picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
sound = output.add_stream("libopus", rate=48000, layout="stereo")
begin = time.monotonic()
for number in range(60):
    frame = av.VideoFrame.from_ndarray(numpy.full((48, 64, 3), number, numpy.uint8), "rgb24")
    frame.pts, frame.time_base = number, fractions.Fraction(1, 20)
    output.mux(picture.encode(frame))
    samples = av.AudioFrame.from_ndarray(numpy.zeros((1, 4800), numpy.int16), "s16", "stereo")
    samples.sample_rate, samples.pts, samples.time_base = 48000, number * 2400, fractions.Fraction(1, 48000)
    output.mux(sound.encode(samples))
    time.sleep(max(0, begin + number / 20 - time.monotonic()))
output.close()
"""


def test_ffmpeg_publishes_both_tracks_and_ends_in_order(nats_url: Secret, tmp_path: Path) -> None:
    # Built with GnuTLS, it would make a certificate of P-224, a curve that OpenSSL does not know any more.
    self_signed(tmp_path)

    async def run(ingest: IngestProcess) -> None:
        async with subscribed(nats_url, stream_of("ffmpeg", "anna")) as seen:
            words = [ingest.whip("ffmpeg", "anna"), ingest.token("anna")]
            words += [str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")]
            ffmpeg = await asyncio.create_subprocess_exec(sys.executable, "-c", FFMPEG, *words)
            try:
                await seen.until(lambda: len([unit for unit in seen.units if unit.codec is Codec.H264]) > 30)
                presence = await seen.until_present()
                assert (presence.width, presence.height, presence.via) == (64, 48, "whip")
                assert [unit for unit in seen.units if unit.codec is Codec.OPUS]
                async with asyncio.timeout(20):
                    assert await ffmpeg.wait() == 0
                assert await seen.until_absent() < LOST_AFTER * 2
                assert await seen.left() is Exit.ITSELF
            finally:
                if ffmpeg.returncode is None:
                    ffmpeg.kill()
                    await ffmpeg.wait()

    with IngestProcess(nats_url) as ingest:
        asyncio.run(run(ingest))
