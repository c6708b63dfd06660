"""Answers, to the byte."""

from tailrace.wire.cloud import answer


def test_a_good_answer_has_its_fields_and_the_request_id() -> None:
    assert answer.success({"TaskId": "a/ü"}, "id") == '{"Response":{"TaskId":"a/ü","RequestId":"id"}}'.encode()


def test_an_error_answer_has_code_and_message() -> None:
    expected = b'{"Response":{"Error":{"Code":"InternalError","Message":"m"},"RequestId":"id"}}'

    assert answer.failure("InternalError", "m", "id") == expected


def test_the_content_type_has_no_charset_and_the_status_is_always_200() -> None:
    assert (answer.CONTENT_TYPE, answer.STATUS) == (b"application/json", 200)
