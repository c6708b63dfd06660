"""TCP: what the other side has taken, and what it has not."""

import socket
import sys

import pytest

from tailrace.net.tcp import Flow, flow_of, keep_little_unsent

linux = pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not say")


def connected() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection; what the second one does not read fills 64 KiB."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    ours.setblocking(False)
    return ours, theirs


def fill(ours: socket.socket) -> int:
    """Send until the kernel takes no more; how much it took."""
    sent = 0
    try:
        while True:
            sent += ours.send(bytes(10_000))
    except BlockingIOError:
        return sent


@linux
def test_what_was_sent_is_either_taken_or_outstanding_until_the_other_side_reads() -> None:
    ours, theirs = connected()
    with ours, theirs:
        sent = fill(ours)
        before = flow_of(ours, sent, 77)
        left = sent
        while left:
            left -= len(theirs.recv(left))
        after = flow_of(ours, sent, 0)

    # The kernel counts the opening of the connection as a byte.
    assert sent <= before.taken + before.outstanding - 77 <= sent + 1
    assert 0 < before.taken < sent
    assert (after.taken - sent in (0, 1), after.outstanding) == (True, 0)


@linux
def test_the_kernel_holds_little_that_is_not_on_its_way() -> None:
    ours, theirs = connected()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_000_000)
        keep_little_unsent(ours)

        assert fill(ours) < 700_000


def test_a_connection_that_is_closed_is_as_its_sender_knows() -> None:
    ours, theirs = connected()
    theirs.close()
    ours.close()

    keep_little_unsent(ours)

    assert flow_of(ours, 10, 5) == Flow(10, 5)
