"""The control process as a process: how it begins, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tailrace.control.app import main
from tailrace.errors import ConfigError
from tailrace.net.http_server import bind
from tailrace.secret import Secret
from tests.harness.nats import nats_server_in
from tests.integration.control.running import START_WITHIN, replace_section

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, sys
from tailrace.bus.embedded import EmbeddedServer
from tailrace.control.app import main
from tailrace.secret import Secret
from tests.integration.control.running import CONFIG
main(CONFIG, Secret(os.environ["BUS"]), lambda names: print(names["http"], flush=True), int(sys.argv[1]))
"""
# The head of a call whose body is still to come.
HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"


@contextmanager
def process(nats_url: Secret) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int], BinaryIO]]:
    """Run control in a process: what it is, its address, and the end of its lifeline that we hold."""
    theirs, ours = os.pipe()
    environment = os.environ | {"BUS": nats_url.reveal(), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(theirs)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        pass_fds=[theirs],
    )
    os.close(theirs)
    lifeline = os.fdopen(ours, "wb")
    try:
        assert running.stdout is not None
        host, port = running.stdout.readline().strip().removeprefix("http://").split(":")
        with running.stdout:
            yield running, (host, int(port)), lifeline
    finally:
        running.kill()
        running.wait()
        lifeline.close()


def test_a_call_that_has_begun_is_answered_after_sigterm_and_no_other_is(nats_url: Secret) -> None:
    with process(nats_url) as (running, address, _), socket.create_connection(address, timeout=10) as peer:
        peer.sendall(HEAD)
        with socket.create_connection(address, timeout=10) as probe:
            # Its answer tells that the head before it was taken in.
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            assert probe.recv(1000).startswith(b"HTTP/1.1 200")
        running.send_signal(signal.SIGTERM)
        refused = False
        while not refused:
            try:
                socket.create_connection(address, timeout=10).close()
            except ConnectionResetError:
                pass  # it was taken in by the system at the moment of closing, and by nobody else
            except ConnectionRefusedError:
                refused = True
        peer.sendall(b"}")
        with peer.makefile("rb") as stream:
            answer = stream.read()

        assert running.wait(START_WITHIN) == 0
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"MissingParameter" in answer


def test_a_call_that_never_ends_does_not_hold_the_process(nats_url: Secret) -> None:
    with process(nats_url) as (running, address, _), socket.create_connection(address, timeout=10) as peer:
        peer.sendall(HEAD)
        running.send_signal(signal.SIGTERM)

        assert running.wait(START_WITHIN) == 0


def test_the_end_of_the_lifeline_is_the_end_of_the_process(nats_url: Secret) -> None:
    with process(nats_url) as (running, _, lifeline):
        lifeline.close()

        assert running.wait(START_WITHIN) == 0


def test_a_port_that_is_taken_is_a_clear_error(nats_url: Secret) -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        config = replace_section("listen", http=taken.getsockname()[1])
        with pytest.raises(ConfigError, match=r"listen\.http: cannot listen .* choose another port"):
            main(config, nats_url, lambda names: None)


def test_a_bus_that_is_gone_does_not_spoil_the_end(tmp_path: Path) -> None:
    with nats_server_in(tmp_path) as server, process(server.url) as (running, _, _):
        server.stop()
        running.send_signal(signal.SIGTERM)

        assert running.wait(START_WITHIN) == 0
