"""Scalars of YAML 1.1 as kubectl resolves them (go-yaml v2 under sigs.k8s.io/yaml; see `resolve` there).

An unquoted text is null, a boolean, an integer, a float or a string by its first character and then its form.
Timestamps, base-60 numbers, `=` and (as a value) `<<` are strings. Infinity and NaN exist in YAML but not in JSON.
"""

import base64
import binascii
import re
from math import isfinite
from typing import Final

from lockgate.engine.codegen.values import Number
from lockgate.engine.documents.go_numbers import fits_go_integer, float_key, from_float

Scalar = str | bool | int | float | None
JsonScalar = str | bool | int | Number | None

TAG: Final = "tag:yaml.org,2002:"
# The tags that scalars without one get here: an unquoted one, which is resolved, and a quoted one, which is not.
PLAIN: Final = ""
QUOTED: Final = "quoted"
MERGE_TAG: Final = TAG + "merge"

# The unquoted texts that are no strings and no numbers.
WORDS: Final[dict[str, bool | float | None]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
# A text that starts with anything else is a string.
SPECIAL_FIRST: Final = frozenset("+-0123456789.yYnNtTfFoO~")
_WORD_FIRST: Final = frozenset("yYnNtTfFoO~")

_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII
)
_SIGNED_BINARY: Final = re.compile(r"0b([-+][01]+)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# With a leading point Go reads the text itself, in which underscores stand between digits only.
_POINT_FLOAT: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+]([0-9]{2}):([0-9]{2})))"
    r"|(?: ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?))?",
    re.ASCII,
)
_LONGEST_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Nobody writes a number that long, and reading one costs quadratic time.
_LONGEST_NUMBER: Final = 4_096


class ScalarError(Exception):
    """A scalar that kubectl refuses. The message is for the user; whoever catches it knows the place."""


def _float(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _number(text: str) -> int | float | None:
    """The number that a text starting with a digit or a sign is, or None."""
    plain = text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found:
        sign, hexadecimal, binary, octal, decimal = found.groups()
        if len(plain) <= _LONGEST_NUMBER:
            number = (
                int(hexadecimal, 16)
                if hexadecimal
                else int(binary, 2)
                if binary
                else int(octal, 8)
                if octal
                else int(decimal)
            )
            number = -number if sign == "-" else number
            # Go reads an unsigned number only without a sign.
            if fits_go_integer(number) and (not sign or number < 2**63):
                return number
    if _FLOAT.fullmatch(plain):
        if len(plain) > _LONGEST_NUMBER:
            raise ScalarError(f"a number of {len(plain)} characters")
        return _float(plain)
    signed = _SIGNED_BINARY.fullmatch(plain)
    if signed and len(plain) <= _LONGEST_NUMBER:
        number = int(signed[1], 2)
        return number if -(2**63) <= number < 2**63 else None
    return None


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar without a tag; a float may be infinite or NaN. May raise ScalarError."""
    first = text[:1]
    if first and first not in SPECIAL_FIRST:
        return text
    if text in WORDS:
        return WORDS[text]
    if first in _WORD_FIRST:
        return text
    if first == ".":
        if not _POINT_FLOAT.fullmatch(text):
            return text
        if len(text) > _LONGEST_NUMBER:
            raise ScalarError(f"a number of {len(text)} characters")
        number: int | float | None = _float(text.replace("_", ""))
    else:
        number = _number(text)
    return text if number is None else number


def _is_timestamp(text: str) -> bool:
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        return False
    year, month, day, *clock = [int(part) if part else 0 for part in found.groups()]
    if not 1 <= month <= 12 or not 1 <= day <= _LONGEST_MONTH[month - 1]:
        return False
    if month == 2 and day == 29 and (year % 4 or (year % 100 == 0 and year % 400)):
        return False
    hour, minute, second = clock[:3] if any(clock[:3]) else clock[5:]
    return hour < 24 and minute < 60 and second < 60 and clock[3] <= 24 and clock[4] < 60


def _kind(value: Scalar) -> str:
    if value is None:
        return "null"
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "str")


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag. A tag that go-yaml does not know leaves the text."""
    if not tag.startswith(TAG):
        return text
    name = tag[len(TAG) :]
    if name == "binary":
        try:
            data = base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ScalarError("!!binary value contains invalid base64 data") from error
        # Go's JSON writes one replacement character for each byte that is no UTF-8.
        return re.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))
    if name == "str" or name not in ("bool", "int", "float", "null", "timestamp"):
        return text
    value: Scalar = resolve_plain(text)
    found = _kind(value)
    if found == name or (name == "timestamp" and found == "str" and _is_timestamp(text)):
        return text if name == "timestamp" else value
    if name == "float" and type(value) is int and value < 2**63:
        return float(value)
    raise ScalarError(f"cannot read `{text[:40]}` as !!{name}")


def scalar_value(tag: str, text: str) -> JsonScalar:
    """The value, as JSON has it, of a scalar with this tag, PLAIN or QUOTED. May raise ScalarError."""
    if tag == PLAIN:
        value = resolve_plain(text)
    elif tag == QUOTED:
        return text
    else:
        value = resolve_tagged(tag, text)
    if type(value) is float:
        if not isfinite(value):
            raise ScalarError(f"`{text}` is no number in JSON")
        return from_float(value)
    return value  # type: ignore[return-value]


def key_name(tag: str, text: str) -> str:
    """The name of a key, which JSON wants as a string. May raise ScalarError."""
    if tag == PLAIN:
        if text and text[0] not in SPECIAL_FIRST:
            return text
        value = resolve_plain(text)
    elif tag == QUOTED:
        return text
    else:
        value = resolve_tagged(tag, text)
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        raise ScalarError("a key is null")
    if type(value) is float:
        return float_key(value)
    if type(value) is int and value >= 2**63:
        raise ScalarError(f"the key {text} is an integer beyond 64 bits")
    return str(value)
