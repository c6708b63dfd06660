"""Server side of an RTMP connection, for one publish or play at a time.

    HANDSHAKE -> WANT_CONNECT -> IDLE -> ASKED -> PUBLISHING | PLAYING -> IDLE
                                          (reject) -> CLOSED

`connect`, `createStream`, `releaseStream` and `FCPublish` are answered here. Who may publish or play is not decided
here: `PublishRequested` and `PlayRequested` wait for `accept` or `reject`. After CLOSED the driver sends what is left,
then hangs up; what the client still sends is reported as ignored.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from tailrace.errors import PeerError
from tailrace.wire.rtmp import message, url
from tailrace.wire.rtmp.amf0 import UNDEFINED, EcmaArray, Value
from tailrace.wire.rtmp.chunk import WRAP
from tailrace.wire.rtmp.event import (
    Audio,
    Called,
    Connected,
    Ended,
    Event,
    Ignored,
    Metadata,
    PlayRequested,
    PublishRequested,
    Video,
)
from tailrace.wire.rtmp.handshake import Handshake, Phase
from tailrace.wire.rtmp.link import CHUNK_SIZE, WINDOW, Link
from tailrace.wire.rtmp.message import Command, ControlKind, Data, UserControl

State = Enum("State", "HANDSHAKE WANT_CONNECT IDLE ASKED PUBLISHING PLAYING CLOSED")

# One for the media; a few spare, since Flash makes one and throws it away.
_MAX_STREAMS: Final = 8
_SERVER_VERSION: Final = "FMS/3,0,1,123"
_CAPABILITIES: Final = 31.0
_PUBLISHING: Final = State.PUBLISHING  # read for every message
_FULL: Final = "The server is full, try again later."


class ServerConnection:
    """Bytes in, events out, for one client.

    `random` is for the handshake. Set `full` to have connect answered with a refusal, when there is no room.
    """

    def __init__(self, random: bytes) -> None:
        self.state = State.HANDSHAKE
        self.full = False
        self._handshake = Handshake(random, client=False)
        self._greeting = b""
        self._link = Link()
        self._app = ""
        self._streams = 0
        # The message stream that is asked for, published or played; and the request that waits for an answer.
        self._stream = 0
        self._request: PublishRequested | PlayRequested | None = None

    def receive(self, data: bytes) -> list[Event]:
        """Return what the client did. Raises PeerError; the connection is of no use after that."""
        if self.state is State.HANDSHAKE:
            self._greeting += self._handshake.receive(data)
            if self._handshake.phase is not Phase.DONE:
                return []
            self.state = State.WANT_CONNECT
            data, self._handshake.rest = self._handshake.rest, b""
        events: list[Event] = []
        for stream_id, item in self._link.receive(data):
            if isinstance(item, (Video, Audio, Metadata)):
                if stream_id == self._stream and self.state is _PUBLISHING:
                    events.append(item)
                else:
                    events.append(Ignored(f"{type(item).__name__} outside of a publish"))
            elif isinstance(item, Command):
                events.append(self._called(stream_id, item))
            else:
                events.append(item)
        return events

    def data_to_send(self) -> bytes:
        """Return what is to be sent, once."""
        greeting, self._greeting = self._greeting, b""
        return greeting + self._link.take()

    def accept(self, request: PublishRequested | PlayRequested) -> None:
        """Let the client publish or play. Does nothing if it has withdrawn the request since."""
        if request is not self._request:
            return
        self._request = None
        self._link.send(UserControl(ControlKind.STREAM_BEGIN, self._stream))
        if isinstance(request, PublishRequested):
            self._link.admit()
            self.state = State.PUBLISHING
            self._status("NetStream.Publish.Start", "Publishing.")
        else:
            self.state = State.PLAYING
            self._status("NetStream.Play.Reset", "Playing and resetting.")
            self._status("NetStream.Play.Start", "Playing.")

    def reject(self, request: PublishRequested | PlayRequested, code: str, description: str) -> None:
        """Say no, and close. Does nothing if the client has withdrawn the request since."""
        if request is self._request:
            self.turn_out(code, description)

    def turn_out(self, code: str, description: str) -> None:
        """Tell a client why it has to go, and close."""
        if self._stream and self.state is not State.CLOSED:
            self._status(code, description, level="error")
        self._request = None
        self.state = State.CLOSED

    def finish_play(self) -> None:
        """Tell a player that the stream has ended, and close."""
        if self.state is State.PLAYING:
            self._link.send(UserControl(ControlKind.STREAM_EOF, self._stream))
            self._status("NetStream.Play.UnpublishNotify", "The stream has ended.")
            self.state = State.CLOSED

    def send_audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Send sound to a player; to nobody else."""
        if self.state is State.PLAYING:
            self._link.send_audio(self._stream, timestamp_ms, payload)

    def send_video(self, timestamp_ms: int, payload: bytes) -> None:
        """Send a picture to a player; to nobody else."""
        if self.state is State.PLAYING:
            self._link.send_video(self._stream, timestamp_ms, payload)

    def send_metadata(self, values: Mapping[str, Value], timestamp_ms: int = 0) -> None:
        """Send onMetaData to a player; to nobody else."""
        if self.state is State.PLAYING:
            self._link.send(Data(("onMetaData", EcmaArray(values))), self._stream, timestamp_ms)

    def ping(self, now_ms: int) -> None:
        """Ask for a sign of life; the answer is not reported, but it is bytes received."""
        self._link.send(UserControl(ControlKind.PING_REQUEST, now_ms % WRAP))

    def _called(self, stream_id: int, call: Command) -> Event:
        if self.state is State.CLOSED:
            return Ignored(f"command {call.name:.40}")
        if self.state is State.WANT_CONNECT:
            if call.name != "connect":
                raise PeerError(f"command {call.name:.40} before connect")
            return self._connect(call)
        match call.name:
            case "createStream":
                if self._streams == _MAX_STREAMS:
                    raise PeerError(f"more than {_MAX_STREAMS} message streams")
                self._streams += 1
                self._link.send(Command("_result", call.transaction, (None, float(self._streams))))
            case "releaseStream":
                self._link.send(Command("_result", call.transaction, (None, UNDEFINED)))
            case "FCPublish":
                self._answer("onFCPublish", "NetStream.Publish.Start")
            case "publish":
                return self._ask(stream_id, call, PublishRequested(*url.requested(self._app, call.text(1))))
            case "play":
                return self._ask(stream_id, call, PlayRequested(*url.requested(self._app, call.text(1))))
            case "FCUnpublish":
                self._answer("onFCUnpublish", "NetStream.Unpublish.Success")
                return self._end(self._stream, call)
            case "deleteStream":
                return self._end(int(call.number(1)), call)
            case "closeStream":
                return self._end(stream_id, call)
            case _:
                # Others, such as getStreamLength and _checkbw, are not answered: clients do not wait, and ffmpeg takes
                # an error for the end.
                return Ignored(f"command {call.name:.40}")
        return Called(call.name)

    def _connect(self, call: Command) -> Event:
        properties = call.mapping(0)
        app, tc_url, version = (properties.get(key) for key in ("app", "tcUrl", "flashVer"))
        if not isinstance(app, str):
            raise PeerError("connect without an application")
        if isinstance(tc_url, str) and "?" not in app and "?" in tc_url:
            app += "?" + tc_url.partition("?")[2]
        if self.full:
            self._link.send(
                Command("_error", call.transaction, (None, _status("NetConnection.Connect.Rejected", _FULL, "error")))
            )
            self.state = State.CLOSED
            return Ignored("connect, as the server is full")
        self._app = app
        self.state = State.IDLE
        self._link.send(message.WindowSize(WINDOW))
        self._link.send(message.PeerBandwidth(WINDOW))
        self._link.set_chunk_size(CHUNK_SIZE)
        success = _status("NetConnection.Connect.Success", "Connected.") | {"objectEncoding": 0.0}
        server: Value = {"fmsVer": _SERVER_VERSION, "capabilities": _CAPABILITIES}
        self._link.send(Command("_result", call.transaction, (server, success)))
        return Connected(url.requested(app, "")[0], version if isinstance(version, str) else "")

    def _ask(self, stream_id: int, call: Command, request: PublishRequested | PlayRequested) -> Event:
        if self.state is not State.IDLE:
            return Ignored(f"{call.name} while another one is on")
        if not 0 < stream_id <= self._streams:
            raise PeerError(f"{call.name} on a message stream that was not created")
        self.state = State.ASKED
        self._stream = stream_id
        self._request = request
        return request

    def _end(self, stream_id: int, call: Command) -> Event:
        if self.state not in (State.ASKED, State.PUBLISHING, State.PLAYING) or stream_id != self._stream:
            return Called(call.name)
        if self.state is State.PUBLISHING:
            self._status("NetStream.Unpublish.Success", "Unpublished.")
        self._request = None
        self.state = State.IDLE
        return Ended(call.name)

    def _status(self, code: str, description: str, level: str = "status") -> None:
        self._link.send(Command("onStatus", 0, (None, _status(code, description, level))), self._stream)

    def _answer(self, name: str, code: str) -> None:
        self._link.send(Command(name, 0, (None, {"code": code, "description": ""})))


def _status(code: str, description: str, level: str = "status") -> dict[str, Value]:
    return {"level": level, "code": code, "description": description}
