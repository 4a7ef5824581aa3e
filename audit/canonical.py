"""Canonical JSON: RFC 8785 restricted to what entries hold, so that one value has one text and the other way round.

Strings without lone surrogates, integers below 2**53 in size, booleans, lists, and objects with printable ASCII keys.
No null and no fractions: both have more than one reading in other languages.
"""

import json
from typing import Final, TypeAlias

from lockgate.audit.errors import FormatError

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"

MAX_INTEGER: Final = 2**53 - 1
# An entry needs five levels; a body mirrors a manifest. Deeper input is hostile.
MAX_DEPTH: Final = 200

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise FormatError(f"the integer {value} is beyond 2**53 and has no canonical form")
        return
    if depth >= MAX_DEPTH:
        raise FormatError(f"a value is nested deeper than {MAX_DEPTH} levels")
    if kind is dict:
        for key, part in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii() or not key.isprintable():
                raise FormatError(f"the key {key!r} is not of printable ASCII characters")
            _check(part, depth + 1)
        return
    if kind is list:
        for part in value:  # type: ignore[attr-defined]
            _check(part, depth + 1)
        return
    raise FormatError(f"a value of type {kind.__name__} has no canonical form")


def canonical_text(value: Json) -> str:
    """The canonical text of a value. Raises FormatError for what has none."""
    _check(value, 0)
    return _ENCODER.encode(value)


def canonical_bytes(value: Json) -> bytes:
    """The canonical text in UTF-8. Raises FormatError for what has none."""
    try:
        return canonical_text(value).encode()
    except UnicodeEncodeError:
        raise FormatError("a string has half of a surrogate pair, which UTF-8 cannot hold") from None


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise FormatError("a key occurs twice in an object")
    return made


def parse_json(data: bytes) -> Json:
    """The value of a JSON text of the restricted kind, in whatever layout. Raises FormatError."""
    try:
        value: Json = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}") from None
    _check(value, 0)
    return value


def parse_canonical(data: bytes) -> Json:
    """The value of a canonical text; any other text of the same value is refused. Raises FormatError."""
    try:
        value: Json = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}") from None
    if canonical_bytes(value) != data:
        raise FormatError("the JSON is not in its canonical form")
    return value
