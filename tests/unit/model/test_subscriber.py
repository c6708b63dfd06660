"""Addresses of one subscriber are one."""

import pytest

from tailrace.model.subscriber import subscriber


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "proxy", True),
    ],
)
def test_a_subscriber_has_one_address_or_a_network(one: str, other: str, same: bool) -> None:
    assert (subscriber(one) == subscriber(other)) is same
