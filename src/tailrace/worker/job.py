"""Job: what a child is told when it is forked, and how it ends."""

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from tailrace.ids import SdkAppId, TaskId
from tailrace.secret import Secret


class Outcome(IntEnum):
    """Exit status of a child that ended in order. Any other status is a crash, and the task is started again."""

    ENDED = 0  # the task is over, and its record says so
    RELEASED = 10  # asked to let go: the task lives on and may run elsewhere
    FENCED = 11  # another child has taken the task over


@dataclass(frozen=True, slots=True)
class Job:
    """One task to run. `lost_after` is the lifetime of presence in seconds (`rooms.lost_after`).

    `preset` and `threads` are the configuration's for encoding pictures; `slate` is the image file (`relay.slate`) that
    is shown while a publisher is away, nothing for his last picture. `needs_more`: see `loading.py`.
    """

    app: SdkAppId
    task_id: TaskId
    worker: str
    bus_url: Secret
    allow_private: tuple[str, ...]
    tls_verify: bool
    lost_after: float
    preset: str
    threads: int
    slate: str = ""
    needs_more: bool = False

    def encode(self) -> dict[str, Any]:
        """Return the job as plain values for the zygote's channel, a socket that nobody else can read."""
        return asdict(self) | {"bus_url": self.bus_url.reveal()}

    @classmethod
    def decode(cls, values: dict[str, Any]) -> "Job":
        """Reverse `encode`."""
        return cls(**values | {"bus_url": Secret(values["bus_url"]), "allow_private": tuple(values["allow_private"])})
