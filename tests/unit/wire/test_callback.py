"""Signatures, headers and envelopes of callbacks: the test vector of spec/04 section 1.1, and every field."""

import json

from tailrace.ids import SdkAppId
from tailrace.secret import Secret
from tailrace.wire.callback import envelope, headers, sign

APP = SdkAppId(1400000001)
KEY = Secret("123654")
VECTOR = (
    b'{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n\t"EventInfo":\t{\n'
    b'\t\t"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n\t\t"EventMsTs":\t1664209748180,\n'
    b'\t\t"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}'
)
VECTOR_SIGN = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="


def test_the_published_vector_has_the_published_signature() -> None:
    assert sign(KEY, VECTOR) == VECTOR_SIGN


def test_the_headers_are_those_of_the_specification() -> None:
    assert headers(APP, KEY, VECTOR) == {
        "Content-Type": "application/json",
        "SdkAppId": "1400000001",
        "Sign": VECTOR_SIGN,
    }


def test_without_a_key_nothing_is_signed() -> None:
    assert headers(APP, Secret(""), VECTOR) == {"Content-Type": "application/json", "SdkAppId": "1400000001"}


def test_the_envelope_has_the_time_of_sending_in_milliseconds() -> None:
    body = envelope(4, 401, 1700000005.12, {"TaskId": "x"})

    assert json.loads(body) == {
        "EventGroupId": 4,
        "EventType": 401,
        "CallbackTs": 1700000005120,
        "EventInfo": {"TaskId": "x"},
    }


def test_group_7_names_the_time_of_sending_in_its_own_way() -> None:
    assert json.loads(envelope(7, 701, 1.5, {})) == {
        "EventGroupId": 7,
        "EventType": 701,
        "CallbackMsTs": 1500,
        "EventInfo": {},
    }


def test_text_is_utf_8_and_not_escaped() -> None:
    assert '"UserId":"直播"'.encode() in envelope(1, 103, 0.0, {"UserId": "直播"})
