"""Copies of parts of objects with fields filled in. Types are the API's: what has another type is left as it is."""

from collections.abc import Callable

from lockgate.engine.codegen.values import Value

Object = dict[str, Value]


def filled(value: Object, defaults: Object) -> Object:
    """A copy with the defaults where the value has nothing, or Go's zero value, which is the same to it."""
    made = value.copy()
    for name, default in defaults.items():
        if not made.get(name):
            made[name] = default
    return made


def set_where_absent(made: Object, defaults: Object) -> None:
    """Sets the defaults of fields that are pointers in Go: only what is absent or null is filled in."""
    for name, default in defaults.items():
        if made.get(name) is None:
            made[name] = default


def each(value: Value, change: Callable[[Object], Object]) -> Value:
    """The list with each object in it changed."""
    if type(value) is not list:
        return value
    return [change(item) if type(item) is dict else item for item in value]


def inner(value: Object, name: str, change: Callable[[Object], Object]) -> Object:
    """The object with the object in its field changed, if it has one."""
    found = value.get(name)
    return {**value, name: change(found)} if type(found) is dict else value


def trim(made: Object, optional: frozenset[str]) -> None:
    """Takes out what the API server does not print: nulls, and zero values of the fields that may be left out."""
    for name in [name for name, value in made.items() if not value and (value is None or name in optional)]:
        del made[name]


def trimmed(value: Object) -> Object:
    """The object without nulls; the same where it has none."""
    if None not in value.values():
        return value
    return {name: item for name, item in value.items() if item is not None}


def without_nulls(value: Object) -> Object:
    """The object without nulls in it and in its metadata; the same where there are none."""
    metadata = value.get("metadata")
    if type(metadata) is dict:
        shown = trimmed(metadata)
        if shown is not metadata:
            value = {**value, "metadata": shown}
    return trimmed(value)


def complete_source(source: Object) -> Object:
    """Where the value of a variable, or of a file of the downward API, comes from."""
    field = source.get("fieldRef")
    if type(field) is dict and not field.get("apiVersion"):
        return {**source, "fieldRef": {**field, "apiVersion": "v1"}}
    resource = source.get("resourceFieldRef")
    if type(resource) is dict:
        from lockgate.engine.defaults.quantities import quantity

        divisor = resource.get("divisor")
        shown = "0" if divisor is None else quantity(divisor)
        return {**source, "resourceFieldRef": {**resource, "divisor": shown}}
    return source
