"""Kinds of values at run time: their names, how errors show them, and the errors for kinds that do not fit."""

from math import isinf, isnan
from typing import Final, cast

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.values import (
    Duration,
    Map,
    Opaque,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    native,
)

_NAMES: Final = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Map: "map",
    TypeValue: "type",
}

# Kinds that cel-go asks for a method of their own before it says which function has no overload.
_RECEIVERS: Final = (str, Duration, Timestamp)

# Errors show values for people; nobody reads more of one.
_MAX_SHOWN: Final = 10_000


def type_name(value: Value) -> str:
    """The name that `type(value)` has."""
    found = _NAMES.get(type(value))
    return cast(Opaque, value).type_name if found is None else found


def no_such_overload(function: str, *arguments: Value) -> CelError:
    """The error of a function with several bodies, none of which takes arguments of these kinds."""
    return CelError(f"no such overload: {function}({', '.join([type_name(one) for one in arguments])})")


def unsupported(function: str, operand: Value) -> CelError:
    """The error of an operator that the first operand's kind does not have at all."""
    if type(operand) in _RECEIVERS:
        return CelError("no such overload")
    return CelError(f"no such overload: {function}")


def show(value: Value) -> str:
    """A value in an error, as Go's `%v` prints it; cut where it is too long to read."""
    pieces: list[str] = []
    _show(value, pieces, 0)
    return "".join(pieces)[:_MAX_SHOWN]


def _show(value: Value, pieces: list[str], depth: int) -> None:
    if len(pieces) > _MAX_SHOWN or depth > 100:
        return
    value = native(value)
    kind = type(value)
    if kind is list:
        pieces.append("[")
        for at, item in enumerate(value):
            if len(pieces) > _MAX_SHOWN:
                return
            pieces.append(", " if at else "")
            _show(item, pieces, depth + 1)
        pieces.append("]")
    elif kind is dict or kind is Map:
        pieces.append("{")
        for at, (name, item) in enumerate(value.items()):
            if len(pieces) > _MAX_SHOWN:
                return
            pieces.append(", " if at else "")
            _show(name, pieces, depth + 1)
            pieces.append(": ")
            _show(item, pieces, depth + 1)
        pieces.append("}")
    elif kind is Optional:
        if not value.has_value:
            pieces.append("optional.none()")
            return
        pieces.append("optional(")
        _show(value.value, pieces, depth + 1)
        pieces.append(")")
    else:
        pieces.append(_scalar(value))


def _scalar(value: Value) -> str:
    kind = type(value)
    if kind is str:
        return cast(str, value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is Uint:
        return format(int(value), "d")
    if kind is float:
        return double_text(value)
    if kind is TypeValue:
        return cast(str, value.name)
    if kind is bytes:
        return f"[{' '.join(map(str, value[:_MAX_SHOWN]))}]"
    if value is None:
        # Go's constant for null is a number.
        return "0"
    if kind is Duration or kind is Timestamp:
        # Needed by few errors.
        from lockgate.engine.cel.library.durations import shown_duration
        from lockgate.engine.cel.library.timestamps import shown_timestamp

        return shown_duration(value.ns) if kind is Duration else shown_timestamp(value)
    return str(value)


def double_text(value: float) -> str:
    """A double as `string()` gives it: Go's `%g`, the shortest digits, with an exponent below 1e-4 and from 1e6 on."""
    # Needed by few policies.
    from lockgate.engine.rego.builtins.gotext import format_float

    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return format_float(value, "g", -1)
