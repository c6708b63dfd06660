"""A rolling restart: each process of a cluster is stopped and started in turn while callers call; nobody notices."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import ffmpeg_missing
from tests.harness.served import Served
from tests.harness.waiting import eventually
from tests.integration.chaos.caller import ROOM, USER, Caller
from tests.integration.chaos.promises import broken
from tests.integration.chaos.steady import SteadyPublisher
from tests.media.film import FPS, RED, make_film

# The promise is 1 s for each stop at the CDN; the machine may be busy with other tests.
MOST_GAP = 5.0
_ROOMY = {"TAILRACE_WORKER__MAX_CPU": "0", "TAILRACE_WORKER__MAX_MEMORY": "0"}
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc"),
    pytest.mark.skipif(bool(ffmpeg_missing()), reason="nobody can publish"),
]


class Cluster:
    """Servers with one role each, on one nats-server."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._made = 0
        self._settings: dict[str, str] = {}
        self.bus = self._serve("bus")
        self._settings = {"TAILRACE_BUS__URL": self.bus.bus_url(), "TAILRACE_CONFIG": self.bus.ready["config"]}
        self.of = {role: [self._serve(role) for _ in range(n)] for role, n in (("control", 2), ("worker", 2))}
        self.of["ingest"] = [self._serve("ingest")]

    def replace(self, role: str, which: int) -> None:
        """Start another one, then stop the one that was there."""
        old, self.of[role][which] = self.of[role][which], self._serve(role)
        assert old.stop() == 0

    def _serve(self, role: str) -> Served:
        self._made += 1
        folder = self._folder / f"{role}-{self._made}"
        folder.mkdir()
        return self._stack.enter_context(Served(folder, roles=[role], **_ROOMY, **self._settings))


def longest_pause(cdn: HostedCdn, name: str) -> float:
    """Return the longest time in seconds without a picture, over all connections."""
    arrived = sorted(at for stream in cdn.streams(name) for at in list(stream.video_arrived))
    return max(later - earlier for earlier, later in pairwise(arrived))


@pytest.mark.timeout(300)
def test_a_rolling_restart_loses_no_task_and_no_call(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    film = make_film(tmp_path / "red.flv", RED, 1000)
    with ExitStack() as stack:
        cluster = Cluster(tmp_path, stack)
        cdn = stack.enter_context(HostedCdn())
        stack.enter_context(SteadyPublisher(film, lambda: cluster.of["ingest"][0].publish_url(ROOM, USER)))
        cloud = Cloud(cluster.of["control"][0])
        steady = cloud.start(ROOM, USER, [cdn.url("steady")], robot="steady")
        cdn.until("steady", FPS)
        clouds = [Cloud(control) for control in cluster.of["control"]]
        with Caller(clouds, cdn, 1, "rolling") as caller:
            for role, which in (("worker", 0), ("worker", 1)):
                cluster.replace(role, which)
                cdn.until_more("steady", FPS)
            for which in range(2):
                # Callers learn of another address first, as from a load balancer.
                clouds[which] = clouds[1 - which]
                cluster.replace("control", which)
                clouds[which] = Cloud(cluster.of["control"][which])
            cluster.replace("ingest", 0)
            cdn.until_more("steady", FPS)
            nats = cluster.bus.nats()
            served = len(cluster.bus.entries("role ready"))
            os.kill(nats, signal.SIGTERM)
            eventually(lambda: len(cluster.bus.entries("role ready")) > served, "the bus serves again")
            cdn.until_more("steady", FPS)

        record_property("longest_pause_s", longest_pause(cdn, "steady"))
        assert longest_pause(cdn, "steady") < MOST_GAP
        assert clouds[0].describe(steady)["State"] == "running"
        clouds[0].stop(steady)
        assert broken(caller, clouds[0], cdn) == []
        assert caller.answers
