"""Our own calls: what is signed is verified, what is answered is read."""

import pytest

from tailrace.errors import ApiError, PeerError
from tailrace.secret import Secret
from tailrace.wire.cloud import answer, client, tc3
from tailrace.wire.cloud.request import HttpRequest, decode

CREDENTIALS = client.Credentials("AKID", Secret("key"))


def test_a_signed_post_is_verified_by_the_server_side() -> None:
    headers, body = client.signed_post(CREDENTIALS, "127.0.0.1:1", "Start", {"RoomId": "ü"}, 1700000000, "region")
    request = HttpRequest("POST", {k.lower().encode(): v.encode() for k, v in headers.items()}, b"", body)
    call = decode(request)

    tc3.verify(
        request, tc3.Authorization.parse(request.headers[b"authorization"]), call.timestamp, CREDENTIALS.secret_key
    )
    assert (call.action, call.region, call.parameters) == ("Start", "region", {"RoomId": "ü"})


def test_a_good_answer_is_its_fields() -> None:
    assert client.read_answer(answer.success({"TaskId": "t"}, "id")) == {"TaskId": "t", "RequestId": "id"}


def test_an_error_answer_is_raised_with_its_code() -> None:
    with pytest.raises(ApiError, match="ResourceNotFound: no such task") as raised:
        client.read_answer(answer.failure("ResourceNotFound", "no such task", "id"))

    assert (raised.value.code, raised.value.request_id) == ("ResourceNotFound", "id")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"Response": 1}', b'{"Response": {"Error": {}}}'])
def test_anything_else_is_the_servers_fault(body: bytes) -> None:
    with pytest.raises(PeerError):
        client.read_answer(body)


def test_credentials_do_not_print_the_key() -> None:
    assert "***" in repr(CREDENTIALS)
    assert "Secret('key')" not in repr(CREDENTIALS)
