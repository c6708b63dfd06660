"""Promises: what callers were told, compared with what the CDN saw."""

from collections.abc import Callable, Sequence

from tests.harness.cloud import Cloud, CloudError
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.waiting import eventually
from tests.integration.chaos.caller import Caller, Told
from tests.media.received import rises

# After the last blow: a lease of 3 s runs out, a child that stands still is found after 3 s, a role that was hit again
# and again is started after 10 s, a destination is dialled anew after 5 s, and the machine may be busy.
RECOVERED_WITHIN = 60.0
# After an acknowledged stop nothing more arrives: a child that was frozen then, for LONGEST_FREEZE at most, has to thaw
# or to be given up before it can obey, and so has the nats-server that tells it.
STOP_SEEN_WITHIN = 15.0


def broken(caller: Caller, cloud: Cloud, cdn: HostedCdn) -> list[str]:
    """Wait until all has recovered, look at what runs, stop it, and return which promises were broken."""
    judge = _Judge(caller, cloud, cdn)
    judge.check(lambda: judge.answers(), "the API answers")
    for told in caller.told:
        if told.stopping:
            judge.check(lambda told=told: caller.finish(told), f"the stop of {told.main} is acknowledged")  # type: ignore[misc]
        else:
            judge.runs(told)
    for told in caller.running:
        judge.check(lambda told=told: caller.finish(told), f"{told.main} is stopped")  # type: ignore[misc]
    # Those of which nobody knows, too: their start got no answer.
    judge.check(judge.stop_all, "no task is left")
    for told in caller.told:
        judge.stays_stopped(told)
    for name in cdn.names():
        judge.went_on(name)
    return judge.found


class _Judge:
    def __init__(self, caller: Caller, cloud: Cloud, cdn: HostedCdn) -> None:
        self.found: list[str] = []
        self._caller, self._cloud, self._cdn = caller, cloud, cdn

    def check(self, condition: Callable[[], object], promise: str) -> None:
        """Give a promise time to come true."""
        try:
            eventually(condition, promise, RECOVERED_WITHIN)
        except AssertionError as error:
            self.found.append(str(error))

    def answers(self) -> bool:
        """Whether calls are answered again."""
        try:
            return "TotalCount" in self._cloud.tasks()
        except CloudError:
            return False

    def runs(self, told: Told) -> None:
        """A start, and an update, that were acknowledged have their effect."""
        for name in filter(None, (told.main, told.second)):
            before = self._cdn.pictures(name)
            self.check(lambda name=name, before=before: self._cdn.pictures(name) > before, f"{name} is relayed")  # type: ignore[misc]
            self.check(lambda name=name: self._live(name) == 1, f"{name} has one pusher")  # type: ignore[misc]
        if told.second is not None:
            for name in told.former:
                self.check(lambda name=name: self._live(name) == 0, f"{name} has ended, as its update said")  # type: ignore[misc]

    def stop_all(self) -> bool:
        """Stop every task; whether none is left."""
        try:
            left = [
                task["TaskId"] for state in ("queued", "running") for task in self._cloud.tasks(State=state)["TaskList"]
            ]
            for task in left:
                self._cloud.stop(task)
            return not left and not self._cloud.tasks(State="stopping")["TaskList"]
        except CloudError:
            return False

    def stays_stopped(self, told: Told) -> None:
        """What was stopped is not seen again."""
        if told.stopped_at is None:
            return
        for name in {told.main, told.second or told.main, *told.former}:
            late = [
                at - told.stopped_at
                for stream in self._cdn.streams(name)
                for at in list(stream.video_arrived)
                if at > told.stopped_at + STOP_SEEN_WITHIN
            ]
            if late:
                self.found.append(f"{name} was seen {late[-1]:.1f} s after its stop was acknowledged")

    def went_on(self, name: str) -> None:
        """Times never go back, over all connections; and in the end there is none."""
        streams = self._cdn.streams(name)
        for kind, tracks in (
            ("pictures", [_times(stream.video) for stream in streams]),
            ("sound", [_times(stream.audio) for stream in streams]),
        ):
            if not rises([at for track in tracks for at in track]):
                shown = ", ".join(f"{track[0]} to {track[-1]}" if track else "none" for track in tracks)
                self.found.append(f"times of the {kind} of {name} went back; its connections had {shown}")
        self.check(lambda: self._live(name) == 0, f"{name} has ended")

    def _live(self, name: str) -> int:
        return sum(stream.live for stream in self._cdn.streams(name))


def _times(messages: Sequence[tuple[int, bytes]]) -> list[int]:
    """Return the times of all messages but set-up data, which has that of what comes next; both kinds say so alike."""
    return [at for at, body in list(messages) if body[1:2] == b"\x01"]
