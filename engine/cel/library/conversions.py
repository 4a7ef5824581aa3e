"""`int(x)`, `string(x)` and the other conversions. Go's `strconv` says which texts are numbers."""

import re
from math import inf
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.arithmetic import MAX_TIME, MIN_TIME, SECOND, signed, unsigned
from lockgate.engine.cel.library.durations import duration_text, parse_duration
from lockgate.engine.cel.library.kinds import double_text, type_name
from lockgate.engine.cel.library.limits import bound_read
from lockgate.engine.cel.library.timestamps import parse_timestamp, timestamp_text
from lockgate.engine.cel.values import Duration, Timestamp, TypeValue, Uint, Value

_INT: Final = re.compile(r"[-+]?0*[0-9]{1,19}")
_UINT: Final = re.compile(r"0*[0-9]{1,20}")
# Underscores between digits, as in Go's literals.
_DIGITS: Final = "[0-9]+(?:_[0-9]+)*"
_DOUBLE: Final = re.compile(
    rf"[-+]?(?:(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:e[-+]?{_DIGITS})?|inf|infinity)|nan",
    re.IGNORECASE,
)
_HEX_DIGITS: Final = "[0-9a-f]+(?:_[0-9a-f]+)*"
_HEXADECIMAL: Final = re.compile(
    rf"[-+]?0x_?(?:{_HEX_DIGITS}(?:\.(?:{_HEX_DIGITS})?)?|\.{_HEX_DIGITS})p[-+]?{_DIGITS}", re.IGNORECASE
)
_BOOLS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_MIN_DOUBLE_INT: Final = -(2.0**63)
_MAX_DOUBLE_INT: Final = 2.0**63
_MAX_DOUBLE_UINT: Final = 2.0**64


def _refused(value: Value, wanted: str) -> CelError:
    return CelError(f"type conversion error from '{type_name(value)}' to '{wanted}'")


def same(value: Value) -> Value:
    """The value itself, of which another kind is wanted in name only."""
    return value


def type_of_value(value: Value) -> TypeValue:
    """`type(value)`."""
    return TypeValue(type_name(value))


def string_to_bool(text: str) -> bool:
    """`bool("true")`."""
    found = _BOOLS.get(text)
    if found is None:
        raise _refused(text, "bool")
    return found


def string_to_bytes(text: str) -> bytes:
    """`bytes("text")`: its UTF-8."""
    return text.encode("utf-8", "replace")


def bytes_to_string(data: bytes) -> str:
    """`string(b"text")` of UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CelError("invalid UTF-8 in bytes, cannot convert to string") from error


def bool_to_string(value: Value) -> str:
    """`string(true)`."""
    return "true" if value else "false"


def integer_to_string(value: int) -> str:
    """`string(1)`, `string(1u)`."""
    return format(int(value), "d")


def double_to_string(value: float) -> str:
    """`string(1.5)`."""
    return double_text(value)


def timestamp_to_string(moment: Timestamp) -> str:
    """`string(timestamp)`."""
    return timestamp_text(moment)


def duration_to_string(span: Duration) -> str:
    """`string(duration)`."""
    return duration_text(span.ns)


def integer_to_double(value: int) -> float:
    """`double(1)`, `double(1u)`."""
    return float(value)


def string_to_double(text: str) -> float:
    """`double("1.5")`."""
    bound_read(text)
    if _DOUBLE.fullmatch(text):
        found = float(text.replace("_", ""))
        # Go refuses what is out of range, unless infinity itself is written.
        if abs(found) != inf or text.lstrip("+-")[0] in "iI":
            return found
    elif _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except (ValueError, OverflowError):
            pass
    raise _refused(text, "double")


def double_to_int(value: float) -> int:
    """`int(1.5)`, cut towards zero."""
    # False for NaN as well.
    if _MIN_DOUBLE_INT < value < _MAX_DOUBLE_INT:
        return int(value)
    raise CelError("integer overflow")


def uint_to_int(value: Uint) -> int:
    """`int(1u)`."""
    return signed(int(value))


def string_to_int(text: str) -> int:
    """`int("1")`."""
    bound_read(text)
    if _INT.fullmatch(text):
        try:
            return signed(int(text))
        except CelError:
            pass
    raise _refused(text, "int")


def timestamp_to_int(moment: Timestamp) -> int:
    """`int(timestamp)`: seconds since 1970."""
    return moment.ns // SECOND


def duration_to_int(span: Duration) -> int:
    """`int(duration)`: nanoseconds."""
    return span.ns


def double_to_uint(value: float) -> Uint:
    """`uint(1.5)`, cut towards zero."""
    if 0 <= value < _MAX_DOUBLE_UINT:
        return Uint(int(value))
    raise CelError("unsigned integer overflow")


def int_to_uint(value: int) -> Uint:
    """`uint(1)`."""
    return unsigned(value)


def string_to_uint(text: str) -> Uint:
    """`uint("1")`."""
    bound_read(text)
    if _UINT.fullmatch(text):
        try:
            return unsigned(int(text))
        except CelError:
            pass
    raise _refused(text, "uint")


def string_to_duration(text: str) -> Duration:
    """`duration("1h30m")`."""
    bound_read(text)
    found = parse_duration(text)
    if found is None:
        raise _refused(text, Duration.type_name)
    return Duration(found)


def int_to_duration(value: int) -> Duration:
    """`duration(1)`, which cel-go declares and cannot compute."""
    raise _refused(value, Duration.type_name)


def string_to_timestamp(text: str) -> Timestamp:
    """`timestamp("2026-01-02T15:04:05Z")`."""
    bound_read(text)
    found = parse_timestamp(text)
    if found is None:
        raise _refused(text, Timestamp.type_name)
    return found


def int_to_timestamp(value: int) -> Timestamp:
    """`timestamp(0)`: seconds since 1970."""
    if MIN_TIME <= value * SECOND <= MAX_TIME:
        return Timestamp(value * SECOND)
    raise CelError("timestamp overflow")
