"""Stage: a room for one test, with people who come and go, and the mixes that show them at a fake CDN."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.cloud import Cloud
from tests.harness.hosted_cdn import HostedCdn
from tests.harness.publisher import Publisher
from tests.harness.served import Served
from tests.harness.viewer import Viewer
from tests.harness.waiting import eventually
from tests.media.people import Person, film


class Stage:
    """`with Stage(...) as stage:`; at the end all its tasks are stopped and all its people have left."""

    def __init__(self, served: Served, cloud: Cloud, cdn: HostedCdn, films: Path, room: str) -> None:
        self.served, self.cloud, self.cdn, self.room = served, cloud, cdn, room
        self.task = ""
        """The latest task."""
        self.films = films
        self._tasks: list[str] = []
        self._publishers: list[Publisher] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for task in self._tasks:
                self.cloud.stop(task)
        finally:
            for publisher in self._publishers:
                publisher.leave()

    def enter(self, person: Person, *, user: str = "", room: str = "", **fields: object) -> Publisher:
        """Let a person publish, and return once the server has accepted him: so the order of calls is that of entry."""
        url = self.served.publish_url(room or self.room, user or person.user, **fields)
        return self.publish(Publisher(film(person, self.films), url))

    def publish(self, publisher: Publisher) -> Publisher:
        """Do the same with a publisher made elsewhere."""
        before = self._log_size()
        self._publishers.append(publisher.__enter__())
        eventually(lambda: self._accepted_since(before), "the publisher accepted")
        return publisher

    def mix(self, layout: Mapping[str, Any] | None = None, **parameters: Any) -> Viewer:
        """Start a mix of the room, and return what shows it."""
        name = f"{self.room}-{len(self._tasks)}"
        self.task = self.cloud.start_mix(self.room, [self.cdn.url(name)], layout=layout, **parameters)
        self._tasks.append(self.task)
        return Viewer(self.cdn, name)

    def keep(self, task: str) -> None:
        """Have a task that was started elsewhere stopped at the end."""
        self._tasks.append(task)

    def last(self) -> str:
        """Return the task that was kept last."""
        return self._tasks[-1]

    def end(self) -> None:
        """Stop the latest task, and wait until the CDN has seen the end."""
        self.cloud.stop(self.task)
        self.cdn.until_ended(f"{self.room}-{len(self._tasks) - 1}")

    def _log_size(self) -> int:
        return self.served.log_file.stat().st_size

    def _accepted_since(self, position: int) -> bool:
        with self.served.log_file.open("rb") as log:
            log.seek(position)
            return b'"publisher accepted"' in log.read()
