"""`collection[name]` for any value: an index of an array, a key of an object, a member of a set."""

from lockgate.engine.codegen.arithmetic import integral
from lockgate.engine.codegen.values import UNDEFINED, Number, Object, Set, Undefined, Value, key


def lookup(collection: Value | Undefined, name: Value) -> Value | Undefined:
    """What lies at a name, or UNDEFINED."""
    if type(collection) is dict:
        return collection.get(name, UNDEFINED) if type(name) is str else UNDEFINED
    if type(collection) is list:
        index = index_of(name)
        return collection[index] if index is not None and 0 <= index < len(collection) else UNDEFINED
    if type(collection) is Set:
        found: Value | Undefined = collection.members.get(key(name), UNDEFINED)
        return found
    if type(collection) is Object:
        pair = collection.members.get(key(name))
        return UNDEFINED if pair is None else pair[1]
    return UNDEFINED


def index_of(name: Value) -> int | None:
    """The number as an index, `1.0` included; None for anything else."""
    if type(name) is int:
        return name
    if type(name) is Number and abs(name.exact) < 1 << 31:
        return integral(name)
    return None
