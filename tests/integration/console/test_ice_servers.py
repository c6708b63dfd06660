"""The STUN and TURN servers that an answer names, as the console's pages read them (RFC 9725 section 4.6)."""

from typing import Any

import pytest

from tests.harness.browser import Looker

READ = "(header) => import('./static/rtc.js').then((rtc) => rtc.iceServers(header))"
TURN = '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="a;b,c"'


@pytest.mark.parametrize(
    ("header", "servers"),
    [
        (None, []),
        ("", []),
        ('<stun:stun.example.net>; rel="ice-server"', [{"urls": "stun:stun.example.net"}]),
        ("<stun:stun.example.net>; rel=ice-server", [{"urls": "stun:stun.example.net"}]),
        (
            f'<stun:stun.example.net>; rel="ice-server", {TURN}; credential-type="password"',
            [
                {"urls": "stun:stun.example.net"},
                {"urls": "turn:turn.example.net?transport=udp", "username": "user", "credential": "a;b,c"},
            ],
        ),
        ('<https://example.net/other>; rel="next"', []),
        ('<turn:no-end; rel="ice-server"', []),
    ],
)
def test_ice_servers_are_read_from_link_headers(looker: Looker, header: str | None, servers: list[Any]) -> None:
    assert looker.go().evaluate(READ, header) == servers
