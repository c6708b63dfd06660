"""Doctor: `tailrace doctor`, checks of an installation; each finding says what to do."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tailrace import __version__
from tailrace.bus.embedded import EmbeddedServer, server_program
from tailrace.cli import crew, settings, target
from tailrace.cli.exits import CommandError
from tailrace.cli.folder import DataFolder, default_folder
from tailrace.cli.ports import check_free
from tailrace.cli.roles import DATAGRAMS, LISTENS
from tailrace.config import Config
from tailrace.errors import TailraceError
from tailrace.model.need import RELAY

# A clock before this release was made is wrong, and then so are all signatures.
_RELEASED = 1_760_000_000
# A child process that imports FFmpeg and asks for codecs takes a fifth of a second.
_PROBE_TIMEOUT = 30.0
_MIN_FREE_BYTES = 200 * 1024 * 1024

# PyAV in a process of its own: a broken FFmpeg then is a finding and not a crash of the doctor.
_CODEC_PROBE = """
import av, json
wanted = {"decoders": ["h264", "aac"], "encoders": ["aac", "libx264"]}
missing = []
for kind, mode in (("decoders", "r"), ("encoders", "w")):
    for name in wanted[kind]:
        try:
            av.Codec(name, mode)
        except (ValueError, av.FFmpegError):
            missing.append(f"{kind[:-1]} {name}")
print(json.dumps({"av": av.__version__, "ffmpeg": av.ffmpeg_version_info, "missing": missing}))
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, and in words what was found."""

    name: str
    well: bool
    text: str


def doctor(config_file: Path | None, data: Path | None, *, as_json: bool) -> None:
    """Print all findings. Raises CommandError when one of them is not well."""
    folder = DataFolder(data or default_folder())
    findings = [
        _checked("python", _python),
        _checked("ffmpeg", _ffmpeg),
        _checked("nats-server", _nats_program),
        _checked("clock", _clock),
        _checked("data folder", lambda: _data(folder)),
        _checked("configuration", lambda: _configuration(config_file, folder)),
        _checked("ports", lambda: _ports(config_file, folder)),
        _checked("bus", _bus),
        _checked("room left", lambda: _room_left(config_file, folder)),
    ]
    if as_json:
        print(json.dumps([{"check": f.name, "well": f.well, "text": f.text} for f in findings], indent=2))
    else:
        console = Console(highlight=False)
        for finding in findings:
            mark = "[green]ok[/green]  " if finding.well else "[red]BAD[/red] "
            console.print(f"{mark}{finding.name:<15}", end="")
            console.print(finding.text, markup=False, soft_wrap=True)
    if bad := [finding.name for finding in findings if not finding.well]:
        raise CommandError(f"not well: {', '.join(bad)}")


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except (TailraceError, OSError, ValueError, subprocess.SubprocessError) as error:
        return Finding(name, False, str(error))


def _python() -> str:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return f"{found}, tailrace {__version__}"


def _ffmpeg() -> str:
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _CODEC_PROBE], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=False
    )
    if ended.returncode:
        raise ValueError(f"PyAV cannot be loaded: {ended.stderr.strip().splitlines()[-1:]}; reinstall the package av")
    found = json.loads(ended.stdout)
    if found["missing"]:
        raise ValueError(f"FFmpeg {found['ffmpeg']} lacks {', '.join(found['missing'])}; install the wheel of PyAV")
    return f"FFmpeg {found['ffmpeg']} by PyAV {found['av']}, with H.264 and AAC"


def _nats_program() -> str:
    ended = subprocess.run(  # noqa: S603 - our own program
        [server_program(), "--version"], capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=True
    )
    return ended.stdout.strip()


def _clock() -> str:
    now = time.time()
    if now < _RELEASED:
        raise ValueError("the clock is in the past; signatures would not be accepted: set it, best by NTP")
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))


def _data(folder: DataFolder) -> str:
    folder.prepare()
    status = os.statvfs(folder.path)
    free = status.f_bavail * status.f_frsize
    if free < _MIN_FREE_BYTES:
        raise ValueError(f"{folder.path} has {free // 2**20} MiB left; make room, or choose another one with --data")
    return f"{folder.path}, {free // 2**30} GiB free"


def _read(config_file: Path | None, folder: DataFolder) -> tuple[Path, Config | None]:
    file = config_file or folder.config
    return file, None if config_file is None and not file.exists() else settings.load(file)


def _configuration(config_file: Path | None, folder: DataFolder) -> str:
    file, config = _read(config_file, folder)
    if config is None:
        return f"none yet: the first tailrace serve writes {file}"
    if file.stat().st_mode & 0o077:
        raise ValueError(f"{file} holds secrets and others may read it: chmod 600 {file}")
    return f"{file}: {len(config.account)} account(s), {len(config.app)} application(s)"


def _ports(config_file: Path | None, folder: DataFolder) -> str:
    if running := folder.read_running():
        return f"a server runs here already (process {running.get('pid')}), at {running.get('http')}"
    config = _read(config_file, folder)[1] or Config()
    wanted = {name: getattr(config.listen, name) for names in LISTENS.values() for name in names}
    for name, port in wanted.items():
        try:
            check_free(config.listen.host, port, datagrams=name in DATAGRAMS)
        except OSError as error:
            key = settings.variable(("listen", name))
            raise ValueError(
                f"port {port} (listen.{name}): {os.strerror(error.errno or 0)}; set {key} to another one"
            ) from None
    return ", ".join(f"{name} {port}" for name, port in wanted.items()) + " are free"


def _room_left(config_file: Path | None, folder: DataFolder) -> str:
    if not folder.read_running():
        return "no server runs here; its workers would tell"
    found = crew.workers(target.find(config_file, folder.path))
    if not found:
        raise ValueError("no worker is there: tasks wait until one comes; see the log for why")
    for hand in found:
        if (short := hand.room.short_of(RELAY)) is not None:
            raise ValueError(f"{hand.name} with {hand.tasks} tasks has no room for one more: {short}; add a worker")
    return "; ".join(f"{hand.name} has {hand.tasks} tasks, and room for {crew.words(hand.room)}" for hand in found)


def _bus() -> str:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tailrace-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            server.wait_ready(_PROBE_TIMEOUT)
        finally:
            server.stop()
    return f"the embedded nats-server starts and stops in {time.monotonic() - began:.2f} s"
