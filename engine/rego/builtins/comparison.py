"""`==`, `<` and their like, and membership: total over all values, they have no errors."""

from lockgate.engine.codegen.values import UNDEFINED, Object, Set, Value, compare, equal, key
from lockgate.engine.rego.builtins.lookup import lookup


def assign(left: Value, right: Value) -> bool:
    """`left := right` of two known values."""
    return equal(left, right)


def eq(left: Value, right: Value) -> bool:
    """`left = right` of two known values."""
    return equal(left, right)


def neq(left: Value, right: Value) -> bool:
    """`left != right`."""
    return not equal(left, right)


def lt(left: Value, right: Value) -> bool:
    """`left < right` in the order of all values."""
    return compare(left, right) < 0


def lte(left: Value, right: Value) -> bool:
    """`left <= right` in the order of all values."""
    return compare(left, right) <= 0


def gt(left: Value, right: Value) -> bool:
    """`left > right` in the order of all values."""
    return compare(left, right) > 0


def gte(left: Value, right: Value) -> bool:
    """`left >= right` in the order of all values."""
    return compare(left, right) >= 0


def internal_member_2(item: Value, collection: Value) -> bool:
    """`item in collection`: an element of an array or set, a value of an object; false for anything else."""
    kind = type(collection)
    if kind is Set:
        return key(item) in collection.members  # type: ignore[union-attr]
    if kind is list:
        found: list[Value] = collection  # type: ignore[assignment]
    elif kind is dict:
        found = list(collection.values())  # type: ignore[union-attr]
    elif kind is Object:
        found = [value for _, value in collection.members.values()]  # type: ignore[union-attr]
    else:
        return False
    return any(equal(item, other) for other in found)


def internal_member_3(name: Value, item: Value, collection: Value) -> bool:
    """`name, item in collection`: the pair of an index or key and what lies there."""
    if type(collection) not in (list, dict, Set, Object):
        return False
    found = lookup(collection, name)
    return found is not UNDEFINED and equal(item, found)  # type: ignore[arg-type]
