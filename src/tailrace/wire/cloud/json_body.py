"""The JSON body of a call, read with limits on its depth and on how many values it holds."""

import json
from typing import NoReturn, TypeAlias

from tailrace.errors import ParameterInvalid

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

# The deepest parameter of any action is MixLayoutList's at 7; twice that is room enough.
MAX_DEPTH = 16
# Each value follows a comma or opens with a bracket. The largest sensible start request has some thousands; a 10 MB
# body of empty lists would take 300 MB of objects before anybody has looked at its signature.
MAX_VALUES = 100_000


def parse_json(body: bytes) -> dict[str, Json]:
    """Return the object in `body`, without the members that are null (spec/01 section 5). Raises ParameterInvalid."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise _refused("it holds too many values")
    try:
        value = _DECODER.decode(body.decode())
    except RecursionError:
        raise _refused(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:  # not UTF-8, not JSON, or a number of thousands of digits
        raise _refused("it is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise _refused("it is not a JSON object")
    _check(value, MAX_DEPTH)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _refused("a member is given twice")
    if None in value.values():
        return {name: member for name, member in value.items() if member is not None}
    return value


def _constant(name: str) -> NoReturn:
    raise _refused(f"{name} is not a JSON number")


# Kept: making a decoder for each body costs more than decoding.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _check(value: Json, depth: int) -> None:
    if isinstance(value, str):
        # "\ud800" is valid JSON, yet no text: it could not be stored or answered in UTF-8.
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refused("it holds half of a surrogate pair") from None
        return
    if not isinstance(value, dict | list):
        return
    if depth == 0:
        raise _refused(f"it is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for name, member in value.items():
            _check(name, depth)
            _check(member, depth - 1)
    else:
        for member in value:
            _check(member, depth - 1)


def _refused(why: str) -> ParameterInvalid:
    return ParameterInvalid("body", why)
