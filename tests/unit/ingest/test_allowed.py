"""Which addresses may use the built-in CDN."""

import pytest

from tailrace.ingest.allowed import Allowed

LOOPBACK = Allowed(["127.0.0.0/8", "::1/128"])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_addresses_inside_may(address: str) -> None:
    assert LOOPBACK(address)


@pytest.mark.parametrize("address", ["192.168.0.1", "::2", "::ffff:10.0.0.1", "", "localhost", "fe80::1%eth0"])
def test_addresses_outside_and_what_is_none_may_not(address: str) -> None:
    assert not LOOPBACK(address)
