"""Client side of an RTMP connection: publishes or plays one stream, in the order that Flash's live encoder has set.

    HANDSHAKE -> CONNECTING -> CREATING -> ASKED -> PUBLISHING | PLAYING -> CLOSED

Publishing: connect, Set Chunk Size, releaseStream, FCPublish, createStream, publish; and at the end FCUnpublish,
deleteStream. releaseStream and FCPublish are not waited for: many servers do not answer them.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from tailrace.errors import PeerError
from tailrace.wire.rtmp.amf0 import Value
from tailrace.wire.rtmp.event import Audio, Event, Finished, Ignored, Metadata, Playing, Published, Refused, Video
from tailrace.wire.rtmp.handshake import Handshake, Phase
from tailrace.wire.rtmp.link import CHUNK_SIZE, Link, metadata
from tailrace.wire.rtmp.message import Command, ControlKind, UserControl
from tailrace.wire.rtmp.url import RtmpUrl

State = Enum("State", "HANDSHAKE CONNECTING CREATING ASKED PUBLISHING PLAYING CLOSED")
Purpose = Enum("Purpose", "PUBLISH PLAY")

# What OBS says; some CDNs refuse versions that they do not know.
_FLASH_VERSION: Final = "FMLE/3.0 (compatible; FMSc/1.0)"
_CONNECT, _RELEASE, _PREPARE, _CREATE, _ASK, _UNPREPARE, _DELETE = (float(number) for number in range(1, 8))
# "A live stream, else a recorded one" in the play command, and how much a player buffers: what ffmpeg sends.
_LIVE_OR_RECORDED: Final = -2000.0
_BUFFER_MS: Final = 3000
_OVER: Final = ("NetStream.Play.UnpublishNotify", "NetStream.Play.Stop", "NetStream.Play.Complete")
# What refusals have as their code, and how much we keep of others, and of the words beside them.
_CODE: Final = re.compile(r"Net(Stream|Connection)(\.[A-Za-z]{1,30}){1,3}")
_MAX_CODE: Final = 80
_MAX_DESCRIPTION: Final = 200
# Some servers call these a "status", not an "error".
_NO: Final = ("NetStream.Publish.BadName", "NetStream.Publish.Denied", "NetStream.Publish.Failed", "NetStream.Failed")


class ClientConnection:
    """Bytes in, events out. `random` is for the handshake; `data_to_send` has the first bytes at once."""

    def __init__(self, target: RtmpUrl, purpose: Purpose, random: bytes) -> None:
        self.state = State.HANDSHAKE
        self._target = target
        self._purpose = purpose
        self._handshake = Handshake(random, client=True)
        self._greeting = self._handshake.opening
        self._link = Link()
        self._stream = 0

    @property
    def begun(self) -> bool:
        """Whether the server was told of the stream, so that `finish` has something to end."""
        return self.state in (State.CREATING, State.ASKED, State.PUBLISHING, State.PLAYING)

    def receive(self, data: bytes) -> list[Event]:
        """Return what the server did. Raises PeerError; the connection is of no use after that."""
        if self.state is State.HANDSHAKE:
            self._greeting += self._handshake.receive(data)
            if self._handshake.phase is not Phase.DONE:
                return []
            data, self._handshake.rest = self._handshake.rest, b""
            self._connect()
        events: list[Event] = []
        for _, item in self._link.receive(data):
            if isinstance(item, Command):
                events.append(self._called(item))
            elif isinstance(item, (Video, Audio, Metadata)) and self.state is not State.PLAYING:
                events.append(Ignored(f"{type(item).__name__} while not playing"))
            else:
                events.append(item)
        return events

    def data_to_send(self) -> bytes:
        """Return what is to be sent, once."""
        greeting, self._greeting = self._greeting, b""
        return greeting + self._link.take()

    def send_audio(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish an FLV tag body of sound; to be called while PUBLISHING, does nothing otherwise."""
        if self.state is State.PUBLISHING:
            self._link.send_audio(self._stream, timestamp_ms, payload)

    def send_video(self, timestamp_ms: int, payload: bytes) -> None:
        """Publish an FLV tag body of a picture; to be called while PUBLISHING, does nothing otherwise."""
        if self.state is State.PUBLISHING:
            self._link.send_video(self._stream, timestamp_ms, payload)

    def send_metadata(self, values: Mapping[str, Value], timestamp_ms: int = 0) -> None:
        """Publish onMetaData; to be called while PUBLISHING, does nothing otherwise."""
        if self.state is State.PUBLISHING:
            self._link.send(metadata(values), self._stream, timestamp_ms)

    def finish(self) -> None:
        """End in order what was begun: FCUnpublish and deleteStream. Twice is harmless."""
        if self._purpose is Purpose.PUBLISH and self.begun:
            self._link.send(Command("FCUnpublish", _UNPREPARE, (None, self._target.name.reveal())))
        if self.state in (State.ASKED, State.PUBLISHING, State.PLAYING):
            self._link.send(Command("deleteStream", _DELETE, (None, float(self._stream))))
        self.state = State.CLOSED

    def _connect(self) -> None:
        properties: dict[str, Value] = {
            "app": self._target.app,
            "type": "nonprivate",
            "flashVer": _FLASH_VERSION,
            "swfUrl": self._target.tc_url,
            "tcUrl": self._target.tc_url,
        }
        if self._purpose is Purpose.PLAY:
            properties |= {"fpad": False, "capabilities": 15.0, "audioCodecs": 4071.0, "videoCodecs": 252.0}
        self._link.send(Command("connect", _CONNECT, (properties,)))
        self.state = State.CONNECTING

    def _called(self, call: Command) -> Event:
        if self.state is State.CLOSED:
            return Ignored(f"command {call.name:.40}")
        match call.name, call.transaction, self.state:
            case "_result", 1.0, State.CONNECTING:
                self._create()
            case "_result", 4.0, State.CREATING:
                self._ask(int(call.number(1)))
            case "_error", (1.0 | 4.0), (State.CONNECTING | State.CREATING):
                return self._refused(call)
            case "onStatus", _, _:
                return self._told(call)
        return Ignored(f"command {call.name:.40}")

    def _create(self) -> None:
        self._link.set_chunk_size(CHUNK_SIZE)
        if self._purpose is Purpose.PUBLISH:
            name = self._target.name.reveal()
            self._link.send(Command("releaseStream", _RELEASE, (None, name)))
            self._link.send(Command("FCPublish", _PREPARE, (None, name)))
        self._link.send(Command("createStream", _CREATE, (None,)))
        self.state = State.CREATING

    def _ask(self, stream_id: int) -> None:
        if not 0 < stream_id < 1 << 32:
            raise PeerError(f"message stream {stream_id}")
        self._stream = stream_id
        name = self._target.name.reveal()
        if self._purpose is Purpose.PUBLISH:
            self._link.send(Command("publish", _ASK, (None, name, "live")), stream_id)
        else:
            self._link.admit()
            self._link.send(Command("play", _ASK, (None, name, _LIVE_OR_RECORDED)), stream_id)
            self._link.send(UserControl(ControlKind.SET_BUFFER_LENGTH, stream_id, _BUFFER_MS))
        self.state = State.ASKED

    def _told(self, call: Command) -> Event:
        code = call.mapping(1).get("code")
        if call.mapping(1).get("level") == "error" or code in _NO:
            return self._refused(call)
        if self.state is State.ASKED and self._purpose is Purpose.PUBLISH and code == "NetStream.Publish.Start":
            self.state = State.PUBLISHING
            return Published()
        if self.state is State.ASKED and self._purpose is Purpose.PLAY and code == "NetStream.Play.Start":
            self.state = State.PLAYING
            return Playing()
        if self.state is State.PLAYING and code in _OVER:
            self.state = State.CLOSED
            return Finished()
        return Ignored(f"status {code!s:.60}")

    def _refused(self, call: Command) -> Event:
        self.state = State.CLOSED
        information = call.arguments[1] if len(call.arguments) > 1 else None
        if not isinstance(information, dict):
            return Refused(f"{call.name}", "")
        code, description = information.get("code"), information.get("description")
        # Servers like to quote the stream key, or parts of it, in their refusal.
        said = self._target.hide(description, _MAX_DESCRIPTION) if isinstance(description, str) else ""
        if not isinstance(code, str):
            return Refused(call.name, said)
        return Refused(code if _CODE.fullmatch(code) else self._target.hide(code, _MAX_CODE), said)
