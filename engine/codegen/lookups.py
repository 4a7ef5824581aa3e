"""Looking into values: members, iteration in any order or in Rego's."""

from collections.abc import Iterable
from typing import Any

from lockgate.engine.codegen.values import (
    UNDEFINED,
    Number,
    Object,
    Set,
    key,
    object_items,
    ordered,
)


def index(value: Any, part: Any) -> Any:
    """The member of a value by key, position or membership; UNDEFINED when there is none."""
    kind = type(value)
    if kind is dict:
        return value.get(part, UNDEFINED) if type(part) is str else UNDEFINED
    if kind is list:
        if type(part) is Number and part.exact == part.exact.to_integral_value():
            part = int(part.exact)
        if type(part) is int and 0 <= part < len(value):
            return value[part]
        return UNDEFINED
    if kind is Set:
        return value.members.get(key(part), UNDEFINED)
    if kind is Object:
        pair = value.members.get(key(part))
        return UNDEFINED if pair is None else pair[1]
    return UNDEFINED


def base_index(value: Any, part: Any) -> Any:
    """The member of base data, in which a number is the key that is written like it as well."""
    if type(value) is dict and type(part) in (int, Number):
        return value.get(str(part) if type(part) is int else part.text, UNDEFINED)
    return index(value, part)


def walk_path(value: Any, path: Iterable[str]) -> Any:
    """The value at a path of strings, or UNDEFINED."""
    for part in path:
        value = value.get(part, UNDEFINED) if type(value) is dict else index(value, part)
    return value


def items(value: Any) -> Any:
    """The (key, member) pairs of a collection in any order; none for other values."""
    kind = type(value)
    if kind is list:
        return list(enumerate(value))
    if kind is dict:
        return value.items()
    if kind is Set:
        return [(member, member) for member in value]
    if kind is Object:
        return value.members.values()
    return ()


def values(value: Any) -> Any:
    """The members of a collection in any order; none for other values."""
    kind = type(value)
    if kind is list:
        return value
    if kind is dict:
        return value.values()
    if kind is Set:
        return value.members.values() if value.distinct is None else value.distinct
    if kind is Object:
        return [pair[1] for pair in value.members.values()]
    return ()


def sorted_items(value: Any) -> Any:
    """The (key, member) pairs of a collection in Rego's order."""
    kind = type(value)
    if kind is list:
        return list(enumerate(value))
    if kind is dict or kind is Object:
        return object_items(value)
    if kind is Set:
        return [(member, member) for member in ordered(value)]
    return ()


def sorted_values(value: Any) -> Any:
    """The members of a collection in Rego's order of their keys."""
    kind = type(value)
    if kind is list:
        return value
    if kind is Set:
        return ordered(value)
    if kind is dict:
        return [value[name] for name in sorted(value)]
    if kind is Object:
        return [pair[1] for pair in object_items(value)]
    return ()


def is_collection(value: Any) -> bool:
    """May the value be iterated?"""
    return type(value) in (list, dict, Set, Object)


def object_of(value: Any, size: int) -> bool:
    """Is the value an object of that many members?"""
    return type(value) in (dict, Object) and len(value) == size
