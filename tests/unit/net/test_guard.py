"""Which addresses may be dialled."""

import asyncio
import socket
from ipaddress import ip_address

import pytest

from tailrace.errors import AddressForbidden, DestinationUnreachable
from tailrace.net.guard import Guard


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of most clouds
        "100.100.100.200",  # metadata of Alibaba, in the range of carrier NAT
        "168.63.129.16",  # metadata of Azure, a public address
        "192.0.0.192",  # metadata of Oracle
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::a83f:8110",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",  # metadata of AWS
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_an_address_that_is_not_public_is_forbidden(address: str) -> None:
    with pytest.raises(AddressForbidden, match=r"cdn\.example"):
        Guard().check(ip_address(address), "cdn.example")


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "203.205.254.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_a_public_address_passes(address: str) -> None:
    Guard().check(ip_address(address), "cdn.example")


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::5"])
def test_networks_on_the_list_pass_in_every_form(address: str) -> None:
    Guard(["10.1.0.0/16", "fd00::/16"]).check(ip_address(address), "cdn.example")


def test_a_network_on_the_list_does_not_open_others() -> None:
    with pytest.raises(AddressForbidden):
        Guard(["10.1.0.0/16"]).check(ip_address("10.2.0.1"), "cdn.example")


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    guard = Guard(["127.0.0.0/8", "::1/128"])

    assert set(asyncio.run(guard.resolve("localhost", 1935))) <= {"127.0.0.1", "::1"}
    assert asyncio.run(guard.resolve("::ffff:127.0.0.1", 1935)) == ("127.0.0.1",)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "2130706433", "0x7f.1"])
def test_a_name_is_judged_by_what_it_resolves_to(host: str) -> None:
    try:
        socket.getaddrinfo(host, 1935)
    except OSError:
        pytest.skip(f"this machine does not resolve {host}")

    with pytest.raises(AddressForbidden, match=f"^{host} is (at .*, which is )?not a public address"):
        asyncio.run(Guard().resolve(host, 1935))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".invalid", "a..b"])
def test_a_name_that_does_not_exist_is_unreachable(host: str) -> None:
    with pytest.raises(DestinationUnreachable, match="cannot be resolved"):
        asyncio.run(Guard().resolve(host, 1935))
