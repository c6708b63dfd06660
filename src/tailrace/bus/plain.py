"""Plain: frozen dataclasses to JSON and back, for what the bus stores.

Fields that a reader does not know are skipped and fields that are missing take their defaults, so that versions of
Tailrace which differ by added fields can run side by side. Secrets are written in clear: the store is theirs to be in.
"""

import json
import types
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from tailrace.errors import BusError
from tailrace.secret import Secret

VERSION = 1
_T = TypeVar("_T")


def dump(value: object) -> bytes:
    """Return a dataclass as the bytes to store."""
    return json.dumps({"v": VERSION, **_plain(value)}, separators=(",", ":"), ensure_ascii=False).encode()


def load(kind: type[_T], data: bytes) -> _T:
    """Reverse `dump`. Raises BusError when the bytes are not such a value, or of a later version."""
    try:
        plain = json.loads(data)
        if plain["v"] > VERSION:
            raise BusError(f"{kind.__name__} of version {plain['v']}: written by a later Tailrace, upgrade this one")
        return cast(_T, _build(kind, plain))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BusError(f"stored {kind.__name__} cannot be read: {type(error).__name__}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, plain: Any) -> Any:
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base when it runs
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if plain is None:
            return None
        (kind,) = (choice for choice in get_args(kind) if choice is not type(None))
        return _build(kind, plain)
    if origin is tuple:
        choices = get_args(kind)
        if len(choices) == 2 and choices[1] is ...:
            return tuple(_build(choices[0], item) for item in plain)
        return tuple(_build(choice, item) for choice, item in zip(choices, plain, strict=True))
    if origin is dict:
        _, values = get_args(kind)
        return {key: _build(values, item) for key, item in plain.items()}
    if is_dataclass(kind):
        hints = _hints(cast("Hashable", kind))
        make = cast("Callable[..., Any]", kind)
        return make(**{name: _build(hints[name], item) for name, item in plain.items() if name in hints})
    if issubclass(kind, Secret | Enum):
        return kind(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return plain
