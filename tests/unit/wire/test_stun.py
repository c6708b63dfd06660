"""For whom a STUN request is."""

import struct

import pytest
from aioice.stun import Class, Message, Method
from hypothesis import given
from hypothesis import strategies as st

from tailrace.wire.stun import ufrag_of

# Fixed, since parameters of tests must be the same in each process that runs them.
TRANSACTION = bytes(range(12))


def request(username: str = "ours:theirs", method: Method = Method.BINDING, kind: Class = Class.REQUEST) -> bytes:
    message = Message(method, kind, TRANSACTION, attributes={"PRIORITY": 1, "SOFTWARE": "odd", "USERNAME": username})
    message.add_message_integrity(b"key")
    return bytes(message)


def test_a_binding_request_is_for_the_first_half_of_its_user_name() -> None:
    assert ufrag_of(request()) == "ours"
    assert ufrag_of(request(":theirs")) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:19],
        request()[:-1],
        request() + b"\0",
        request("nocolon"),
        request(method=Method.ALLOCATE),
        request(kind=Class.RESPONSE),
        request(kind=Class.INDICATION),
        request().replace(b"\x21\x12\xa4\x42", b"\0\0\0\0"),
        bytes(Message(Method.BINDING, Class.REQUEST, TRANSACTION)),
    ],
)
def test_everything_else_is_for_nobody(data: bytes) -> None:
    assert ufrag_of(data) is None


def test_a_name_behind_many_attributes_is_not_looked_for() -> None:
    many = 16 * struct.pack(">HHI", 0x0024, 4, 1) + struct.pack(">HH", 6, 4) + b"a:bc"

    assert ufrag_of(struct.pack(">HHI", 1, len(many), 0x2112A442) + bytes(12) + many) is None


@given(body=st.binary(max_size=200))
def test_no_attributes_do_any_harm(body: bytes) -> None:
    found = ufrag_of(struct.pack(">HHI", 1, len(body), 0x2112A442) + bytes(12) + body)

    assert found is None or isinstance(found, str)
