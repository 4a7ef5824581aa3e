"""Optional values (cel-go `cel/library.go`, OptionalTypes)."""

from typing import Any, Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library.arithmetic import MIN_TIME
from lockgate.engine.cel.library.declaring import LIST_OF_A, A, call, function, method, total_method
from lockgate.engine.cel.library.kinds import show
from lockgate.engine.cel.types import BOOL, list_of, optional_of
from lockgate.engine.cel.values import NONE, Duration, Map, Optional, Timestamp, Uint, Value, native
from lockgate.engine.codegen.meter import charge

_OPTIONAL_A: Final = optional_of(A)
# Kinds whose zero Python knows.
_FALSY: Final = frozenset((type(None), bool, int, Uint, float, str, bytes, list, dict))


def is_zero(value: Any) -> bool:
    """Is the value what its kind is empty as? The zero of timestamps is the year 1."""
    kind = type(value)
    if kind in _FALSY:
        return not value
    if kind is Map:
        return len(value) == 0
    if kind is Duration:
        return bool(value.ns == 0)
    return kind is Timestamp and bool(value.ns == MIN_TIME)


def of(value: Value) -> Optional:
    """`optional.of(value)`."""
    return Optional(value)


def of_non_zero_value(value: Value) -> Optional:
    """`optional.ofNonZeroValue(value)`."""
    return NONE if is_zero(value) else Optional(value)


def none() -> Optional:
    """`optional.none()`."""
    return NONE


def value_of(optional: Optional) -> Value:
    """`optional.value()`. Raises CelError where there is none."""
    if not optional.has_value:
        raise CelError("optional.none() dereference")
    return native(optional.value)


def has_value(optional: Optional) -> bool:
    """`optional.hasValue()`."""
    return optional.has_value


def either(optional: Value, other: Value) -> Value:
    """`optional.or(other)`. What is no optional is its own answer, as in cel-go."""
    return other if type(optional) is Optional and not optional.has_value else optional


def value_or(optional: Value, other: Value) -> Value:
    """`optional.orValue(other)`. What is no optional is its own answer, as in cel-go."""
    if type(optional) is not Optional:
        return optional
    return native(optional.value) if optional.has_value else other


def first(items: list[Value]) -> Optional:
    """`list.first()`."""
    return Optional(native(items[0])) if items else NONE


def last(items: list[Value]) -> Optional:
    """`list.last()`."""
    return Optional(native(items[-1])) if items else NONE


def unwrap(items: list[Value]) -> list[Value]:
    """`optional.unwrap(list)`: the values that there are."""
    charge(len(items))
    found: list[Value] = []
    for item in items:
        if type(item) is not Optional:
            raise CelError(f"value {show(native(item))} is not optional")
        if item.has_value:
            found.append(item.value)
    return found


FUNCTIONS: Final[tuple[Function, ...]] = (
    function("optional.of", call("optional_of", (A,), _OPTIONAL_A, of)),
    function(
        "optional.ofNonZeroValue", call("optional_ofNonZeroValue", (A,), _OPTIONAL_A, of_non_zero_value)
    ),
    function("optional.none", call("optional_none", (), _OPTIONAL_A, none)),
    function("value", method("optional_value", (_OPTIONAL_A,), A, value_of)),
    function("hasValue", method("optional_hasValue", (_OPTIONAL_A,), BOOL, has_value)),
    function("or", total_method("optional_or_optional", (_OPTIONAL_A, _OPTIONAL_A), _OPTIONAL_A, either)),
    function("orValue", total_method("optional_orValue_value", (_OPTIONAL_A, A), A, value_or)),
    function("last", method("list_last", (LIST_OF_A,), _OPTIONAL_A, last)),
    function("first", method("list_first", (LIST_OF_A,), _OPTIONAL_A, first)),
    function(
        "optional.unwrap",
        call("optional_unwrap", (list_of(_OPTIONAL_A),), LIST_OF_A, unwrap),
    ),
    function(
        "unwrapOpt",
        method("optional_unwrapOpt", (list_of(_OPTIONAL_A),), LIST_OF_A, unwrap),
    ),
)
