"""Target: the server that a command talks to, found by its data folder or configuration, and called like any client."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tailrace.cli import settings
from tailrace.cli.exits import CommandError, Exit
from tailrace.cli.folder import DataFolder, default_folder
from tailrace.cli.roles import LISTENS, as_url
from tailrace.config import RELAY_REGIONS, App, Config
from tailrace.errors import ApiError, PeerError
from tailrace.ids import USER_ID, USER_ID_FORM, SdkAppId, UserId
from tailrace.net.http_server import reachable
from tailrace.secret import Secret
from tailrace.wire import usersig
from tailrace.wire.cloud.client import Credentials, read_answer, signed_post

# The server answers in milliseconds, and itself waits 10 s for a disk that stalls, twice at a start: this is one that
# hangs.
CALL_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A server: its settings, and its addresses by their names in the ready file."""

    config: Config
    folder: DataFolder
    addresses: Mapping[str, str]
    # False when no server runs on the folder: the addresses are those of the folder's configuration then.
    running: bool = True
    # No proxy of the environment: the server is named by us, and mostly on this machine.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=CALL_TIMEOUT, trust_env=False))

    def app(self, wanted: int = 0) -> App:
        """Return the application `wanted`, or the first one. Raises CommandError when there is none."""
        for app in self.config.app:
            if wanted in (0, app.sdk_app_id):
                return app
        known = ", ".join(str(app.sdk_app_id) for app in self.config.app) or "none"
        raise CommandError(f"there is no application {wanted or ''} in the configuration (there: {known})", Exit.CONFIG)

    def user_sig(self, app: App, user: str, lifetime: int) -> Secret:
        """Return a UserSig that is valid for `lifetime` seconds from now. Raises CommandError for no possible user."""
        if not USER_ID.fullmatch(user):
            raise CommandError(f"no user can be called {user!r}; use {USER_ID_FORM}")
        return usersig.make(SdkAppId(app.sdk_app_id), app.key, UserId(user), int(time.time()), lifetime)

    def bus_url(self) -> Secret:
        """Return the bus of this server: the configured one, or the embedded one by its own settings file."""
        if self.config.bus.url:
            return self.config.bus.url
        file = self.folder.path / "nats" / "nats-server.conf"
        try:
            if "nats" in self.addresses:
                rights = json.loads(file.read_text())["authorization"]
                return Secret(f"nats://{rights['user']}:{rights['password']}@{urlsplit(self.addresses['nats']).netloc}")
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"cannot read {file}: {error}", Exit.UNREACHABLE) from None
        raise CommandError(
            f"no server runs on {self.folder.path}; start one with tailrace serve, or name its --data", Exit.UNREACHABLE
        )

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call the Cloud API as the owner of the application. Raises CommandError with what it or the network said."""
        url = self.addresses["http"]
        app = self.app(int(parameters["SdkAppId"]))
        account = next(account for account in self.config.account if account.app_id == app.account)
        region = next((region for region in self.config.api.regions if region != "*"), RELAY_REGIONS[0])
        headers, body = signed_post(
            Credentials(account.secret_id, account.secret_key),
            urlsplit(url).netloc,
            action,
            parameters,
            int(time.time()),
            region,
        )
        try:
            answer = self.http.post(url, headers=headers, content=body)
            return read_answer(answer.content)
        except httpx.HTTPError as error:
            raise CommandError(
                f"no answer from {url}: {error or type(error).__name__}; does it run?", Exit.UNREACHABLE
            ) from None
        except (ApiError, PeerError) as error:
            # A server of another folder may have the same ports, and knows no key of this one.
            stranger = isinstance(error, ApiError) and error.code.startswith("AuthFailure") and not self.running
            hint = f"; no server runs on {self.folder.path}, this answer is from {url}" if stranger else ""
            raise CommandError(f"{action}: {error}{hint}") from None


_LISTENING = tuple(name for names in LISTENS.values() for name in names)


def find(config_file: Path | None, data: Path | None) -> Target:
    """Return the server of this configuration or data folder; its addresses come from its ready file when it runs."""
    folder = DataFolder(data or default_folder())
    running = folder.read_running() or {}
    config = settings.load(config_file or Path(str(running.get("config") or folder.config)))
    listen = config.listen
    addresses = {name: as_url(name, reachable(listen.host, getattr(listen, name))) for name in _LISTENING}
    addresses.update({name: str(running[name]) for name in (*_LISTENING, "nats") if name in running})
    if not running and 0 in (getattr(listen, name) for name in _LISTENING):
        raise CommandError(
            f"no server runs on {folder.path}; start one with tailrace serve, or name its --data", Exit.UNREACHABLE
        )
    return Target(config, folder, addresses, running=bool(running) or config_file is not None)
