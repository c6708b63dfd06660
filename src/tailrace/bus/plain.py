"""Plain: frozen dataclasses to JSON and back, for what the bus stores.

Fields that a reader does not know are skipped and fields that are missing take their defaults, so that versions of
Tailrace which differ by added fields can run side by side. Secrets are written in clear: the store is theirs to be in.
"""

import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tailrace.errors import BusError
from tailrace.secret import Secret

VERSION = 1
_T = TypeVar("_T")
_Convert = Callable[[Any], Any]
_PRIMITIVES = (str, int, float, bool)


def dump(value: object) -> bytes:
    """Return a dataclass as the bytes to store."""
    kind: Any = type(value)
    plain = _writer(kind)(value)
    return json.dumps({"v": VERSION, **plain}, separators=(",", ":"), ensure_ascii=False).encode()


def load(kind: type[_T], data: bytes) -> _T:
    """Reverse `dump`. Raises BusError when the bytes are not such a value, or of a later version."""
    try:
        plain = json.loads(data)
        if plain["v"] > VERSION:
            raise BusError(f"{kind.__name__} of version {plain['v']}: written by a later Tailrace, upgrade this one")
        wanted: Any = kind
        value: _T = _reader(wanted)(plain)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BusError(f"stored {kind.__name__} cannot be read: {type(error).__name__}") from error
    return value


# Both make a function per type once, from its annotations: a record is written and read in every call of the API, and
# looking at the annotations each time cost three times as much.


@cache
def _writer(kind: Any) -> _Convert:
    kind, inner = _shape(kind)
    if kind is None:
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if kind is tuple:
        write = _writer(inner)
        return lambda value: [write(item) for item in value]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        parts = [(field.name, _writer(hints[field.name])) for field in fields(kind)]
        return lambda value: {name: write(getattr(value, name)) for name, write in parts}
    if issubclass(kind, Secret):
        return lambda value: value.reveal()
    if issubclass(kind, Enum):
        return lambda value: value.value
    return lambda value: value


@cache
def _reader(kind: Any) -> _Convert:
    kind, inner = _shape(kind)
    if kind is None:
        read = _reader(inner)
        return lambda plain: None if plain is None else read(plain)
    if kind is tuple:
        read = _reader(inner)
        return lambda plain: tuple([read(item) for item in _checked(list, plain)])
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if issubclass(kind, Secret):
        return lambda plain: kind(_checked(str, plain))
    if issubclass(kind, Enum):
        return lambda plain: kind(plain)
    if kind is float:
        return lambda plain: float(plain) if type(plain) is int else _checked(float, plain)
    return lambda plain: _checked(kind, plain)


def _dataclass_reader(kind: Any) -> _Convert:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read(plain: Any) -> Any:
        return kind(**{name: readers[name](item) for name, item in plain.items() if name in readers})

    return read


def _shape(kind: Any) -> tuple[Any, Any]:
    """Return (tuple, item) for `tuple[item, ...]`, (None, other) for `other | None`, (the type, None) for others."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base when it runs
    origin, choices = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType) and len(choices) == 2 and type(None) in choices:
        return None, choices[0] if choices[1] is type(None) else choices[1]
    if origin is tuple and choices[1:] == (...,):
        return tuple, choices[0]
    if is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, (*_PRIMITIVES, Secret, Enum))):
        return kind, None
    raise TypeError(f"{kind} cannot be stored")


def _checked(kind: type, plain: Any) -> Any:
    if type(plain) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return plain
