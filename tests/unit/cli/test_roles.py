"""Roles: addresses, and the ports that a restarted role keeps."""

import pytest

from tailrace.cli.roles import as_url, keep_ports, shown_bus
from tailrace.config import Config
from tailrace.secret import Secret


@pytest.mark.parametrize(
    ("name", "address", "url"),
    [
        ("http", "127.0.0.1:8930", "http://127.0.0.1:8930"),
        ("rtmp", "rtmp://127.0.0.1:1935", "rtmp://127.0.0.1:1935"),
        ("media_http", "[::1]:8931", "http://[::1]:8931"),
    ],
)
def test_an_address_is_shown_as_a_url(name: str, address: str, url: str) -> None:
    assert as_url(name, address) == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nats://user:hunter2@127.0.0.1:4222", "nats://127.0.0.1:4222"),
        ("tls://token@nats.example.com", "tls://nats.example.com:4222"),
        ("nats://[::1]:4333", "nats://[::1]:4333"),
    ],
)
def test_the_bus_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert shown_bus(Secret(url)) == shown


def test_a_role_that_starts_again_keeps_the_ports_that_it_had() -> None:
    config = Config.model_validate({"listen": {"http": 0, "rtmp": 0, "media_http": 8931}})

    kept = keep_ports(config, {"http": "http://127.0.0.1:40001", "rtmp": "rtmp://127.0.0.1:40002", "nats": "x"})

    assert (kept.listen.http, kept.listen.rtmp, kept.listen.media_http) == (40001, 40002, 8931)
    assert config.listen.http == 0
