"""Whether a port is free."""

import errno
import socket

import pytest

from tailrace.cli.ports import check_free


@pytest.mark.parametrize(("kind", "datagrams"), [(socket.SOCK_STREAM, False), (socket.SOCK_DGRAM, True)])
def test_a_port_is_taken_for_one_protocol_and_free_for_the_other(kind: socket.SocketKind, datagrams: bool) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="in use") as refused:
            check_free("127.0.0.1", port, datagrams=datagrams)
        assert refused.value.errno == errno.EADDRINUSE
        check_free("127.0.0.1", port, datagrams=not datagrams)
