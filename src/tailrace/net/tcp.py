"""TCP: what the kernel knows of a connection and asyncio does not tell: whether the other side takes what is sent."""

import contextlib
import fcntl
import socket
import struct
import sys
import termios
from typing import Final, NamedTuple, Protocol

# linux/tcp.h, struct tcp_info: `tcpi_bytes_acked`, a u64, in every kernel since 4.1.
_BYTES_ACKED_AT: Final = 120
_ENOUGH_OF_INFO: Final = _BYTES_ACKED_AT + 8
# linux/tcp.h; Python's socket module does not have the name everywhere.
_TCP_NOTSENT_LOWAT: Final = 25
# What the kernel may hold that is not even on its way. Else it holds megabytes for a slow CDN, tens of seconds that
# nobody counts and nobody can drop. 128 KiB are half a second at 2 Mbit/s, more than between two turns of a busy loop.
_MOST_UNSENT: Final = 128 * 1024


class Flow(NamedTuple):
    """Bytes of a connection: how many the other side's TCP has confirmed so far, how many are on the way or wait."""

    taken: int
    outstanding: int


class Socket(Protocol):
    """What asyncio's and uvloop's transports give for the socket."""

    def fileno(self) -> int:
        """Return the file descriptor, -1 once it is closed."""
        ...

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """Read an option."""
        ...

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Set an option."""
        ...


def flow_of(connection: Socket, sent: int, backlog: int) -> Flow:
    """Return what the kernel says; `sent` and `backlog` are what it has taken and not taken from us.

    Where it does not say (other systems than Linux), what it has taken counts as taken by the other side.
    """
    if sys.platform != "linux":
        return Flow(sent, backlog)
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ENOUGH_OF_INFO)
        (waiting,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))
    except (OSError, ValueError):  # closed just now
        return Flow(sent, backlog)
    if len(info) < _ENOUGH_OF_INFO:
        return Flow(sent, backlog)
    return Flow(struct.unpack_from("=Q", info, _BYTES_ACKED_AT)[0], waiting + backlog)


def keep_little_unsent(connection: Socket) -> None:
    """Let the kernel hold little that it cannot send, so that a backlog is where it is counted."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # closed just now
            connection.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _MOST_UNSENT)
