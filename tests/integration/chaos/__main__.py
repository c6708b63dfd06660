"""`python -m tests.integration.chaos [--seconds N] [--seed N]`: the storm of the tests, for as long as you like."""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.chaos.storm import rage
from tests.media.film import RED, make_film


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=...")
    parser.add_argument("--seconds", type=float, default=900.0, help="how long; 900 unless given")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="repeat this one")
    asked = parser.parse_args()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:8.1f}  {what}", flush=True)

    say(f"seed {asked.seed}; again with ARGS='--seed {asked.seed} --seconds {asked.seconds:g}'")
    with tempfile.TemporaryDirectory(prefix="tailrace-soak-") as folder:
        film = make_film(Path(folder) / "red.flv", RED, 1000)
        try:
            rage(Path(folder), film, asked.seed, asked.seconds, say)
        except AssertionError as error:
            say(str(error))
            return 1
    say("no promise was broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
