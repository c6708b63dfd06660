"""Whatever comes in, the cores answer with events or a PeerError, and keep little.

The corpus is what real clients and servers sent, and every input that ever broke something; each is mutated with a
fixed seed. `python -m tests.unit.wire.rtmp.test_fuzz 1000000` goes on for longer.
"""

import random
import sys
from pathlib import Path

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtmp import amf0, message
from tailrace.wire.rtmp.client import Purpose
from tailrace.wire.rtmp.event import PlayRequested, PublishRequested
from tests.unit.wire.rtmp.cuts import wired
from tests.unit.wire.rtmp.test_message import TABLE

CORPUS = sorted((Path(__file__).parents[3] / "corpus" / "rtmp").glob("*.bin"))
ROUNDS = 150


def feed_server(data: bytes) -> None:
    _, server = wired()
    try:
        for event in server.receive(data):
            if isinstance(event, (PublishRequested, PlayRequested)):
                event.parameters()
                server.accept(event)
        server.data_to_send()
        server.receive(data[3073:])
    except PeerError:
        pass


def feed_client(data: bytes, purpose: Purpose) -> None:
    client, _ = wired(purpose)
    try:
        client.receive(data)
        client.data_to_send()
    except PeerError:
        pass


def mutated(data: bytes, dice: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        # The handshake is most of a short recording and holds nothing that is looked at.
        place = dice.randrange(min(3073, len(found) - 1), len(found))
        match dice.randrange(4):
            case 0:
                found[place] = dice.randrange(256)
            case 1:
                found[place] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del found[place : place + dice.randint(1, 8)]
            case 3:
                found[place:place] = dice.randbytes(dice.randint(1, 8))
        if len(found) < 2:
            break
    return bytes(found)


def run(data: bytes, dice: random.Random) -> None:
    changed = mutated(data, dice)
    feed_server(changed)
    feed_client(changed, dice.choice(list(Purpose)))


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) >= 5


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_recordings_and_their_mutations_are_survived(path: Path) -> None:
    dice = random.Random(path.name)
    data = path.read_bytes()

    feed_server(data)
    feed_client(data, Purpose.PLAY)
    for _ in range(ROUNDS):
        run(data, dice)


@pytest.mark.parametrize(("type_id", "body"), [(type_id, bytes.fromhex(body)) for _, type_id, body in TABLE])
def test_mutated_messages_are_read_or_refused(type_id: int, body: bytes) -> None:
    dice = random.Random(body)

    for _ in range(ROUNDS):
        try:
            message.decode(type_id, mutated(body, dice))
        except PeerError as error:
            assert str(error)  # noqa: PT017


def test_garbage_is_refused() -> None:
    dice = random.Random(1)

    for size in (1, 100, 5000, 100_000):
        feed_server(dice.randbytes(size))
        feed_server(b"\x03" + dice.randbytes(size))
        with pytest.raises(PeerError):
            amf0.decode(b"\xff" + dice.randbytes(size))


if __name__ == "__main__":
    endless = random.Random()
    for _ in range(int(sys.argv[1])):
        run(endless.choice(CORPUS).read_bytes(), endless)
