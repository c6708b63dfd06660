"""What the RTMP tests share: cutting bytes, and a client and a server wired to each other."""

from tailrace.secret import Secret
from tailrace.wire.rtmp.client import ClientConnection, Purpose
from tailrace.wire.rtmp.event import Event, PlayRequested, PublishRequested
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.server import ServerConnection
from tailrace.wire.rtmp.url import RtmpUrl

TARGET = RtmpUrl(tls=False, host="cdn.example", port=1935, app="live", name=Secret("key?token=hush"))


def cut(data: bytes, size: int) -> list[bytes]:
    """Return `data` in pieces of `size` bytes."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def wired(purpose: Purpose = Purpose.PUBLISH) -> tuple[ClientConnection, ServerConnection]:
    """Return a client and a server that have got as far as they can without an accept."""
    return ClientConnection(TARGET, purpose, bytes(RANDOM_SIZE)), ServerConnection(bytes(RANDOM_SIZE))


def exchange(client: ClientConnection, server: ServerConnection) -> tuple[list[Event], list[Event]]:
    """Carry bytes to and fro until nothing is left; return what client and server reported."""
    told: tuple[list[Event], list[Event]] = [], []
    while True:
        up = client.data_to_send()
        told[1].extend(server.receive(up) if up else [])
        down = server.data_to_send()
        told[0].extend(client.receive(down) if down else [])
        if not up and not down:
            return told


def asked(server_events: list[Event]) -> PublishRequested | PlayRequested:
    """Return the request among the events."""
    (request,) = [event for event in server_events if isinstance(event, (PublishRequested, PlayRequested))]
    return request


def established(purpose: Purpose = Purpose.PUBLISH) -> tuple[ClientConnection, ServerConnection]:
    """Return a client that publishes to, or plays from, the server."""
    client, server = wired(purpose)
    server.accept(asked(exchange(client, server)[1]))
    exchange(client, server)
    return client, server
