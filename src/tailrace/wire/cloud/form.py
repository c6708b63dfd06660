"""Form fields: percent-encoded `name=value` pairs, and the nested values that `A.0.B` names stand for (spec/01, 5)."""

from urllib.parse import parse_qsl

from tailrace.errors import ParameterInvalid
from tailrace.wire.cloud.json_body import MAX_DEPTH, Json

# Sixteen laid-out windows with every field set are 350 fields; lists of users make the rest.
MAX_FIELDS = 10_000

_Tree = dict[str, "str | _Tree"]


def parse_form(data: bytes) -> dict[str, str]:
    """Return the fields of a query or an urlencoded body, decoded. Raises ParameterInvalid."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:  # bytes that should be percent-encoded, wrong UTF-8, or too many
        raise ParameterInvalid("body", f"it is not at most {MAX_FIELDS} percent-encoded fields in UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ParameterInvalid("body", "a field is given twice")
    return fields


def unflatten(fields: dict[str, str]) -> dict[str, Json]:
    """Return nested values for flattened names; the leaves stay text. Raises ParameterInvalid for gaps and clashes."""
    root: _Tree = {}
    for name, value in fields.items():
        *parents, leaf = name.split(".")
        if len(parents) >= MAX_DEPTH:
            raise ParameterInvalid("body", f"a name is nested deeper than {MAX_DEPTH} levels")
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            if isinstance(child, str):
                raise ParameterInvalid(name, "a name before it already has a value")
            node = child
        if leaf in node:
            raise ParameterInvalid(name, "other names go on below it")
        node[leaf] = value
    return {name: _nest(name, value) for name, value in root.items()}


def _nest(path: str, value: "str | _Tree") -> Json:
    if isinstance(value, str):
        return value
    if not any(name.isdecimal() for name in value):
        return {name: _nest(f"{path}.{name}", child) for name, child in value.items()}
    # The order of the indexes is free, gaps are not.
    items: list[Json] = []
    for index in range(len(value)):
        if (child := value.get(str(index))) is None:
            raise ParameterInvalid(f"{path}.{index}", "is missing in the list")
        items.append(_nest(f"{path}.{index}", child))
    return items
