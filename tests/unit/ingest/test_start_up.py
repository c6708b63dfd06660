"""What ingest loads before anybody comes: idle memory and the time to start are promises."""

import subprocess
import sys

HEAVY = {"OpenSSL", "pylibsrtp", "aioice", "cryptography", "av", "numpy"}


def test_ingest_loads_no_heavy_library_before_the_first_session() -> None:
    script = "import sys, tailrace.ingest.app; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert "tailrace" in loaded
    assert HEAVY.isdisjoint(loaded)
