"""`collection[name]` for any value: an index of an array, a key of an object, a member of a set."""

from lockgate.engine.codegen.arithmetic import integral
from lockgate.engine.codegen.values import UNDEFINED, Number, Object, Set, Undefined, Value, key


def lookup(collection: Value, name: Value) -> Value | Undefined:
    """What lies at a name, or UNDEFINED."""
    kind = type(collection)
    if kind is dict:
        return collection.get(name, UNDEFINED) if type(name) is str else UNDEFINED  # type: ignore[union-attr]
    if kind is list:
        index = index_of(name)
        if index is not None and 0 <= index < len(collection):  # type: ignore[arg-type]
            return collection[index]  # type: ignore[index,call-overload,no-any-return]
        return UNDEFINED
    if kind is Set:
        return collection.members.get(key(name), UNDEFINED)  # type: ignore[union-attr]
    if kind is Object:
        pair = collection.members.get(key(name))  # type: ignore[union-attr]
        return UNDEFINED if pair is None else pair[1]
    return UNDEFINED


def index_of(name: Value) -> int | None:
    """The number as an index, `1.0` included; None for anything else."""
    if type(name) is int:
        return name
    if type(name) is Number and abs(name.exact) < 1 << 31:
        return integral(name)
    return None
