"""Operators and functions on sets."""

from lockgate.engine.codegen.values import Key, Set, Value, ordered
from lockgate.engine.rego.builtins.context import Context, made_values, reserve_values
from lockgate.engine.rego.builtins.operands import set_


def and_(left: Value, right: Value) -> Set:
    """`left & right`: the members of both."""
    first, second = set_(left, 1).members, set_(right, 2).members
    made_values(min(len(first), len(second)))
    if len(second) < len(first):
        return Set.of_members({name: first[name] for name in second if name in first})
    return Set.of_members({name: item for name, item in first.items() if name in second})


def or_(context: Context, left: Value, right: Value) -> Set:
    """`left | right`: the members of either."""
    first, second = set_(left, 1).members, set_(right, 2).members
    reserve_values(context, len(first) + len(second))
    return Set.of_members({**second, **first})


def difference(left: Set, right: Set) -> Set:
    """`left - right`: the members of `left` that are not in `right`."""
    made_values(len(left))
    return Set.of_members({name: item for name, item in left.members.items() if name not in right.members})


def set_diff(left: Value, right: Value) -> Set:
    """The members of `left` that are not in `right`."""
    return difference(set_(left, 1), set_(right, 2))


def intersection(sets: Value) -> Set:
    """The members that are in every set of a set of sets; none without sets."""
    found = [set_(item, 1) for item in set_(sets, 1)]
    if not found:
        return Set()
    first = min(found, key=len).members
    made_values(len(first) * len(found) >> 2)
    kept = {name: item for name, item in first.items() if all(name in other.members for other in found)}
    return Set.of_members(kept)


def union(context: Context, sets: Value) -> Set:
    """The members of all sets of a set of sets."""
    found = [set_(item, 1) for item in set_(sets, 1)]
    reserve_values(context, sum(map(len, found)))
    merged: dict[Key, Value] = {}
    # Of equal members the first is kept, in the order of the sets.
    for item in ordered(found):
        assert type(item) is Set
        for name, member in item.members.items():
            merged.setdefault(name, member)
    return Set.of_members(merged)
