"""Operands with the type that a builtin asks for, or the error that OPA gives."""

import re

from lockgate.engine.codegen import arithmetic
from lockgate.engine.codegen.values import Number, Object, Set, Value, ordered
from lockgate.engine.rego.builtins.errors import BuiltinError, element_error, operand_error, type_error

_INTEGRAL_TEXT = re.compile(r"-?[0-9]+(?:\.0*)?")
_INT64 = 1 << 63
# What `surrogateescape` makes of a byte that is not UTF-8.
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


def string(value: Value, position: int) -> str:
    """A string."""
    if type(value) is not str:
        raise type_error(position, value, "string")
    return value


def number(value: Value, position: int) -> int | Number:
    """A number."""
    kind = type(value)
    if kind is not int and kind is not Number:
        raise type_error(position, value, "number")
    return value  # type: ignore[return-value]


def array(value: Value, position: int) -> list[Value]:
    """An array."""
    if type(value) is not list:
        raise type_error(position, value, "array")
    return value


def set_(value: Value, position: int) -> Set:
    """A set."""
    if type(value) is not Set:
        raise type_error(position, value, "set")
    return value


def object_(value: Value, position: int) -> dict[str, Value] | Object:
    """An object."""
    kind = type(value)
    if kind is not dict and kind is not Object:
        raise type_error(position, value, "object")
    return value  # type: ignore[return-value]


def machine_integer(value: Value, position: int) -> int:
    """A number that is written as an integer of 64 bits, `1.0` included and `1e0` not."""
    if type(value) is int:
        if -_INT64 <= value < _INT64:
            return value
    elif type(value) is not Number:
        raise type_error(position, value, "number")
    elif len(value.text) <= 20 and _INTEGRAL_TEXT.fullmatch(value.text):
        return int(value.exact)
    raise operand_error(position, "must be integer number but got floating-point number")


def int64(value: Value) -> int | None:
    """A number that is written as an integer and has 64 bits, or None."""
    return value if type(value) is int and -_INT64 <= value < _INT64 else None


def big_integer(value: Value, position: int) -> int:
    """A number with an integral value, however it is written."""
    kind = type(value)
    if kind is int:
        return value  # type: ignore[return-value]
    if kind is not Number:
        raise type_error(position, value, "integer")
    exact = arithmetic.integral(value)  # type: ignore[arg-type]
    if exact is None:
        raise operand_error(position, "must be integer number but got floating-point number")
    return exact


def members(value: Value, position: int, *expected: str) -> list[Value]:
    """The elements of an array, or of a set in Rego's order; `expected` names the types for the error."""
    if type(value) is list:
        return value
    if type(value) is Set:
        return ordered(value)
    raise type_error(position, value, *expected)


def strings(value: Value, position: int, *expected: str) -> list[str]:
    """The elements of an array or set of strings, in order."""
    found = members(value, position, *expected)
    for item in found:
        if type(item) is not str:
            raise element_error(position, value, item, "string")
    return found  # type: ignore[return-value]


def bytes_of(text: str) -> bytes:
    """The UTF-8 of a string; a lone surrogate, which no Go string has, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def text_of(data: bytes) -> str:
    """The text of bytes; each byte that is not UTF-8 becomes U+FFFD, as Go shows it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _ESCAPED_BYTE.sub("\ufffd", data.decode("utf-8", "surrogateescape"))


def arithmetic_error(error: arithmetic.NumberError) -> BuiltinError:
    """The builtin's form of an error of arithmetic."""
    return BuiltinError(error.message)
