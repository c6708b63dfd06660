"""Media: an ingest's address as a browser elsewhere reaches it."""

import pytest

from tailrace.control.console.media import seen_from


@pytest.mark.parametrize(
    ("address", "host", "seen"),
    [
        ("http://127.0.0.1:8931", "127.0.0.1:8930", "http://127.0.0.1:8931"),
        ("http://127.0.0.1:8931", "relay.example.com", "http://relay.example.com:8931"),
        ("http://[::1]:8931", "[2001:db8::1]:8930", "http://[2001:db8::1]:8931"),
        ("http://192.0.2.7:8931", "relay.example.com:8930", "http://192.0.2.7:8931"),
        ("http://[2001:db8::7]:8931", "a", "http://[2001:db8::7]:8931"),
        ("", "a", ""),
        ("http://", "a", ""),
        ("http://a:99999", "a", ""),
        ("http://[", "a", ""),
    ],
)
def test_an_address_of_this_machine_gets_the_name_that_the_browser_used(address: str, host: str, seen: str) -> None:
    assert seen_from(address, host) == seen
