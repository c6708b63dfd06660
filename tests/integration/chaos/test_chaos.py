"""A storm that tests have time for; `make soak` lets it rage for as long as it is told."""

import os
import sys
from pathlib import Path

import pytest

from tests.harness.publisher import ffmpeg_missing
from tests.integration.chaos.storm import rage
from tests.media.film import RED, make_film

# The storm itself, then a minute for all to recover, on a busy machine.
LIMIT = 300


@pytest.mark.timeout(LIMIT)
@pytest.mark.skipif(sys.platform != "linux", reason="a server's processes are found in /proc")
@pytest.mark.skipif(bool(ffmpeg_missing()), reason="nobody can publish")
def test_no_promise_is_broken_whatever_dies_or_stands_still(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "4"))
    print(f"seed {seed}; again with CHAOS_SEED={seed}")

    rage(tmp_path, make_film(tmp_path / "red.flv", RED, 1000), seed, 60.0, print)
