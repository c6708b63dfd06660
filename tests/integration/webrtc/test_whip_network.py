"""WHIP over a bad network: what is lost is mended, and nothing stands still for long."""

import asyncio
import time
from itertools import pairwise
from urllib.parse import urlsplit

from tailrace.secret import Secret
from tailrace.unit import Codec, Unit
from tests.fakes.lossy_udp import LossyUdp
from tests.harness.ingest import IngestProcess, stream_of
from tests.harness.subscriber import subscribed
from tests.harness.whip_publisher import publishing

SECONDS = 12.0
# The promise of the issue, at 5 % loss and 50 ms of jitter.
LONGEST_FREEZE = 1.0


def test_five_percent_loss_and_jitter_freeze_nothing_for_a_second(ingest: IngestProcess, nats_url: Secret) -> None:
    async def run() -> list[tuple[float, Unit]]:
        came: list[tuple[float, Unit]] = []
        async with (
            LossyUdp(("127.0.0.1", urlsplit(ingest.webrtc).port or 0)) as network,
            subscribed(nats_url, stream_of("lossy", "anna")) as seen,
            publishing(
                ingest.whip("lossy", "anna"),
                ingest.token("anna"),
                via=lambda answer: answer.replace(f" {urlsplit(ingest.webrtc).port} typ", f" {network.port} typ"),
            ),
        ):
            await seen.until(lambda: len(seen.units) > 30)
            network.loss, network.jitter = 0.05, 0.05
            begin, noted = time.monotonic(), [len(seen.units)]

            def note() -> bool:
                now = time.monotonic()
                came.extend((now, unit) for unit in seen.units[noted[0] :])
                noted[0] = len(seen.units)
                return now - begin > SECONDS

            await seen.until(note, SECONDS * 2)
            assert network.dropped > 30
        return came

    came = asyncio.run(run())

    for codec in (Codec.H264, Codec.OPUS):
        track = [(at, unit) for at, unit in came if unit.codec is codec]
        assert len(track) > SECONDS * 15
        assert max(later - earlier for (earlier, _), (later, _) in pairwise(track)) < LONGEST_FREEZE
        assert all(before.pts_us < after.pts_us for (_, before), (_, after) in pairwise(track))
    # No drift: against the time at which they come, both tracks lie at the end as they lay in the middle. In the first
    # third the sender's reports still move them together, by as much as the network held the first packets up.
    third = len(came) // 3
    assert abs(apart(came[third : 2 * third]) - apart(came[-third:])) < 0.1


def apart(came: list[tuple[float, Unit]]) -> float:
    """Return by how many seconds the picture's times are ahead of the sound's, going by those that came soonest."""
    picture, sound = (
        min(at - unit.pts_us / 1e6 for at, unit in came if unit.codec is codec) for codec in (Codec.H264, Codec.OPUS)
    )
    return sound - picture
