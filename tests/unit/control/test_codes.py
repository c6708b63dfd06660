"""Codes: every error on purpose has one, and none says too much."""

import pytest

from tailrace import errors
from tailrace.control.codes import INTERNAL, TABLE, answer


def descendants(kind: type[errors.TailraceError]) -> list[type[errors.TailraceError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in descendants(child))]


@pytest.mark.parametrize("kind", descendants(errors.CallRefused)[1:])
def test_every_refusal_has_a_code_of_its_own(kind: type[errors.TailraceError]) -> None:
    codes = [TABLE[other].code for other in descendants(errors.CallRefused)[1:]]

    assert codes.count(TABLE[kind].code) == 1


@pytest.mark.parametrize(
    "error", [errors.BusError("secret"), errors.Conflict("secret"), KeyError("secret"), OSError("secret")]
)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_our_own_fault_says_nothing_about_itself(error: Exception, language: str) -> None:
    told = answer(error, language)

    assert told.code == INTERNAL
    assert "secret" not in told.message


def test_a_parameter_is_named_in_both_languages() -> None:
    error = errors.ParameterMissing("AgentParams.UserId")

    assert answer(error, "en-US").message == "The request is missing the parameter `AgentParams.UserId`."
    assert answer(error, "zh-CN").message.startswith("\u7f3a\u5c11\u53c2\u6570")
    assert "`AgentParams.UserId`" in answer(error, "zh-CN").message


def test_an_unknown_language_is_the_default() -> None:
    assert answer(errors.TaskNotFound("gone"), "fr-FR").message == "gone"


def test_a_message_has_an_end() -> None:
    assert len(answer(errors.ParameterUnknown("x" * 10_000), "").message) == 512
