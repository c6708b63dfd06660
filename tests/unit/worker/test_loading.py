"""Loading: a plain relay's memory has nothing in it that only mixes need."""

import subprocess
import sys
from dataclasses import replace

from tailrace.ids import Room, SdkAppId, Stream, UserId
from tailrace.model.mix import LayoutVolume, Mix, Sei
from tailrace.model.plan import Plan
from tailrace.worker.loading import needs_more

ROOM = Room(SdkAppId(1400000001), "stage", numeric=False)
RELAY = Plan(ROOM, UserId("robot"), (), source=Stream(ROOM, UserId("anna")))
LOADED = """
import sys
from tailrace.worker import loading
loading.{what}()
print(*sorted({{"numpy", "PIL", "httpx"}} & sys.modules.keys()))
"""


def loaded(what: str) -> list[str]:
    """Return which of the large libraries a process has that forks children."""
    return subprocess.run(
        [sys.executable, "-c", LOADED.format(what=what)], check=True, capture_output=True, text=True
    ).stdout.split()


def test_what_forks_relays_has_loaded_nothing_that_only_mixes_need() -> None:
    assert loaded("for_relays") == []


def test_what_forks_mixes_has_loaded_all() -> None:
    assert loaded("for_mixes") == ["PIL", "httpx", "numpy"]


def test_mixes_and_relays_whose_sound_is_measured_need_more() -> None:
    assert not needs_more(RELAY)
    assert needs_more(replace(RELAY, source=None, mix=Mix()))
    assert needs_more(replace(RELAY, sei=Sei(LayoutVolume("", 100, 1.0, False))))
