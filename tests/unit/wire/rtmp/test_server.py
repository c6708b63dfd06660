"""The server core, talked to by the client core or by hand-made messages."""

import pytest

from tailrace.errors import PeerError
from tailrace.wire.rtmp import amf0, message
from tailrace.wire.rtmp.chunk import DEFAULT_CHUNK_SIZE, ChunkReader, ChunkWriter, Message
from tailrace.wire.rtmp.client import Purpose
from tailrace.wire.rtmp.client import State as ClientState
from tailrace.wire.rtmp.event import (
    Audio,
    Called,
    Connected,
    Ended,
    Event,
    Finished,
    Ignored,
    Metadata,
    PlayRequested,
    PublishRequested,
    Refused,
    Video,
)
from tailrace.wire.rtmp.handshake import PACKET_SIZE, RANDOM_SIZE
from tailrace.wire.rtmp.link import CHUNK_SIZE, MAX_MESSAGE_BEFORE, MAX_PARTIAL_BEFORE, WINDOW
from tailrace.wire.rtmp.message import Command, Data, PeerBandwidth, SetChunkSize, Typed, UserControl, WindowSize
from tailrace.wire.rtmp.server import ServerConnection, State
from tests.unit.wire.rtmp.cuts import asked, cut, established, exchange, wired


class Script:
    """A client made by hand: sends what it is told, and keeps what the server said."""

    def __init__(self) -> None:
        self.server = ServerConnection(bytes(RANDOM_SIZE))
        self._writer = ChunkWriter()
        self._reader = ChunkReader(1 << 20, 1 << 20)
        self.server.receive(b"\x03" + bytes(2 * PACKET_SIZE))
        self.server.data_to_send()

    def send(self, typed: Typed, stream_id: int = 0) -> list[Event]:
        type_id, body = message.encode(typed)
        return self.raw(Message(type_id, stream_id, 0, body))

    def raw(self, *messages: Message) -> list[Event]:
        return self.server.receive(b"".join(self._writer.write(3, item) for item in messages))

    def answers(self) -> list[Typed | None]:
        self._reader.feed(self.server.data_to_send())
        found = []
        while (item := self._reader.next()) is not None:
            typed = message.decode(item.type_id, item.body)
            if isinstance(typed, SetChunkSize):
                self._reader.chunk_size = typed.size
            found.append(typed)
        return found

    def connect(self, **properties: amf0.Value) -> list[Event]:
        return self.send(Command("connect", 1.0, ({"app": "push", **properties},)))

    def begin(self, name: str = "room?a=b", call: str = "publish") -> PublishRequested | PlayRequested:
        self.send(Command("createStream", 2.0))
        (request,) = self.send(Command(call, 3.0, (None, name)), 1)
        assert isinstance(request, (PublishRequested, PlayRequested))
        return request


def test_a_publish_from_connect_to_the_end() -> None:
    client, server = wired()

    _, events = exchange(client, server)
    request = asked(events)
    server.accept(request)
    exchange(client, server)
    client.send_metadata({"width": 1280})
    client.send_video(0, b"\x17\x00")
    client.send_audio(7, b"\xaf\x00")
    client.finish()
    _, rest = exchange(client, server)

    assert events[:-1] == [
        Connected("live", "FMLE/3.0 (compatible; FMSc/1.0)"),
        Called("releaseStream"),
        Called("FCPublish"),
        Called("createStream"),
    ]
    assert isinstance(request, PublishRequested)
    assert (request.app, request.name, request.query) == ("live", "key", "token=hush")
    assert rest == [
        Metadata(0, {"width": 1280.0}),
        Video(0, b"\x17\x00"),
        Audio(7, b"\xaf\x00"),
        Ended("FCUnpublish"),
        Called("deleteStream"),
    ]
    assert server.state is State.IDLE


@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 127, 1500])
def test_events_are_the_same_however_tcp_cuts_the_bytes(size: int) -> None:
    client, server = established()
    for time in range(0, 400, 40):
        client.send_video(time, bytes(time * 20))
        client.send_audio(time, bytes(time))
    client.finish()

    events = [event for piece in cut(client.data_to_send(), size) for event in server.receive(piece)]

    assert events[:-2] == [
        kind(time, bytes(time * factor)) for time in range(0, 400, 40) for kind, factor in ((Video, 20), (Audio, 1))
    ]


def test_connect_is_answered_with_window_bandwidth_chunk_size_and_success() -> None:
    script = Script()

    script.connect()

    window, bandwidth, chunk_size, result = script.answers()
    assert (window, bandwidth, chunk_size) == (WindowSize(WINDOW), PeerBandwidth(WINDOW), SetChunkSize(CHUNK_SIZE))
    assert isinstance(result, Command)
    assert result.mapping(1)["code"] == "NetConnection.Connect.Success"


def test_the_query_is_found_in_the_connect_address_too() -> None:
    script = Script()

    script.connect(tcUrl="rtmp://host/push?a=b%20c&a=d")
    request = script.begin("room")

    assert request.parameters() == {"a": "b c"}
    assert (request.app, request.name) == ("push", "room")


def test_a_query_of_very_many_fields_is_refused() -> None:
    with pytest.raises(PeerError, match="fields"):
        PublishRequested("push", "room", "a=b&" * 100).parameters()


def test_printing_a_request_shows_neither_name_nor_query() -> None:
    assert repr(PublishRequested("push", "hush", "usersig=hush")) == "PublishRequested(app='push')"


def test_a_rejected_publisher_is_told_why_and_then_nothing_counts() -> None:
    client, server = wired()
    request = asked(exchange(client, server)[1])

    server.reject(request, "NetStream.Publish.BadName", "UserSig expired")
    told, _ = exchange(client, server)

    assert told == [Refused("NetStream.Publish.BadName", "UserSig expired")]
    assert server.state is State.CLOSED
    assert client.state is ClientState.CLOSED


def test_a_publisher_is_turned_out() -> None:
    client, server = established()

    server.turn_out("NetStream.Failed", "replaced")
    told, _ = exchange(client, server)
    client.send_video(0, b"late")

    assert told == [Refused("NetStream.Failed", "replaced")]
    assert client.data_to_send() == b""


def test_a_full_server_says_so_when_a_client_connects() -> None:
    client, server = wired()
    server.full = True

    told, _ = exchange(client, server)

    assert told == [Refused("NetConnection.Connect.Rejected", "The server is full, try again later.")]
    assert server.state is State.CLOSED


def test_a_player_gets_the_stream_until_its_end() -> None:
    client, server = wired(Purpose.PLAY)
    request = asked(exchange(client, server)[1])
    server.send_video(0, b"early")
    server.accept(request)
    server.send_metadata({"width": 1.0})
    server.send_video(2**32 + 40, b"\x17\x01")
    server.send_audio(2**32 + 41, b"\xaf\x01")
    server.finish_play()

    told, _ = exchange(client, server)

    assert isinstance(request, PlayRequested)
    assert [event for event in told if not isinstance(event, Ignored)][1:] == [
        Metadata(0, {"width": 1.0}),
        Video(40, b"\x17\x01"),
        Audio(41, b"\xaf\x01"),
        Finished(),
    ]


def test_a_request_that_was_withdrawn_is_not_accepted_any_more() -> None:
    script = Script()
    script.connect()
    first = script.begin("allowed")

    assert script.send(Command("deleteStream", 4.0, (None, 1.0))) == [Ended("deleteStream")]
    second = script.send(Command("publish", 5.0, (None, "forbidden")), 1)
    script.server.accept(first)

    assert isinstance(second[0], PublishRequested)
    assert script.server.state is State.ASKED
    assert script.raw(Message(9, 1, 0, b"x")) == [Ignored("Video outside of a publish")]


def test_media_before_the_accept_and_on_another_stream_is_ignored() -> None:
    script = Script()
    script.connect()
    request = script.begin()

    assert script.raw(Message(8, 1, 0, b"x")) == [Ignored("Audio outside of a publish")]
    script.server.accept(request)
    assert script.raw(Message(8, 2, 0, b"x")) == [Ignored("Audio outside of a publish")]
    assert script.raw(Message(8, 1, 0, b"x")) == [Audio(0, b"x")]


@pytest.mark.parametrize("call", ["closeStream", "deleteStream", "FCUnpublish"])
def test_each_way_to_end_is_an_orderly_end_and_another_publish_may_follow(call: str) -> None:
    script = Script()
    script.connect()
    script.server.accept(script.begin())

    assert script.send(Command(call, 4.0, (None, 1.0)), 1) == [Ended(call)]
    assert isinstance(script.send(Command("publish", 5.0, (None, "again")), 1)[0], PublishRequested)


def test_a_second_publish_beside_the_first_is_ignored() -> None:
    script = Script()
    script.connect()
    script.server.accept(script.begin())

    assert script.send(Command("publish", 5.0, (None, "other")), 1) == [Ignored("publish while another one is on")]
    assert script.server.state is State.PUBLISHING


def test_unknown_commands_types_and_control_events_are_reported_as_ignored() -> None:
    script = Script()
    script.connect()

    assert script.send(Command("getStreamLength", 9.0)) == [Ignored("command getStreamLength")]
    assert script.raw(Message(99, 0, 0, b"")) == [Ignored("message of type 99")]
    assert script.send(UserControl(31, 0)) == [Ignored("user control event 31")]
    assert script.send(UserControl(3, 1, 100)) == []
    assert script.send(Data(("onTextData", None))) == [Ignored("data 'onTextData'")]


def test_a_ping_is_answered_and_asked() -> None:
    script = Script()
    script.send(UserControl(6, 1234))
    script.server.ping(2**32 + 5)

    assert script.answers() == [UserControl(7, 1234), UserControl(6, 5)]


def test_received_bytes_are_acknowledged_after_each_window() -> None:
    script = Script()
    script.connect()
    script.send(WindowSize(1000))
    script.answers()

    script.raw(Message(99, 0, 0, bytes(100)))
    assert script.answers() == []
    script.raw(Message(99, 0, 0, bytes(1000)))
    (first,) = script.answers()
    script.raw(Message(99, 0, 0, bytes(1000)))
    (second,) = script.answers()

    assert isinstance(first, message.Acknowledgement)
    assert isinstance(second, message.Acknowledgement)
    assert 1000 < second.received - first.received < 1100


@pytest.mark.parametrize("bits", [31, 32])
def test_media_times_go_on_beyond_what_they_travel_in_and_may_step_back_across_the_edge(bits: int) -> None:
    script = Script()
    script.connect()
    script.server.accept(script.begin())
    times = [2**bits + offset for offset in (-20, 20, -10, 30)]

    events = script.raw(*(Message(9, 1, time % 2**bits, b"") for time in times))

    assert [event.timestamp_ms for event in events if isinstance(event, Video)] == times


def test_an_aggregate_is_heard_as_its_parts() -> None:
    script = Script()
    script.connect()
    script.server.accept(script.begin())
    body = bytes.fromhex("08 000001 000064 00 000000 aa 0000000c 09 000001 000078 00 000000 bb 0000000c")
    data = amf0.encode("onMetaData", {"a": 1.0})
    body += b"\x12" + len(data).to_bytes(3, "big") + bytes.fromhex("000078 00 000000") + data + bytes(4)
    body += bytes.fromhex("63 000000 000078 00 000000 00000000")

    assert script.raw(Message(22, 1, 1000, body)) == [
        Audio(1000, b"\xaa"),
        Video(1020, b"\xbb"),
        Metadata(1020, {"a": 1.0}),
        Ignored("message of type 99 in an aggregate"),
    ]


def test_chunk_size_and_abort_of_the_client_are_heeded() -> None:
    script = Script()
    script.connect()

    script.send(SetChunkSize(1 << 20))
    script._writer.chunk_size = 1 << 20
    assert script.raw(Message(99, 0, 0, bytes(5000))) == [Ignored("message of type 99")]
    assert script.send(message.Abort(3)) == []


@pytest.mark.parametrize(
    "call",
    [
        Command("connect", 1.0, ({"app": "again"},)),
        Command("publish", 3.0, (None,)),
        Command("publish", 3.0, (None, 5.0)),
        Command("publish", 3.0, (None, "on a stream that was not created")),
        Command("deleteStream", 3.0, (None, "1")),
        Command("deleteStream", 3.0, (None, float("inf"))),
    ],
)
def test_what_makes_no_sense_never_leads_to_another_error_than_a_peer_error(call: Command) -> None:
    script = Script()
    script.connect()

    try:
        events = script.send(call)
    except PeerError:
        return
    assert [type(event) for event in events] == [Ignored]


@pytest.mark.parametrize(
    "first", [Command("publish", 1.0, (None, "k")), Command("connect", 1.0, ({},)), Command("connect", 1.0)]
)
def test_the_first_command_must_be_a_sound_connect(first: Command) -> None:
    with pytest.raises(PeerError):
        Script().send(first)


def test_message_streams_are_bounded() -> None:
    script = Script()
    script.connect()

    for _ in range(8):
        script.send(Command("createStream", 2.0))

    with pytest.raises(PeerError, match="message streams"):
        script.send(Command("createStream", 2.0))


def test_before_anybody_is_let_in_messages_are_small() -> None:
    script = Script()
    script.connect()
    script.begin()

    with pytest.raises(PeerError, match="the limit is"):
        script.raw(Message(9, 1, 0, bytes(MAX_MESSAGE_BEFORE + 1)))


def unfinished(count: int) -> bytes:
    """Messages of the longest length that is allowed before a client is let in, each without its last chunk."""
    message = Message(9, 1, 0, bytes(MAX_MESSAGE_BEFORE))
    return b"".join(ChunkWriter().write(4 + number, message)[: -1 - DEFAULT_CHUNK_SIZE] for number in range(count))


def test_before_a_client_is_let_in_few_bytes_of_unfinished_messages_are_kept_for_it() -> None:
    with pytest.raises(PeerError, match=f"more than {MAX_PARTIAL_BEFORE} bytes in unfinished"):
        Script().server.receive(unfinished(3))


def test_an_admitted_publisher_may_interleave_larger_messages() -> None:
    script = Script()
    script.connect()
    script.server.accept(script.begin())

    assert script.server.receive(unfinished(3)) == []
