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


class _EnoughError(Exception):
    """Nobody reads more."""


class _Shown:
    """What is shown of a value until now."""

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = 0

    def add(self, piece: str) -> None:
        """Adds a piece. Raises _EnoughError behind the last that is read."""
        self.pieces.append(piece[:_MAX_SHOWN])
        self.size += len(piece) + 1
        if self.size > _MAX_SHOWN:
            raise _EnoughError


def show(value: Value) -> str:
    """A value in an error, as Go's `%v` prints it; cut where it is too long to read."""
    shown = _Shown()
    try:
        _show(value, shown)
    except (_EnoughError, RecursionError):
        pass
    return "".join(shown.pieces)


def _show(value: Value, shown: _Shown) -> None:
    value = native(value)
    kind = type(value)
    if kind is list:
        shown.add("[")
        for at, item in enumerate(value):
            if at:
                shown.add(", ")
            _show(item, shown)
        shown.add("]")
    elif kind is dict or kind is Map:
        shown.add("{")
        for at, (name, item) in enumerate(value.items()):
            if at:
                shown.add(", ")
            _show(name, shown)
            shown.add(": ")
            _show(item, shown)
        shown.add("}")
    elif kind is Optional:
        if not value.has_value:
            shown.add("optional.none()")
            return
        shown.add("optional(")
        _show(value.value, shown)
        shown.add(")")
    else:
        shown.add(_scalar(value))


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
