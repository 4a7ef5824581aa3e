"""Questions about a value's type, and the deprecated casts."""

from lockgate.engine.codegen.values import Number, Object, Set, Value, type_name
from lockgate.engine.rego.builtins.context import made_values
from lockgate.engine.rego.builtins.errors import type_error
from lockgate.engine.rego.builtins.operands import members

__all__ = ["type_name"]


def is_array(value: Value) -> bool:
    """Is it an array?"""
    return type(value) is list


def is_boolean(value: Value) -> bool:
    """Is it a boolean?"""
    return type(value) is bool


def is_null(value: Value) -> bool:
    """Is it null?"""
    return value is None


def is_number(value: Value) -> bool:
    """Is it a number?"""
    return type(value) is int or type(value) is Number


def is_object(value: Value) -> bool:
    """Is it an object?"""
    return type(value) is dict or type(value) is Object


def is_set(value: Value) -> bool:
    """Is it a set?"""
    return type(value) is Set


def is_string(value: Value) -> bool:
    """Is it a string?"""
    return type(value) is str


def cast_array(value: Value) -> Value:
    """An array, or the members of a set in order."""
    return members(value, 1, "array", "set")


def cast_set(value: Value) -> Value:
    """A set, or the set of an array's elements."""
    if type(value) is Set:
        return value
    found = members(value, 1, "array", "set")
    made_values(len(found))
    return Set(found)


def cast_boolean(value: Value) -> Value:
    """A boolean as it is."""
    if type(value) is bool:
        return value
    raise type_error(1, value, "boolean")


def cast_null(value: Value) -> Value:
    """Null as it is."""
    if value is None:
        return None
    raise type_error(1, value, "null")


def cast_object(value: Value) -> Value:
    """An object as it is."""
    if is_object(value):
        return value
    raise type_error(1, value, "object")


def cast_string(value: Value) -> Value:
    """A string as it is."""
    if type(value) is str:
        return value
    raise type_error(1, value, "string")
