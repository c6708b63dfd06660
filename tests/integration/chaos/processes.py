"""Processes: those of running servers, by what they are."""

import json
import os
import signal

from tests.harness.processes import children_of
from tests.harness.served import Served
from tests.integration.chaos.blows import Blow


class Processes:
    """Finds the processes of several servers. A log is read on from where it was left: storms last for hours."""

    def __init__(self, *servers: Served) -> None:
        self._roles: list[dict[str, int]] = [{} for _ in servers]
        self._logs = [(server.log_file, roles) for server, roles in zip(servers, self._roles, strict=True)]
        self._read = [0 for _ in servers]

    def of(self, kind: str) -> list[int]:
        """Return the ids of all processes of a kind of `VICTIMS`; those that start just now may be missing."""
        self._look()
        workers = [roles["worker"] for roles in self._roles if "worker" in roles]
        match kind:
            case "zygote":
                return [zygote for worker in workers for zygote in children_of(worker)]
            case "child":
                return [child for zygote in self.of("zygote") for child in children_of(zygote)]
            case "nats-server":
                return [nats for roles in self._roles if "bus" in roles for nats in children_of(roles["bus"])]
            case role:
                return [roles[role] for roles in self._roles if role in roles]

    def strike(self, blow: Blow, number: int) -> bool:
        """Send a signal to the process that a blow means; false when there is none, or it has just ended."""
        found = self.of(blow.victim)
        if not found:
            return False
        self._hit = found[int(blow.which * len(found))]
        return self._send(number)

    def thaw(self) -> None:
        """Let the process go on that was frozen last."""
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> bool:
        try:
            os.kill(self._hit, number)
        except ProcessLookupError:
            return False
        return True

    def _look(self) -> None:
        for index, (file, roles) in enumerate(self._logs):
            with file.open("rb") as log:
                log.seek(self._read[index])
                *whole, _ = log.read().split(b"\n")
            self._read[index] += sum(len(line) + 1 for line in whole)
            for line in whole:
                if b'"role started"' in line:
                    entry = json.loads(line)
                    roles[entry["role"]] = int(entry["pid"])
