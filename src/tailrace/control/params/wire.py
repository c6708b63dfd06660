"""Wire: what every request and answer model is; the types that fields share; pydantic's complaints as our errors."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetPydanticSchema, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_core import ErrorDetails, PydanticCustomError, core_schema

from tailrace.errors import CallerError, ParameterInvalid, ParameterMissing, ParameterUnknown
from tailrace.secret import ImageUrl, PushUrl, Secret

_M = TypeVar("_M", bound="Wire")
_V = TypeVar("_V", int, str)

# What pydantic finds, in the API's names for types; the braces are filled with the bounds of the field.
_WORDS = {
    "int_type": "expected an Integer",
    "int_parsing": "expected an Integer",
    "int_parsing_size": "expected an Integer",
    "int_from_float": "expected an Integer",
    "string_type": "expected a String",
    "string_unicode": "expected a String of whole Unicode characters",
    "string_too_short": "expected {min_length} or more characters",
    "string_too_long": "expected at most {max_length} characters",
    "tuple_type": "expected a list",
    "too_long": "expected at most {max_length} entries",
    "model_type": "expected an object",
    "greater_than_equal": "expected {ge} or more",
    "less_than_equal": "expected {le} or less",
}

MAX_TEXT = 4096
# Image URLs: what browsers and CDNs take at least.
MAX_URL = 2048


class Wire(BaseModel):
    """A structure of the API: PascalCase outside, snake_case inside, frozen, and nothing unknown in it."""

    model_config = ConfigDict(
        alias_generator=to_pascal,
        frozen=True,
        extra="forbid",
        strict=True,
        serialize_by_alias=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )


class Answered(Wire):
    """A structure that we answer: made by its snake_case names, told by its public ones."""

    model_config = ConfigDict(validate_by_name=True)


def lacking(field: str, why: str = "") -> PydanticCustomError:
    """A cross-field rule found that `field` (its public name, seen from the model that checks) must be given."""
    return PydanticCustomError("rule_missing", "{why}", {"field": field, "why": why})


def wrong(field: str, why: str) -> PydanticCustomError:
    """A cross-field rule found `field` (its public name, seen from the model that checks) to be wrong."""
    return PydanticCustomError("rule", "{why}", {"field": field, "why": why})


def one_of(*values: _V) -> AfterValidator:
    """A field that takes only these values."""

    def check(value: _V) -> _V:
        if value not in values:
            raise PydanticCustomError("range", "expected one of {values}", {"values": ", ".join(map(str, values))})
        return value

    return AfterValidator(check)


def matching(pattern: re.Pattern[str], allowed: str) -> AfterValidator:
    """A field that takes only text of this form; `allowed` says which that is."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise PydanticCustomError("range", "expected {allowed}", {"allowed": allowed})
        return value

    return AfterValidator(check)


def _secret(kind: type[Secret], max_length: int) -> Callable[[Any, Any], core_schema.CoreSchema]:
    # A dump has the secret itself, which prints as stars; whoever wants its text reveals it.
    kept = core_schema.plain_serializer_function_ser_schema(lambda secret: secret)

    def schema(_source: Any, _handler: Any) -> core_schema.CoreSchema:
        text = core_schema.str_schema(max_length=max_length)
        return core_schema.no_info_after_validator_function(kind, text, serialization=kept)

    return schema


# All Integers of the relay actions are uint64 (spec/02).
Integer = Annotated[int, Field(ge=0, le=2**64 - 1)]
Flag = Annotated[int, one_of(0, 1)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Pixels = Annotated[int, Field(ge=0, le=10000)]
# Printed samples have both cases, and a range for neither: `0xRRGGBB` (spec/03 section 1).
Colour = Annotated[str, matching(re.compile(r"0[xX][0-9A-Fa-f]{6}"), "a colour such as 0x99CCFF")]
# Range not printed; a layer number that fits 31 bits is one that FFmpeg and every client can hold.
Layer = Annotated[int, Field(ge=0, le=2**31 - 1)]
SecretText = Annotated[Secret, GetPydanticSchema(_secret(Secret, MAX_TEXT))]
PushUrlText = Annotated[PushUrl, GetPydanticSchema(_secret(PushUrl, MAX_TEXT))]
ImageUrlText = Annotated[ImageUrl, GetPydanticSchema(_secret(ImageUrl, MAX_URL))]
# The cloud's have 76 characters; one that cannot be a key of the store is no TaskId.
TaskIdText = Annotated[str, Field(min_length=1, max_length=128)]


def read(model: type[_M], parameters: Mapping[str, Any], text: bool) -> _M:
    """Return `parameters` as `model`; with `text` (query and form fields) numbers are read from their decimal text.

    Raises ParameterUnknown, ParameterMissing or ParameterInvalid for the worst complaint, in spec/01's order.
    """
    try:
        # None: as the model says, which is strict but for lists, which become tuples.
        return model.model_validate(parameters, strict=False if text else None)
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_input=False)
        raise _as_our_error(min(complaints, key=_rank)) from None


def _rank(complaint: ErrorDetails) -> int:
    """Unknown parameter, missing, type, range, cross-field: the order of spec/01 section 7."""
    match complaint["type"]:
        case "extra_forbidden":
            return 0
        case "missing":
            return 1
        case kind if kind.endswith(("_type", "_parsing", "_from_float")):
            return 2
        case "rule_missing" | "rule":
            return 4
    return 3


def _as_our_error(complaint: ErrorDetails) -> CallerError:
    path = ".".join(_steps(complaint))
    match complaint["type"]:
        case "extra_forbidden":
            return ParameterUnknown(path)
        case "missing":
            return ParameterMissing(path)
        case "rule_missing":
            return ParameterMissing(path, f"{ParameterMissing(path)} {complaint['msg']}")
    # What is not in the table are our own rules, in our own words.
    return ParameterInvalid(path, _WORDS.get(complaint["type"], "{why}").format(**_told(complaint)))


def _told(complaint: ErrorDetails) -> Mapping[str, Any]:
    return {**complaint.get("ctx", {}), "why": complaint["msg"]}


def _steps(complaint: ErrorDetails) -> Iterator[str]:
    yield from map(str, complaint["loc"])
    if field := complaint.get("ctx", {}).get("field"):
        yield field
