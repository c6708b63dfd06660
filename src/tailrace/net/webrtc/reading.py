"""Reading: what comes to the UDP port, when it came, and how often one looks.

What a packet costs is mostly that the process wakes up for it. So while media flows, the port is looked at in a steady
beat, and all that has come is taken at once (measured: `bench.whip`). The kernel's word on when each packet arrived,
which senders steer their rate by, is not touched by that.
"""

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, Final

# As the socket module has them: host and port, and two more numbers with IPv6.
Address = tuple[Any, ...]

# WebRTC keeps its packets below the MTU of any path, and pylibsrtp takes no longer ones.
MAX_DATAGRAM: Final = 1500
# As the outbox that units leave by: a third of the time between two pictures at 30 per second.
BEAT: Final = 0.010
# Of the size that Linux gives without being told otherwise, a socket's buffer holds some 180 full packets: where a
# third of that has come in a beat, as with many publishers or one who does not spread his key frames, one looks sooner.
_MANY: Final = 60
_SOON: Final = 0.002
# Then it is the turn of whatever else is waiting.
_MOST_AT_ONCE: Final = 500
_TIMESPEC: Final = struct.Struct("@qq")
# Linux's SO_TIMESTAMPNS, which the socket module does not have: each datagram brings a struct timespec, two longs.
_TIMESTAMPS: Final = 35 if sys.platform == "linux" and struct.calcsize("@ll") == _TIMESPEC.size else 0
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_TIMESPEC.size)
# Nothing has waited in the kernel for longer than that, unless the wall clock was set meanwhile.
_LONGEST_WAIT: Final = 1.0


class Reading:
    """Gives each datagram of a socket to `take(data, address, arrived)`; while it beats, each BEAT seconds, and then
    calls `beat(now)`. Times are monotonic seconds."""

    def __init__(
        self, bound: socket.socket, take: Callable[[bytes, Address, float], None], beat: Callable[[float], None]
    ) -> None:
        self._socket = bound
        self._take = take
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        if _TIMESTAMPS:
            bound.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._loop.add_reader(bound, self._read)

    def start_beating(self) -> None:
        """Look in a steady beat from now on, instead of whenever something comes."""
        if self._timer is None:
            self._loop.remove_reader(self._socket)
            self._timer = self._loop.call_later(BEAT, self._on_beat)

    def stop_beating(self) -> None:
        """Undo `start_beating`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Read no more."""
        self.stop_beating()
        self._loop.remove_reader(self._socket)

    def _on_beat(self) -> None:
        fired = self._timer
        count = self._read()
        self._beat(time.monotonic())
        if self._timer is fired:  # and not stopped by what was read, or started anew
            self._timer = self._loop.call_later(BEAT if count < _MANY else _SOON, self._on_beat)

    def _read(self) -> int:
        """Take what there is; return how many datagrams."""
        now = time.monotonic()
        ahead = time.time() - now
        receive, take = self._socket.recvmsg, self._take
        for count in range(_MOST_AT_ONCE):
            try:
                data, ancillary, _flags, address = receive(MAX_DATAGRAM + 1, _ANCILLARY_BYTES)
            except OSError:
                # Nothing is left; or, on some systems, an error of something that was sent.
                return count
            arrived = now
            if ancillary:
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                stamp = seconds + nanoseconds * 1e-9 - ahead
                if now - _LONGEST_WAIT < stamp < now:
                    arrived = stamp
            take(data, address, arrived)
        return _MOST_AT_ONCE
