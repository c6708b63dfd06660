"""InOrder: work done by a thread of its own, one piece after the other."""

import threading
from collections import deque
from collections.abc import Callable

# One in work, one that waits: the processor is never idle for want of the next, and nothing gets old.
MOST = 2


class InOrder:
    """`on_room` is called, in its thread, whenever a piece of work is done. Up to MOST pieces are held."""

    def __init__(self, name: str, on_room: Callable[[], None]) -> None:
        self._on_room = on_room
        self._work: deque[Callable[[], None]] = deque()  # the first one is in work
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether another piece of work is taken."""
        return len(self._work) < MOST

    def put(self, work: Callable[[], None]) -> None:
        """Have it done after all before it; waits while there is no room."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_room)
            self._work.append(work)
            self._changed.notify_all()

    def close(self) -> None:
        """Finish what is held, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()
            with self._changed:
                self._work.popleft()
                self._changed.notify_all()
            self._on_room()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._work or self._closing)
            return self._work[0] if self._work else None
