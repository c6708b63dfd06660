"""Arrivals: when each picture of a stream that is watched arrived."""

from bisect import bisect_left

from tailrace.wire import flv


class Arrivals:
    """Takes a stream as it comes."""

    def __init__(self) -> None:
        self._reader = flv.Reader()
        self._stream_ms: list[int] = []
        self._at: list[float] = []

    def take(self, data: bytes, now: float) -> None:
        """Take the next piece of the stream, which came at `now`."""
        for tag in self._reader.receive(data):
            if tag.type is flv.TagType.VIDEO:
                self._stream_ms.append(tag.timestamp_ms)
                self._at.append(now)

    @property
    def latest(self) -> float:
        """The stream's time, in seconds, of the last picture; 0.0 before the first one."""
        return self._stream_ms[-1] / 1000 if self._stream_ms else 0.0

    def at(self, stream_seconds: float) -> float | None:
        """Return when the picture of that time of the stream came; None when it has not."""
        index = bisect_left(self._stream_ms, round(stream_seconds * 1000))
        return self._at[index] if index < len(self._at) else None
