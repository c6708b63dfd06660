"""Roles: what `tailrace serve` keeps alive, made from the configuration: bus, control, worker, ingest."""

import os
import selectors
import signal
from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from tailrace import logs
from tailrace.bus.embedded import STOP_DEADLINE, EmbeddedServer
from tailrace.config import Config
from tailrace.errors import BusError
from tailrace.forked import Role
from tailrace.processes import START_WITHIN
from tailrace.secret import Secret
from tailrace.supervise import Ready

# Calls that run wait for the bus at most 4 s, and connections are closed meanwhile.
OWN_TIME = 4.0
# A role has these seconds beyond what its own work may take, to say good-bye to the bus.
MARGIN = 3.0
# In the report of the bus role only: it has the credentials in it, and is taken out before addresses are shown.
BUS_URL = "bus_url"


class RoleName(StrEnum):
    """The four processes of the design, in the order in which they end."""

    CONTROL = "control"
    WORKER = "worker"
    INGEST = "ingest"
    BUS = "bus"


# The listening keys of each role, by their names in the configuration and in the ready file.
LISTENS: Mapping[RoleName, tuple[str, ...]] = {
    RoleName.CONTROL: ("http",),
    RoleName.INGEST: ("media_http", "rtmp", "webrtc"),
    RoleName.WORKER: (),
    RoleName.BUS: (),
}
# Those of them that are UDP ports.
DATAGRAMS = frozenset({"webrtc"})
_SCHEMES = {"http": "http", "media_http": "http", "rtmp": "rtmp", "webrtc": "udp", "nats": "nats"}


def as_url(name: str, address: str) -> str:
    """Return an address of a ready file as a URL, whether the role gave `host:port` or a URL."""
    return address if "://" in address else f"{_SCHEMES[name]}://{address}"


def shown_bus(url: Secret) -> str:
    """Return the address of the bus without its credentials."""
    parts = urlsplit(url.reveal())
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme or 'nats'}://{host}:{parts.port or 4222}"


def app_role(name: RoleName, config: Config, bus_url: Secret, known: Mapping[str, str]) -> Role:
    """Return control, worker or ingest. `known` has the addresses reported so far, which a restarted role keeps."""

    def run(ready: Ready, lifeline: int) -> None:
        logs.bind(role=name)
        import_module(f"tailrace.{name}.app").main(keep_ports(config, known), bus_url, ready, lifeline)

    # A worker first hands its tasks to others, then ends what nobody has taken.
    own = 2 * config.worker.stop_deadline if name is RoleName.WORKER else OWN_TIME
    return Role(name, run, stop_within=own + MARGIN)


def keep_ports(config: Config, known: Mapping[str, str]) -> Config:
    """Return the configuration with the ports of `known` addresses in place of 0."""
    listening = [name for names in LISTENS.values() for name in names]
    ports = {name: urlsplit(as_url(name, known[name])).port for name in listening if name in known}
    return config.model_copy(update={"listen": config.listen.model_copy(update=ports)})


def bus_role(data: Path) -> Role:
    """Return the embedded nats-server, held by a process of its own that outlives all who use it."""

    def run(ready: Ready, lifeline: int) -> None:
        logs.bind(role=RoleName.BUS)
        server = EmbeddedServer(data)
        server.start()
        try:
            server.wait_ready(START_WITHIN)
            ready({"nats": shown_bus(server.url), BUS_URL: server.url.reveal()})
            if not _told_to_stop(lifeline, server):
                raise BusError("nats-server ended unasked")
        finally:
            server.stop()

    return Role(RoleName.BUS, run, stop_within=STOP_DEADLINE + MARGIN, outlives=True)


def _told_to_stop(lifeline: int, server: EmbeddedServer) -> bool:
    """Wait for SIGTERM or the lifeline's end, and return true; or for the server's own end, and return false."""
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(heard, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ, "lifeline")
        while server.alive and not asked:
            for key, _ in selector.select():
                if key.data == "lifeline":
                    return True
                os.read(heard, 4096)
    return bool(asked)
