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
# Who reads something smaller, as entries are, has a limit of its own.
MAX_SIZE: Final = 64 * 1024 * 1024

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            # Without the number: Python refuses to write very long ones.
            raise FormatError("an integer is beyond 2**53 and has no canonical form")
        return
    if depth >= MAX_DEPTH:
        raise FormatError(f"a value is nested deeper than {MAX_DEPTH} levels")
    if kind is dict:
        for key, part in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii() or not key.isprintable():
                raise FormatError(f"the key {key!r} is not of printable ASCII characters")
            # Nearly all are texts.
            if type(part) is not str:
                _check(part, depth + 1)
        return
    if kind is list:
        for part in value:  # type: ignore[attr-defined]
            _check(part, depth + 1)
        return
    raise FormatError(f"a value of type {kind.__name__} has no canonical form")


def canonical_bytes(value: Json) -> bytes:
    """The canonical text in UTF-8. Raises FormatError for what has none."""
    _check(value, 0)
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        raise FormatError("a string has half of a surrogate pair, which UTF-8 cannot hold") from None


def parse_canonical(data: bytes) -> Json:
    """The value of a canonical text; any other text of the same value is refused. Raises FormatError."""
    if len(data) > MAX_SIZE:
        raise FormatError(f"a JSON text of {len(data)} bytes is longer than {MAX_SIZE}")
    try:
        value: Json = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}") from None
    if canonical_bytes(value) != data:
        raise FormatError("the JSON is not in its canonical form")
    return value
