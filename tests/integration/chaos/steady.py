"""SteadyPublisher: a publisher that comes back whenever it is thrown out, as an encoder in use does."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.harness.publisher import Publisher

# What OBS waits at least; here it only has to be soon.
AGAIN_AFTER = 0.2


class SteadyPublisher:
    """`with SteadyPublisher(film, url):` publishes until the end of the block; `url` is asked each time."""

    def __init__(self, film: Path, url: Callable[[], str]) -> None:
        self._film, self._url = film, url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            with Publisher(self._film, self._url()) as publisher:
                while not publisher.gone and not self._over.wait(AGAIN_AFTER):
                    pass
            self._over.wait(AGAIN_AFTER)
