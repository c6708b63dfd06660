"""Serve: `tailrace serve`, from the configuration to the ready file and the orderly end."""

import gc
import logging
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from tailrace import __version__, logs
from tailrace.cli import sample, settings
from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.folder import DataFolder, write_whole
from tailrace.cli.ports import check_free
from tailrace.cli.roles import BUS_URL, DATAGRAMS, LISTENS, RoleName, app_role, as_url, bus_role, shown_bus
from tailrace.cli.slate import check_slate
from tailrace.config import Config
from tailrace.errors import ConfigError, RoleFailed
from tailrace.processes import Supervisor
from tailrace.secret import Secret

_log = logging.getLogger(__name__)


def serve(
    config_file: Path | None,
    data: Path,
    names: Sequence[RoleName],
    ready_file: Path | None,
    lifeline: int | None = None,
) -> None:
    """Run the roles until told to stop, by a signal or by the end of the pipe `lifeline`.

    Raises ConfigError or CommandError when they cannot serve.
    """
    began = time.monotonic()
    folder = DataFolder(data)
    folder.prepare()
    file, config = _configuration(config_file, folder)
    roles = _roles(names, config)
    if RoleName.WORKER in roles:
        check_slate(config.relay.slate)
    logs.set_up(config.log.level, config.log.format)
    with ExitStack() as stack:
        stack.enter_context(folder.held())
        _check_ports(config, roles)
        # The one that programs wait for comes last: whoever sees it finds the other one, which the commands read.
        ready_files = [path for path in (folder.running, ready_file) if path is not None]
        for path in ready_files:
            path.unlink(missing_ok=True)
            stack.callback(path.unlink, missing_ok=True)
        supervisor = stack.enter_context(Supervisor(lifeline=lifeline))
        try:
            _start(supervisor, roles, config, folder)
        except RoleFailed as error:
            supervisor.stop(list(RoleName))
            raise CommandError(f"{error.role}: {error}", Exit.IN_USE) from None
        if not supervisor.stop_asked:
            ready = {name: as_url(name, address) for name, address in supervisor.addresses.items()}
            content = {**ready, "config": str(file), "pid": supervisor.pid}
            for path in ready_files:
                write_whole(path, content)
            print(_greeting(ready, file, config, time.monotonic() - began), flush=True)
        supervisor.run()
        _log.info("stopping")
        supervisor.stop(list(RoleName))
        _log.info("stopped")


def _configuration(named: Path | None, folder: DataFolder) -> tuple[Path, Config]:
    file = (named or folder.config).absolute()
    if named is None and not file.exists():
        sample.write(file)
    return file, settings.load(file)


def _roles(names: Sequence[RoleName], config: Config) -> list[RoleName]:
    """Return the wanted roles, all when none is named; the bus is ours only when no other one is configured."""
    wanted = list(dict.fromkeys(names)) or list(RoleName)
    if RoleName.BUS in wanted and config.bus.url:
        wanted.remove(RoleName.BUS)
        if not wanted:
            raise ConfigError("bus.url names a NATS server, so there is none to run: empty bus.url, or drop --role bus")
    elif RoleName.BUS not in wanted and not config.bus.url:
        raise ConfigError("bus.url is empty and --role bus is not given: set bus.url to the NATS server of the others")
    return wanted


def _start(supervisor: Supervisor, roles: Sequence[RoleName], config: Config, folder: DataFolder) -> None:
    """Start the bus, which takes 50 ms, then the others beside each other."""
    bus_url = config.bus.url
    apps = [name for name in roles if name is not RoleName.BUS]
    # First, although the bus could start meanwhile: pages that are written to after a fork are not shared any more,
    # which cost 15 MB.
    _import_shared(apps)
    if RoleName.BUS in roles:
        supervisor.start(bus_role(folder.path))
        supervisor.wait_until_ready([RoleName.BUS])
        bus_url = Secret(supervisor.addresses.pop(BUS_URL, ""))
    elif bus_url:
        supervisor.addresses["nats"] = shown_bus(bus_url)
    if supervisor.stop_asked:
        return
    for name in apps:
        supervisor.start(app_role(name, config, bus_url, supervisor.addresses))
    supervisor.wait_until_ready(apps)


def _import_shared(apps: Sequence[RoleName]) -> None:
    """Import once what several roles use, so that their forks share its memory.

    The worker's FFmpeg is not among it: only the worker and its children need it, and the API shall not have it.
    """
    for name in (RoleName.CONTROL, RoleName.INGEST):
        if name in apps:
            import_module(f"tailrace.{name}.app")
    gc.collect()
    # Objects that exist now never move or get their collector marks rewritten, so their pages stay shared.
    gc.freeze()


def _check_ports(config: Config, roles: Sequence[RoleName]) -> None:
    """Raise CommandError when a port is taken: with the key to change, which the role itself could not name as well."""
    for name in (name for role in roles for name in LISTENS[role]):
        port: int = getattr(config.listen, name)
        try:
            check_free(config.listen.host, port, datagrams=name in DATAGRAMS)
        except OSError as error:
            raise CommandError(
                f"cannot listen on {config.listen.host} port {port} (listen.{name}): {os.strerror(error.errno or 0)}; "
                f"stop what uses it, or set {settings.variable(('listen', name))} to another port, 0 for a free one",
                Exit.IN_USE,
            ) from None


def _greeting(ready: dict[str, str], file: Path, config: Config, seconds: float) -> str:
    """Return what is printed once it serves: all that a caller needs, and of the keys only where they are."""
    console = f"{ready['http']}/console/" if "http" in ready and config.console.enabled else None
    rows = [("Cloud API", ready.get("http")), ("Console", console)]
    rows += [("Media HTTP", ready.get("media_http")), ("RTMP", ready.get("rtmp"))]
    rows += [("WebRTC", ready.get("webrtc")), ("NATS", ready.get("nats"))]
    rows += [("SecretId", key.secret_id) for account in config.account[:1] for key in account.keys[:1]]
    rows += [("SdkAppId", str(app.sdk_app_id)) for app in config.app[:1]]
    rows += [("Keys", f"in {file}")]
    lines = [f"  {name:<12}{value}" for name, value in rows if value]
    return "\n".join([f"Tailrace {__version__} serves ({seconds:.1f} s)", *lines, "Ctrl-C stops it in order."])
