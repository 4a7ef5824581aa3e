"""`object.*`."""

from lockgate.engine.codegen.values import (
    UNDEFINED,
    Key,
    Object,
    Set,
    Undefined,
    Value,
    key,
    make_object,
)
from lockgate.engine.rego.builtins.context import Context, made_slots, made_values, reserve_values
from lockgate.engine.rego.builtins.errors import element_error, type_error
from lockgate.engine.rego.builtins.lookup import lookup
from lockgate.engine.rego.builtins.operands import array, object_

AnyObject = dict[str, Value] | Object


def pairs_of(value: AnyObject) -> list[tuple[Value, Value]]:
    """The (key, value) pairs in no particular order."""
    if type(value) is dict:
        return list(value.items())
    assert type(value) is Object
    return list(value.members.values())


def object_get(value: Value, path: Value, default: Value) -> Value:
    """What lies at a key, or at the end of an array of keys and indexes; else the default."""
    if type(value) is dict and type(path) is str:
        return value.get(path, default)
    object_(value, 1)
    current: Value | Undefined = value
    if type(path) is not list:
        current = lookup(value, path)
    else:
        for step in path:
            if type(current) is dict and type(step) is str:
                current = current.get(step, UNDEFINED)
            else:
                current = lookup(current, step)
            if current is UNDEFINED:
                break
    return default if current is UNDEFINED else current  # type: ignore[return-value]


def object_keys(value: Value) -> Set:
    """The set of an object's keys."""
    given = object_(value, 1)
    made_values(len(given))
    if type(given) is dict:
        return Set.of_members({name: name for name in given})
    return Set([name for name, _ in pairs_of(given)])


def _names(value: Value) -> set[Key]:
    kind = type(value)
    if kind is list or kind is Set or kind is Object or kind is dict:
        made_slots(len(value))  # type: ignore[arg-type]
    if kind is list:
        return set(map(key, value))  # type: ignore[arg-type]
    if kind is Set or kind is Object:
        return set(value.members)  # type: ignore[union-attr]
    if kind is dict:
        return set(value)  # type: ignore[arg-type]
    raise type_error(2, value, "object", "set", "array")


def object_remove(value: Value, keys: Value) -> Value:
    """The object without some keys, given as array, set or object."""
    given = object_(value, 1)
    names = _names(keys)
    made_values(len(given))
    if type(given) is dict:
        return {name: item for name, item in given.items() if name not in names}
    return make_object((name, item) for name, item in pairs_of(given) if key(name) not in names)


def object_filter(value: Value, keys: Value) -> Value:
    """The object with only some keys, given as array, set or object."""
    given = object_(value, 1)
    names = _names(keys)
    made_values(len(given))
    if type(given) is dict:
        return {name: item for name, item in given.items() if name in names}
    return make_object((name, item) for name, item in pairs_of(given) if key(name) in names)


def _is_object(value: object) -> bool:
    return type(value) is dict or type(value) is Object


def _merged(context: Context, left: AnyObject, right: AnyObject) -> AnyObject:
    """The union, objects in both merged at every level. Recursion ends with the smaller of two depths."""
    if not left:
        return right
    reserve_values(context, len(left) + len(right))
    if type(left) is dict and type(right) is dict:
        plain = dict(left)
        for label, item in right.items():
            old = plain.get(label, UNDEFINED)
            both = _is_object(old) and _is_object(item)
            plain[label] = _merged(context, old, item) if both else item  # type: ignore[arg-type]
        return plain
    general = {key(name): (name, item) for name, item in pairs_of(left)}
    for name, item in pairs_of(right):
        old_name, old = general.get(key(name), (name, UNDEFINED))
        both = _is_object(old) and _is_object(item)
        general[key(name)] = (old_name, _merged(context, old, item) if both else item)  # type: ignore[arg-type]
    return make_object(general.values())


def object_union(context: Context, left: Value, right: Value) -> Value:
    """Both objects merged at every level; where they clash, the second wins."""
    return _merged(context, object_(left, 1), object_(right, 2))


def object_union_n(context: Context, objects: Value) -> Value:
    """All objects of an array merged at every level; where they clash, the last wins."""
    given = array(objects, 1)
    merged: AnyObject = {}
    for item in given:
        if not _is_object(item):
            raise element_error(1, objects, item, "object")
    for item in given:
        merged = _merged(context, merged, item)  # type: ignore[arg-type]
    return merged
