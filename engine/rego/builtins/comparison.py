"""`==`, `<` and their like, and membership: total over all values, they have no errors."""

from lockgate.engine.codegen.values import Object, Set, Undefined, Value, compare, equal, key
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
    if type(collection) is Set:
        return key(item) in collection.members
    if type(collection) is list:
        return any(equal(item, other) for other in collection)
    if type(collection) is dict:
        return any(equal(item, other) for other in collection.values())
    if type(collection) is Object:
        return any(equal(item, other) for _, other in collection.members.values())
    return False


def internal_member_3(name: Value, item: Value, collection: Value) -> bool:
    """`name, item in collection`: the pair of an index or key and what lies there."""
    if type(collection) not in (list, dict, Set, Object):
        return False
    found = lookup(collection, name)
    return not isinstance(found, Undefined) and equal(item, found)
