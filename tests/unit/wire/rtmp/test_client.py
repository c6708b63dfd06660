"""The client core, talked to by hand-made messages; the rest of it is in the server's tests."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtmp import amf0, message
from tailrace.wire.rtmp.chunk import ChunkReader, ChunkWriter, Message
from tailrace.wire.rtmp.client import ClientConnection, Purpose, State
from tailrace.wire.rtmp.event import Event, Ignored, Published, Refused
from tailrace.wire.rtmp.handshake import PACKET_SIZE, RANDOM_SIZE
from tailrace.wire.rtmp.link import CHUNK_SIZE
from tailrace.wire.rtmp.message import Command, SetChunkSize, Typed
from tests.unit.wire.rtmp.cuts import TARGET

SUCCESS: amf0.Value = {"level": "status", "code": "NetConnection.Connect.Success"}


def _error(information: amf0.Value) -> Command:
    return Command("_error", 1.0, (None, information))


def _status(**information: str) -> Command:
    return Command("onStatus", 0.0, (None, information))


class Script:
    """A server made by hand."""

    def __init__(self, purpose: Purpose = Purpose.PUBLISH) -> None:
        self.client = ClientConnection(TARGET, purpose, bytes(RANDOM_SIZE))
        self._writer = ChunkWriter()
        self._reader = ChunkReader(1 << 20, 1 << 20)
        self.opening = self.client.data_to_send()
        self.client.receive(b"\x03" + bytes(2 * PACKET_SIZE))
        self._skip = PACKET_SIZE

    def send(self, *calls: Command) -> list[Event]:
        return self.client.receive(
            b"".join(
                self._writer.write(3, Message(*message.encode(call)[:1], 0, 0, message.encode(call)[1]))
                for call in calls
            )
        )

    def heard(self) -> list[Typed | None]:
        data, self._skip = self.client.data_to_send()[self._skip :], 0
        self._reader.feed(data)
        found = []
        while (item := self._reader.next()) is not None:
            typed = message.decode(item.type_id, item.body)
            if isinstance(typed, SetChunkSize):
                self._reader.chunk_size = typed.size
            found.append(typed)
        return found

    def publishing(self) -> None:
        self.send(Command("_result", 1.0, (None, SUCCESS)), Command("_result", 4.0, (None, 1.0)))
        self.send(_status(level="status", code="NetStream.Publish.Start"))
        self.heard()


def test_the_order_is_that_of_flashs_live_encoder() -> None:
    script = Script()
    (connect,) = script.heard()
    script.send(Command("_result", 1.0, (None, SUCCESS)))
    prepared = script.heard()
    script.send(Command("_result", 4.0, (None, 7.0)))
    asked = script.heard()
    events = script.send(_status(level="status", code="NetStream.Publish.Start"))
    script.client.finish()
    ended = script.heard()
    script.client.finish()

    name = "key?token=hush"
    assert script.opening == b"\x03" + bytes(PACKET_SIZE)
    assert isinstance(connect, Command)
    assert connect.mapping(0) == {
        "app": "live",
        "type": "nonprivate",
        "flashVer": "FMLE/3.0 (compatible; FMSc/1.0)",
        "swfUrl": "rtmp://cdn.example/live",
        "tcUrl": "rtmp://cdn.example/live",
    }
    assert prepared == [
        SetChunkSize(CHUNK_SIZE),
        Command("releaseStream", 2.0, (None, name)),
        Command("FCPublish", 3.0, (None, name)),
        Command("createStream", 4.0, (None,)),
    ]
    assert asked == [Command("publish", 5.0, (None, name, "live"))]
    assert events == [Published()]
    assert ended == [Command("FCUnpublish", 6.0, (None, name)), Command("deleteStream", 7.0, (None, 7.0))]
    assert script.heard() == []


def test_a_client_that_ends_before_it_has_a_stream_takes_back_only_what_it_has_said() -> None:
    script = Script()
    script.send(Command("_result", 1.0, (None, SUCCESS)))
    script.heard()

    script.client.finish()

    assert script.heard() == [Command("FCUnpublish", 6.0, (None, "key?token=hush"))]


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (_error({"code": "NetConnection.Connect.Rejected", "description": "no app"}),
         Refused("NetConnection.Connect.Rejected", "no app")),
        (Command("_error", 1.0, ()), Refused("_error", "")),
        (_error({"code": 5.0}), Refused("_error", "")),
        (_status(level="error", code="NetStream.Publish.BadName", description="key?token=hush is taken"),
         Refused("NetStream.Publish.BadName", "*** is taken")),
        (_status(level="error", code="NetStream.Publish.BadName", description="no 'key',\nsign hush" + "!" * 999),
         Refused("NetStream.Publish.BadName", "no '***', sign ***" + "!" * 182)),
        (_status(level="error", code="hush\n" + "!" * 999, description=""), Refused("*** " + "!" * 76, "")),
        (_status(level="status", code="NetStream.Publish.Denied"), Refused("NetStream.Publish.Denied", "")),
    ],
)  # fmt: skip
def test_a_refusal_is_told_without_the_stream_key(answer: Command, refused: Refused) -> None:
    script = Script()

    assert script.send(answer) == [refused]
    assert script.client.state is State.CLOSED
    assert script.send(answer) == [Ignored(f"command {answer.name}")]


def test_refused_preparations_are_no_refusal() -> None:
    script = Script()
    script.send(Command("_result", 1.0, (None, SUCCESS)))

    assert script.send(Command("_error", 2.0, (None, None)), Command("_error", 3.0, (None, None))) == [
        Ignored("command _error"),
        Ignored("command _error"),
    ]


def test_a_server_may_say_no_in_the_middle() -> None:
    script = Script()
    script.publishing()

    events = script.send(_status(level="error", code="NetStream.Publish.Denied"))
    script.client.send_audio(0, b"late")

    assert events == [Refused("NetStream.Publish.Denied", "")]
    assert script.heard() == []


def test_media_from_the_server_of_a_publish_is_ignored() -> None:
    script = Script()
    script.publishing()

    writer = ChunkWriter()
    assert script.client.receive(writer.write(6, Message(9, 1, 0, b"x"))) == [Ignored("Video while not playing")]


@pytest.mark.parametrize("stream", [0.0, -1.0, 2.0**32, float("nan"), float("inf"), "1", None])
def test_an_absurd_message_stream_is_refused(stream: amf0.Value) -> None:
    script = Script()

    with pytest.raises(PeerError):
        script.send(Command("_result", 1.0, (None, SUCCESS)), Command("_result", 4.0, (None, stream)))


def test_media_is_sent_only_while_publishing() -> None:
    script = Script()
    script.heard()

    script.client.send_audio(0, b"a")
    script.client.send_video(0, b"v")
    script.client.send_metadata({})

    assert script.heard() == []
