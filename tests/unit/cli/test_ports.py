"""Whether a port is free."""

import contextlib
import errno
import socket

import pytest

from tailrace.cli.ports import check_free


def _free_for_both() -> int:
    """Return a port that nobody has for either protocol: others of this machine may have it for one."""
    for _ in range(20):
        with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_STREAM) as second:
            first.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                second.bind(first.getsockname())
                return int(first.getsockname()[1])
    raise AssertionError("no port is free for both protocols")


@pytest.mark.parametrize(("kind", "datagrams"), [(socket.SOCK_STREAM, False), (socket.SOCK_DGRAM, True)])
def test_a_port_is_taken_for_one_protocol_and_free_for_the_other(kind: socket.SocketKind, datagrams: bool) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", _free_for_both()))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="in use") as refused:
            check_free("127.0.0.1", port, datagrams=datagrams)
        assert refused.value.errno == errno.EADDRINUSE
        check_free("127.0.0.1", port, datagrams=not datagrams)
