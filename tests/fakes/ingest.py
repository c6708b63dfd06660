"""A whole ingest process on free ports, and publishers to feed it."""

import asyncio
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from tailrace.bus import connection, media
from tailrace.bus.connection import Bus
from tailrace.bus.rooms import Rooms as BusRooms
from tailrace.config import Account, App, Config, Listen, Rooms
from tailrace.ids import Room, SdkAppId, Stream, StreamType, UserId
from tailrace.ingest import app
from tailrace.model.presence import Presence, Role
from tailrace.net.guard import Guard
from tailrace.net.rtmp_client import RtmpPublisher
from tailrace.secret import PushUrl, Secret
from tailrace.unit import Codec, Unit
from tailrace.wire import flv, h264, usersig

APP = SdkAppId(1400000001)
KEY = Secret("a key for tests only")
LOST_AFTER = 1.0

# A moving picture and a tone, as fast as real time; no B-frames unless asked for.
PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25")
TONE = ("-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "0")
AAC = ("-c:a", "aac", "-b:a", "64k", "-ac", "2")


def make_config(**ingest: Any) -> Config:
    """One app, free ports on loopback."""
    account = Account(app_id=1, secret_id="id", secret_key=Secret("key"))
    return Config(
        listen=Listen(http=0, media_http=0, rtmp=0),
        account=(account,),
        app=(App(sdk_app_id=APP, account=1, key=KEY),),
        rooms=Rooms(lost_after=LOST_AFTER),
        ingest=ingest,
    )


def _run(config: Config, bus_url: Secret, pipe: Pipe) -> None:
    app.main(config, bus_url, lambda addresses: pipe.send(dict(addresses)))


class IngestProcess:
    """`with IngestProcess(nats_url) as ingest:` runs one; `stop()` ends it in order."""

    def __init__(self, bus_url: Secret, config: Config | None = None) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, there = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(config or make_config(), bus_url, there))
        self.rtmp = self.http = ""

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def __enter__(self) -> "IngestProcess":
        self._process.start()
        if not self._pipe.poll(20):
            self._process.kill()
            raise TimeoutError("ingest was not ready within 20 s")
        addresses: Mapping[str, str] = self._pipe.recv()
        self.rtmp, self.http = addresses["rtmp"], addresses["media_http"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """SIGTERM, and wait; killed after 10 s."""
        self._process.terminate()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.join()

    def cpu_seconds(self) -> float:
        """User and system time that it has used so far (Linux)."""
        with open(f"/proc/{self.pid}/stat") as stat:  # noqa: PTH123
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def push(self, room: str, user: str, *, sig: str = "", **fields: str) -> str:
        """A URL that publishes `user` into `room`."""
        sig = sig or usersig.make(APP, KEY, UserId(user), int(time.time()), 3600).reveal()
        query = {"sdkappid": str(APP), "userid": user, "usersig": sig, **fields}
        return f"{self.rtmp}/push/{room}?{urlencode(query, safe='*-_')}"

    def live(self, name: str) -> str:
        """A URL of the built-in CDN."""
        return f"{self.rtmp}/live/{name}"

    def flv(self, name: str) -> str:
        """A URL of HTTP-FLV."""
        return f"{self.http}/live/{name}.flv"

    def streams(self) -> list[dict[str, Any]]:
        """What `GET /live` says."""
        with urllib.request.urlopen(f"{self.http}/live", timeout=5) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
            return listed

    def stream(self, name: str) -> dict[str, Any]:
        """The newest stream of this name, or nothing."""
        return next((entry for entry in reversed(self.streams()) if entry["name"] == name), {})


def stream_of(room: str, user: str, *, numeric: bool = False, type: StreamType = StreamType.MAIN) -> Stream:  # noqa: A002
    """The stream that `push` publishes."""
    return Stream(Room(APP, room, numeric), UserId(user), type)


class Ffmpeg:
    """`with Ffmpeg(...):` runs the program; it is told to stop at the end, and killed if it does not."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.output = ""

    def __enter__(self) -> "Ffmpeg":
        self._process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "info", *self.arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, timeout: float = 30) -> int:
        """Wait until it ends by itself; its exit status."""
        _, rest = self._process.communicate(timeout=timeout)
        self.output += rest
        return self._process.returncode

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait."""
        if self.running:
            self._process.send_signal(how)
        try:
            self.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
        except ValueError:  # waited for already
            self._process.wait()


def publisher(url: str, *, seconds: float = 60, video: Sequence[str] = H264, audio: Sequence[str] = AAC) -> Ffmpeg:
    """An ffmpeg that publishes a moving picture with a 1 kHz tone; leave a track out with an empty list of options."""
    inputs = [*(("-re", *PICTURE) if video else ()), *(("-re", *TONE) if audio else ())]
    return Ffmpeg(*inputs, "-t", str(seconds), *video, *audio, "-f", "flv", url)


def until(condition: Callable[[], Any], timeout: float = 15) -> Any:
    """Ask again and again until the answer is true, and return it. Raises AssertionError when time is up."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return answer


def ffmpeg_missing() -> str:
    """Why ffmpeg cannot be used; empty when it can."""
    return "" if shutil.which("ffmpeg") else "the ffmpeg program is not installed"


class Subscriber:
    """What a relay sees of one stream; made by `subscribed`."""

    def __init__(self, bus: Bus, stream: Stream) -> None:
        self.bus = bus
        self.stream = stream
        self.units: list[Unit] = []
        self.rooms = BusRooms(bus, LOST_AFTER)

    async def take(self, unit: Unit) -> None:
        """Note one unit."""
        self.units.append(unit)

    @property
    def video(self) -> list[Unit]:
        """The pictures so far."""
        return [unit for unit in self.units if unit.codec is Codec.H264]

    @property
    def audio(self) -> list[Unit]:
        """The sound so far."""
        return [unit for unit in self.units if unit.codec is Codec.AAC]

    async def presence(self) -> Presence | None:
        """The publisher's entry in the room."""
        return await self.rooms.get(self.stream.room, self.stream.user, Role(self.stream.type.value))

    async def until(self, condition: Callable[[], Any], timeout: float = 15) -> None:
        """Wait until the condition holds, which is asked after each turn of the bus."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self.bus.alive()

    async def until_present(self, timeout: float = 15) -> Presence:
        """Wait until the publisher is in the room."""
        async with asyncio.timeout(timeout):
            while (presence := await self.presence()) is None:
                pass
            return presence

    async def until_absent(self, timeout: float = 15) -> float:
        """Wait until it is not, and return how many seconds that took."""
        begin = time.monotonic()
        async with asyncio.timeout(timeout):
            while await self.presence() is not None:
                pass
        return time.monotonic() - begin


@asynccontextmanager
async def subscribed(bus_url: Secret, stream: Stream) -> AsyncGenerator[Subscriber, None]:
    """Subscribe to a stream, as a relay does."""
    bus = await connection.connect(bus_url, "test")
    try:
        subscriber = Subscriber(bus, stream)
        subscription = await media.subscribe(bus, stream, subscriber.take)
        yield subscriber
        await subscription.close()
    finally:
        await bus.close()


# A baseline 640x360 stream's set-up data, written by x264; and AAC-LC, 48 kHz, stereo.
RECORD = bytes.fromhex("0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e4801000568cb83cb20")
AAC_CONFIG = bytes.fromhex("1190")


class Script:
    """A publisher that sends what it is told to; made by `scripted`. Its pictures are named, not drawn."""

    def __init__(self, rtmp: RtmpPublisher) -> None:
        self.rtmp = rtmp

    def set_up(self) -> None:
        """Send the set-up data of both tracks."""
        self.rtmp.send_video(0, flv.VideoBody(flv.AvcPacket.CONFIG, True, 0, RECORD).encode())
        self.rtmp.send_audio(0, flv.AudioBody(True, AAC_CONFIG).encode())

    def picture(self, time_ms: int, *, key: bool = False, size: int = 100) -> None:
        """Send a picture of `size` bytes."""
        unit = (b"\x65" if key else b"\x41") + bytes(size)
        self.rtmp.send_video(time_ms, flv.VideoBody(flv.AvcPacket.UNITS, key, 0, h264.join([unit])).encode())

    def sound(self, time_ms: int) -> None:
        """Send a sound frame."""
        self.rtmp.send_audio(time_ms, flv.AudioBody(False, b"sound").encode())

    async def lost(self, timeout: float = 10) -> str:
        """Wait until the server ends it; what it said."""
        async with asyncio.timeout(timeout):
            return str(await self.rtmp.lost)


@asynccontextmanager
async def scripted(url: str) -> AsyncGenerator[Script, None]:
    """Publish by script, and end in order."""
    rtmp = await RtmpPublisher.dial(PushUrl(url), guard=Guard(["127.0.0.0/8"]))
    try:
        yield Script(rtmp)
    finally:
        await rtmp.close()
