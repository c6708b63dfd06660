"""What all tests share: one real nats-server for each process of a run, and what a busy machine may disturb."""

import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tailrace.bus.embedded import EmbeddedServer
from tailrace.secret import Secret
from tests.harness.metronome import STALL, STOLEN, Metronome, stolen, times
from tests.harness.nats import nats_server_in

# How long an example takes, and is looked for, says something of the machine only.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_TESTS = Path(__file__).parent

# A browser draws with more threads than there are processors: these are not run beside many.
_BROWSER = ("integration/console/",)
# Their verdict is on how evenly media comes out, second by second or frame by frame: these too.
_REAL_TIME = (
    "integration/chaos/",
    "integration/feedback/",
    "integration/mix/",
    "integration/mix_pictures/",
    "integration/relay/test_browsers",
    "integration/relay/test_destinations",
    "integration/relay/test_gaps",
    "integration/serve/test_demo_verdict",
    "integration/update/",
    "integration/webrtc/test_whip_hostile",
    "integration/webrtc/test_whip_network",
    "integration/webrtc/test_whip_relay",
    "integration/whep/test_watching",
    "peers/test_whip_chromium",
    "unit/media/test_mixer",
)
# Real processes and real time. What is wrong is wrong each time; what a neighbour on the same machine disturbs is not.
_DISTURBED = ("integration/", "peers/")
# Attempts after the first one. All of them are told of at the end of the run.
_RERUNS = 2
_BEGAN = pytest.StashKey[tuple[Metronome, float, tuple[int, int]]]()
_DISTURBANCES = pytest.StashKey[list[str]]()


def pytest_configure() -> None:
    """Let SIGINT interrupt: who is started in the background ignores it, and so would all that is started here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is run alone, and what may be tried again."""
    beside_others = hasattr(config, "workerinput")
    for item in items:
        place = item.path.relative_to(_TESTS).as_posix()
        if place.startswith(_REAL_TIME):
            item.add_marker("real_time")
            item.stash[_DISTURBANCES] = []
        if place.startswith((*_REAL_TIME, *_BROWSER)):
            item.add_marker("alone")
        # What fails beside others is run again alone (.ci/tests), and not there and then.
        if place.startswith((*_REAL_TIME, *_DISTURBED)) and not beside_others:
            item.add_marker(pytest.mark.flaky(reruns=_RERUNS))


@pytest.fixture(scope="session")
def metronome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metronome]:
    """Says whether the machine stood still."""
    with Metronome(tmp_path_factory.mktemp("metronome") / "stalls") as running:
        yield running


@pytest.fixture(autouse=True)
def _timed(request: pytest.FixtureRequest) -> None:
    """Note when a test in real time begins, and what time its machine had so far."""
    if request.node.get_closest_marker("real_time"):
        metronome = request.getfixturevalue("metronome")
        request.node.stash[_BEGAN] = metronome, time.monotonic(), times()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give no verdict on a test in real time that failed each time, while the machine stood still each time."""
    report = yield
    began = item.stash.get(_BEGAN, None)
    if began is not None and report.when == "call" and report.failed:
        metronome, since, before = began
        stall, part = metronome.longest_stall(since), stolen(before, times())
        if stall >= STALL or part >= STOLEN:
            told = item.stash[_DISTURBANCES]
            told.append(f"the machine stood still for {stall:.2f} s, and {part:.0%} of its time was stolen")
            if len(told) > _RERUNS:
                why = "no verdict: " + "; ".join(told)
                report.outcome = "skipped"
                report.longrepr = (str(item.path), item.reportinfo()[1] or 0, f"{why}\n{report.longreprtext}")
    return report


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A nats-server on a free port, for all tests of one process: use names of your own, and leave this one running."""
    with nats_server_in(tmp_path_factory.mktemp("bus")) as server:
        yield server


@pytest.fixture(scope="session")
def nats_url(nats_server: EmbeddedServer) -> Secret:
    """The address of `nats_server`, with its credentials."""
    return nats_server.url
