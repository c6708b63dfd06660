"""How many RTMP messages a second one core reads and writes: `python bench/rtmp_core.py`.

The stream is that of a camera: 25 pictures and 50 sound messages a second, 1500 kbit/s. "As OBS": chunks of 4096 bytes.
"""

import time
from collections.abc import Callable

from tailrace.wire.rtmp.chunk import ChunkWriter, Message
from tailrace.wire.rtmp.client import ClientConnection, Purpose, State
from tailrace.wire.rtmp.event import PublishRequested
from tailrace.wire.rtmp.handshake import RANDOM_SIZE
from tailrace.wire.rtmp.server import ServerConnection
from tailrace.wire.rtmp.url import parse

SECONDS = 400
PICTURE, SOUND = bytes(7000), bytes(200)
READ = 65536  # what one read of a busy socket brings


def publishing() -> tuple[ClientConnection, ServerConnection]:
    """Return a client that publishes to a server."""
    client = ClientConnection(parse("rtmp://cdn.example/live/key"), Purpose.PUBLISH, bytes(RANDOM_SIZE))
    server = ServerConnection(bytes(RANDOM_SIZE))
    while client.state is not State.PUBLISHING:
        for event in server.receive(client.data_to_send()):
            if isinstance(event, PublishRequested):
                server.accept(event)
        client.receive(server.data_to_send())
    return client, server


def write(client: ClientConnection) -> list[bytes]:
    """Return what goes to the socket, a piece for each message."""
    pieces = []
    for timestamp in range(0, SECONDS * 1000, 40):
        client.send_video(timestamp, PICTURE)
        pieces.append(client.data_to_send())
        for offset in (0, 20):
            client.send_audio(timestamp + offset, SOUND)
            pieces.append(client.data_to_send())
    return pieces


def as_obs() -> bytes:
    """Return the same stream in chunks of 4096 bytes."""
    writer = ChunkWriter()
    size = writer.write(2, Message(1, 0, 0, (4096).to_bytes(4, "big")))
    writer.chunk_size = 4096
    media = [
        writer.write(4, Message(type_id, 1, timestamp, body))
        for timestamp in range(0, SECONDS * 1000, 40)
        for type_id, body in ((9, PICTURE), (8, SOUND), (8, SOUND))
    ]
    return size + b"".join(media)


def read(server: ServerConnection, pieces: list[bytes]) -> int:
    """Return how many events came out."""
    return sum(len(server.receive(piece)) for piece in pieces)


def rate(work: Callable[[], object]) -> float:
    """Return messages per second of processor time."""
    begin = time.process_time()
    work()
    return SECONDS * 75 / (time.process_time() - begin)


def main() -> None:
    """Print the rates."""
    client, server = publishing()
    pieces: list[bytes] = []
    print(f"write, a message at a time   {rate(lambda: pieces.extend(write(client))):10,.0f} messages/s")
    print(f"read, a message at a time    {rate(lambda: read(server, pieces)):10,.0f}")
    whole = b"".join(pieces)
    for name, stream in (("read, 64 KB at a time", whole), ("read as OBS, 64 KB at a time", as_obs())):
        _, server = publishing()
        cut = [stream[start : start + READ] for start in range(0, len(stream), READ)]
        print(f"{name:28} {rate(lambda server=server, cut=cut: read(server, cut)):10,.0f}")  # type: ignore[misc]


if __name__ == "__main__":
    main()
