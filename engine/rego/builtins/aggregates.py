"""`count`, `sum` and the other functions of a whole collection."""

from lockgate.engine.codegen import arithmetic
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Number,
    Object,
    Set,
    Undefined,
    Value,
    ordered,
    sort_key,
)
from lockgate.engine.rego.builtins.context import made_values
from lockgate.engine.rego.builtins.errors import element_error, type_error
from lockgate.engine.rego.builtins.operands import members


def count(collection: Value) -> int:
    """The number of elements, members, keys or code points."""
    kind = type(collection)
    if kind is list or kind is dict or kind is str or kind is Set or kind is Object:
        return len(collection)  # type: ignore[arg-type]
    raise type_error(1, collection, "array", "object", "set", "string")


def _numbers(collection: Value, position: int) -> list[int | Number]:
    found = members(collection, position, "set", "array")
    for item in found:
        if type(item) is not int and type(item) is not Number:
            raise element_error(position, collection, item, "number")
    return found  # type: ignore[return-value]


def sum_(collection: Value) -> int | Number:
    """The sum of an array or set of numbers; 0 without any."""
    return arithmetic.total(_numbers(collection, 1))


def product(collection: Value) -> int | Number:
    """The product of an array or set of numbers; 1 without any."""
    return arithmetic.product(_numbers(collection, 1))


def max_(collection: Value) -> Value | Undefined:
    """The greatest element in the order of all values, the last of equal ones; undefined without any."""
    found = members(collection, 1, "set", "array")
    if not found:
        return UNDEFINED
    # `max` keeps the first of equal ones.
    return max(reversed(found), key=sort_key)


def min_(collection: Value) -> Value | Undefined:
    """The least element in the order of all values, the last of equal ones; undefined without any."""
    found = members(collection, 1, "set", "array")
    if not found:
        return UNDEFINED
    return min(reversed(found), key=sort_key)


def sort(collection: Value) -> list[Value]:
    """The elements in the order of all values, as an array."""
    if type(collection) is Set:
        made_values(len(collection))
        return ordered(collection)
    found = members(collection, 1, "set", "array")
    made_values(len(found))
    return ordered(found)


def all_(collection: Value) -> bool:
    """Is every element `true`?"""
    return all(item is True for item in members(collection, 1, "array", "set"))


def any_(collection: Value) -> bool:
    """Is an element `true`?"""
    return any(item is True for item in members(collection, 1, "array", "set"))
