"""ICE-lite: what is answered to binding requests, and where browsers are told to come."""

import pytest
from aioice.stun import Class, Message, Method, message_fingerprint, parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.net.webrtc.ice import Credentials, host_candidates

OURS = Credentials()
KEY = OURS.password.reveal().encode()
FROM = ("192.0.2.7", 4000)


def request(key: bytes = KEY, **attributes: object) -> bytes:
    said = {name.replace("_", "-"): value for name, value in attributes.items()}
    message = Message(Method.BINDING, Class.REQUEST, attributes={"USERNAME": f"{OURS.ufrag}:x", **said})
    message.add_message_integrity(key)
    return bytes(message)


def test_a_request_is_answered_with_where_it_came_from() -> None:
    check = OURS.check(request(ICE_CONTROLLING=1), FROM)

    assert check is not None
    assert (check.valid, check.nominates) == (True, False)
    reply = parse_message(check.reply)
    assert reply.message_class is Class.RESPONSE
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == FROM
    assert reply.check_message_integrity(KEY)


@pytest.mark.parametrize(
    ("host", "seen"), [("2001:db8::1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1")]
)
def test_addresses_of_ipv6_sockets_are_told_as_what_they_are(host: str, seen: str) -> None:
    check = OURS.check(request(), (host, 4000, 0, 0))

    assert check is not None
    assert parse_message(check.reply).attributes["XOR-MAPPED-ADDRESS"] == (seen, 4000)


def test_use_candidate_nominates() -> None:
    check = OURS.check(request(ICE_CONTROLLING=1, USE_CANDIDATE=None), FROM)

    assert check is not None
    assert check.nominates


def test_who_believes_to_be_controlled_is_told_otherwise() -> None:
    check = OURS.check(request(ICE_CONTROLLED=1, USE_CANDIDATE=None), FROM)

    assert check is not None
    assert (check.valid, check.nominates) == (False, False)
    reply = parse_message(check.reply)
    assert reply.error_code == 487
    assert reply.check_message_integrity(KEY)


def test_forged_and_unsigned_requests_are_ignored() -> None:
    unsigned = Message(Method.BINDING, Class.REQUEST, attributes={"USERNAME": f"{OURS.ufrag}:x"})
    unsigned.add_fingerprint()
    indication = Message(Method.BINDING, Class.INDICATION)
    indication.add_message_integrity(KEY)

    for data in (request(b"wrong"), bytes(unsigned), bytes(indication), b"", request()[:-4] + bytes(4)):
        assert OURS.check(data, FROM) is None


@settings(max_examples=150)
@given(data=st.data())
def test_no_request_does_any_harm(data: st.DataObject) -> None:
    text = bytearray(request(ICE_CONTROLLING=1))
    for _ in range(data.draw(st.integers(0, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(text[: data.draw(st.integers(0, len(text)))])
    # With a right check sum, so that it is read to its end.
    if len(cut) >= 28:
        cut = cut[:-8] + b"\x80\x28\x00\x04" + message_fingerprint(cut[:-8]).to_bytes(4, "big")

    OURS.check(cut, FROM)


def test_credentials_are_as_long_as_ice_wants_them_and_never_the_same() -> None:
    assert len({Credentials().ufrag for _ in range(100)}) == 100
    assert len(OURS.ufrag) >= 4
    assert len(KEY) >= 22
    assert OURS.password.reveal() not in repr(OURS)


def test_candidates_are_what_is_announced_and_the_first_one_is_preferred() -> None:
    first, second = host_candidates(("203.0.113.5", "2001:db8::5"), "0.0.0.0", 8189)

    assert [(one.host, one.port, one.type) for one in (first, second)] == [
        ("203.0.113.5", 8189, "host"),
        ("2001:db8::5", 8189, "host"),
    ]
    assert second.priority < first.priority < 2**31
    assert first.foundation != second.foundation


def test_without_announcement_it_is_where_we_listen() -> None:
    assert [one.host for one in host_candidates((), "192.0.2.1", 8189)] == ["192.0.2.1"]


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_listening_everywhere_all_addresses_of_the_machine_are_candidates(everywhere: str) -> None:
    hosts = [one.host for one in host_candidates((), everywhere, 8189)]

    assert hosts
    assert not {"0.0.0.0", "::"} & set(hosts)
