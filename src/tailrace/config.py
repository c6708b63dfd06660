"""Config: the frozen settings. Values only: reading files and the environment is `cli/settings.py`.

The names are those of the TOML file (docs/configuration.md); the environment writes them as `TAILRACE_LISTEN__HTTP`.
Unknown keys are errors.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from tailrace.secret import CallbackUrl, Secret


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a text")
    return Secret(value)


def _network(value: str) -> str:
    ip_network(value)
    return value


def _address(value: str) -> str:
    return str(ip_address(value))


def _ice_url(value: str) -> str:
    if not _ICE_URL.fullmatch(value):
        raise ValueError(
            "expected an address such as stun:stun.example.com:3478 or turn:turn.example.com?transport=udp"
        )
    return value


def _callback_url(value: object) -> CallbackUrl:
    """Check the address without quoting it: its path may be a secret."""
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str):
        raise ValueError("expected a text")
    if len(text) > MAX_CALLBACK_URL:
        raise ValueError(f"expected at most {MAX_CALLBACK_URL} characters")
    try:
        parts = urlsplit(text)
        # Reading the port checks it.
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if text and not (valid and _CALLBACK_URL.fullmatch(text) and parts.username is None):
        raise ValueError("expected an address such as https://example.com/callbacks, without a user or a #fragment")
    return CallbackUrl(text)


def _origin(value: str) -> str:
    if value and not _ORIGIN.fullmatch(value):
        raise ValueError("expected an address such as https://relay.example.com, without a path")
    return value


def _callback_key(value: Secret) -> Secret:
    if not _CALLBACK_KEY.fullmatch(value.reveal()):
        raise ValueError("expected up to 32 letters and digits")
    return value


# spec/04 section 1.
MAX_CALLBACK_URL = 2083
_CALLBACK_KEY = re.compile(r"[0-9A-Za-z]{0,32}")
# Printable ASCII without blanks and "#": what can stand in the first line of a request.
_CALLBACK_URL = re.compile(r'[!"$-~]*')
# What a browser sends as Origin, in the letters that it uses.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")

# RFC 7064 and RFC 7065.
_ICE_URL = re.compile(r"(stuns?|turns?):[A-Za-z0-9.\-\[\]:]{1,255}(\?transport=(udp|tcp))?")

SecretText = Annotated[
    Secret,
    BeforeValidator(_secret),
    PlainSerializer(str, return_type=str),
]
CallbackUrlText = Annotated[
    CallbackUrl,
    BeforeValidator(_callback_url),
    PlainSerializer(str, return_type=str),
]
CallbackKeyText = Annotated[SecretText, AfterValidator(_callback_key)]
Origin = Annotated[str, AfterValidator(_origin)]
Address = Annotated[str, AfterValidator(_address)]
IceUrl = Annotated[str, AfterValidator(_ice_url)]
Network = Annotated[str, AfterValidator(_network)]
Port = Annotated[int, Field(ge=0, le=65535)]

# spec/00: the three regions of the StopPublishCdnStream page.
RELAY_REGIONS = ("ap-guangzhou", "ap-hongkong", "ap-singapore")
ANY_REGION = "*"


def _each_once(name: str, values: Sequence[int | str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{name} {value} is given twice")


class Section(BaseModel):
    """A table of the configuration file: frozen, and without room for unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Listen(Section):
    """Where the server listens. Port 0 picks a free one."""

    host: str = "127.0.0.1"
    http: Port = 8930
    media_http: Port = 8931
    rtmp: Port = 1935
    webrtc: Port = 8189


class BusSettings(Section):
    """The NATS server. Empty `url`: run the embedded one."""

    url: SecretText = Secret("")


class Key(Section):
    """One SecretId/SecretKey pair and what it may do, in CAM's terms."""

    secret_id: Annotated[str, Field(min_length=1, max_length=128)]
    secret_key: SecretText
    actions: tuple[str, ...] = ("trtc:*",)
    sdk_app_ids: tuple[int, ...] = ()
    signatures: tuple[Literal["TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1"], ...] = (
        "TC3-HMAC-SHA256",
        "HmacSHA256",
        "HmacSHA1",
    )


class Account(Key):
    """Who may call the API: an AppId with one key here and at most one more under `second_key`."""

    app_id: int
    verified: bool = True
    services: tuple[str, ...] = ("trtc",)
    second_key: Key | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Both keys of the account."""
        return (self, self.second_key) if self.second_key else (self,)


class App(Section):
    """An SdkAppId. `key` signs and checks UserSigs. Callbacks go to `callback_url`, signed with `callback_key`."""

    sdk_app_id: Annotated[int, Field(ge=1, le=4294967295)]
    account: int
    key: SecretText
    max_tasks: Annotated[int, Field(ge=0)] = 0
    callback_url: CallbackUrlText = CallbackUrl("")
    callback_key: CallbackKeyText = Secret("")


class Limits(Section):
    """What one caller may use. `requests_per_second` is per SecretId and action; 0: no limit."""

    requests_per_second: Annotated[float, Field(ge=0)] = 20


class Destinations(Section):
    """Push, image and callback addresses that are not public, and are allowed all the same."""

    allow_private: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    allow_rtmps: bool = True
    tls_verify: bool = True


class Callbacks(Section):
    """Callbacks of all apps. `tls_verify`: whether the certificates of https:// receivers are checked."""

    tls_verify: bool = True


class Console(Section):
    """The pages at `/console/`. `url`: where browsers find them when that is not this server's own address.

    `media_url`: where they find ingest; empty: where it says that it serves.
    """

    enabled: bool = True
    url: Origin = ""
    media_url: Origin = ""


class Api(Section):
    """Choices that spec/01 and spec/02 leave to the server.

    `strict` refuses what could only be done in a similar way, such as LC-AAC for HE-AAC.
    """

    regions: tuple[str, ...] = RELAY_REGIONS
    service_label: str = ""
    stop_ended_again: bool = True
    require_user_sig: bool = False
    strict: bool = False


class Rooms(Section):
    """Rooms. `lost_after`: seconds that a publisher who vanished without a word stays in the room."""

    lost_after: Annotated[float, Field(ge=1, le=90)] = 10


class Ingest(Section):
    """RTMP in. `cdn_from`: from where anybody may publish to and play from the built-in CDN, without a secret."""

    cdn_from: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    max_connections: Annotated[int, Field(ge=1)] = 1000
    handshake_timeout: Annotated[float, Field(gt=0, le=60)] = 10


class IceServer(Section):
    """A STUN or TURN server that browsers are told of, in Link headers."""

    urls: Annotated[tuple[IceUrl, ...], Field(min_length=1)]
    username: Annotated[str, Field(max_length=512)] = ""
    credential: SecretText = Secret("")


class WebRtc(Section):
    """Browsers: WHIP in, WHEP out. All media goes over the one UDP port `listen.webrtc`.

    `announce`: addresses under which browsers reach that port; empty: where it listens, or all of this machine's.
    `max_sessions`: bounds memory; one process has no time for so many publishers.
    `max_sessions_per_user`: of these; 0: no limit. Else one UserSig could take them all.
    `keyframe_interval`: publishers are asked for a key frame at least so often; 0: only when one is needed.
    `handshake_timeout`: from the answer to the first moment at which media can flow.
    """

    announce: tuple[Address, ...] = ()
    ice_server: tuple[IceServer, ...] = ()
    max_sessions: Annotated[int, Field(ge=1)] = 500
    max_sessions_per_user: Annotated[int, Field(ge=0)] = 50
    keyframe_interval: Annotated[float, Field(ge=0, le=60)] = 2
    handshake_timeout: Annotated[float, Field(gt=0, le=60)] = 10


class WorkerSettings(Section):
    """Relay tasks on this machine. `ack_wait`: seconds without a sign of life after which a task is handed on.

    `max_cpu` and `max_memory` are shares of all there is, beyond which no new task is taken; 0: not looked at.
    """

    max_tasks: Annotated[int, Field(ge=1)] = 100
    max_cpu: Annotated[float, Field(ge=0, le=1)] = 0.9
    max_memory: Annotated[float, Field(ge=0, le=1)] = 0.9
    ack_wait: Annotated[float, Field(ge=1)] = 3
    stop_deadline: Annotated[float, Field(gt=0)] = 5


class Relaying(Section):
    """`slate`: an image file that is shown while a publisher is away; empty: his last picture is."""

    slate: str = ""


class Encoding(Section):
    """x264. `preset` auto and `threads` 0: chosen from size, rate and cores by `model/encoding.py`."""

    preset: Literal[
        "auto", "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"
    ] = "auto"
    threads: Annotated[int, Field(ge=0, le=16)] = 0


class Log(Section):
    """`format`: console or json; auto chooses json when the output is not a terminal."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Config(Section):
    """All settings of one process, read once at the start and handed down in slices."""

    listen: Listen = Listen()
    bus: BusSettings = BusSettings()
    account: tuple[Account, ...] = ()
    app: tuple[App, ...] = ()
    limits: Limits = Limits()
    destinations: Destinations = Destinations()
    callbacks: Callbacks = Callbacks()
    api: Api = Api()
    console: Console = Console()
    rooms: Rooms = Rooms()
    ingest: Ingest = Ingest()
    webrtc: WebRtc = WebRtc()
    worker: WorkerSettings = WorkerSettings()
    relay: Relaying = Relaying()
    encoding: Encoding = Encoding()
    log: Log = Log()

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        accounts = [account.app_id for account in self.account]
        _each_once("account.app_id", accounts)
        _each_once("account.secret_id", [key.secret_id for account in self.account for key in account.keys])
        _each_once("app.sdk_app_id", [app.sdk_app_id for app in self.app])
        for app in self.app:
            if app.account not in accounts:
                raise ValueError(f"app {app.sdk_app_id}: there is no [[account]] with app_id {app.account}")
        return self
