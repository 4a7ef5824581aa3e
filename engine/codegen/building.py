"""Making collections: sets, objects from parts that must not disagree, and documents from several rules."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from lockgate.engine.codegen.lookups import items
from lockgate.engine.codegen.meter import charge
from lockgate.engine.codegen.places import Positions, conflict
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Key,
    Object,
    Set,
    Value,
    equal,
    first_of_equal,
    key,
    make_object,
    object_items,
    render_rego,
)

_new: Final = object.__new__


def make_set(members: Iterable[Value]) -> Set:
    """A set of the values."""
    return Set(members)


EMPTY: Final = Set()
# Objects of texts are compared one by one up to this many, which is quicker than to make their keys.
_FEW: Final = 8


def set_of(values: list[Any]) -> Set:
    """A set of the values, of which some may be equal; it takes over the list."""
    made = _new(Set)
    count = len(values)
    if count < 2:
        made.distinct = values
        return made
    made.distinct = None
    if type(values[0]) is dict:
        if _differ(values, count):
            made.distinct = values
        elif count <= _FEW:
            made.distinct = _distinct(values)
    if made.distinct is None:
        made.members = first_of_equal(values)
    return made


def _distinct(values: list[Any]) -> list[Any] | None:
    """The values, each once, where all are objects that have nothing but texts: Python compares these as Rego does."""
    found: list[Any] = []
    for value in values:
        if type(value) is not dict:
            return None
        for member in value.values():
            if type(member) is not str:
                return None
        if value not in found:
            found.append(value)
    return found


def _differ(values: list[Any], count: int) -> bool:
    """Are the values certainly no two equal? Objects are, when one member of all of them is another string in each."""
    one, other = values[0], values[1]
    if type(other) is not dict:
        return False
    for name, text in one.items():
        if type(text) is not str:
            continue
        found = other.get(name)
        if type(found) is str and found != text and (count == 2 or _differ_in(values, name, count)):
            return True
    return False


def _differ_in(values: list[Any], name: str, count: int) -> bool:
    """Have all values another string as this member?"""
    try:
        texts = {value[name]: None for value in values}
    except (LookupError, TypeError):
        # Some are no objects, or do not have the member, or something else there.
        return False
    return len(texts) == count and all(type(text) is str for text in texts)


def set_over(members: dict[Key, Value]) -> Set:
    """A set over a table by key, which it takes over."""
    made = _new(Set)
    made.distinct = None
    made.members = members
    return made


def with_keys(table: dict[Key, Value], value: Any) -> dict[Key, Value]:
    """The table of a set with the keys of a collection added."""
    if type(value) is dict and not table:
        return {name: name for name in value}
    for part, _ in items(value):
        table.setdefault(part if type(part) is str else key(part), part)
    return table


def with_true_keys(table: dict[Key, Value], value: Any) -> dict[Key, Value]:
    """The table of a set with those keys added whose members are not false."""
    if type(value) is dict and not table:
        return {name: name for name, item in value.items() if item is not False}
    for part, item in items(value):
        if item is not False:
            table.setdefault(part if type(part) is str else key(part), part)
    return table


def sets_of(groups: dict[Key, dict[Key, Value]]) -> dict[Key, Set]:
    """The sets over tables by key, which it takes over."""
    return {name: set_over(members) for name, members in groups.items()}


def difference(left: Set, right: Set) -> Set:
    """The members of the one set that are not in the other."""
    other = right.members
    if left.members.keys() <= other.keys():
        return EMPTY
    return set_over({name: member for name, member in left.members.items() if name not in other})


def put(table: dict[Key, Any], part: Value, value: Value, positions: Positions, number: int) -> None:
    """Adds a member to an object under construction; a second, different one is a conflict."""
    name = part if type(part) is str else key(part)
    present = table.get(name)
    if present is None:
        table[name] = (part, value)
    elif present[1] is not value and not equal(present[1], value):
        conflict(positions, number, f"object keys must be unique: two values for key {render_rego(part)}")


class _Branch:
    """An object or set under construction inside another."""

    __slots__ = ("is_set", "table")

    def __init__(self, kind: str) -> None:
        self.table: dict[Key, Any] = {}
        self.is_set = kind == "set"


def open_path(table: dict[Key, Any], path: Sequence[Value], leaf: str) -> None:
    """Begins what rules with a fixed beginning of their path add to: it is there when none of them holds."""
    last = len(path) - 1
    for depth, part in enumerate(path):
        name = key(part)
        present = table.get(name)
        if present is None:
            present = table[name] = (part, _Branch(leaf if depth == last else "object"))
        if present[1].is_set:
            return  # Two kinds of document at one place: a conflict, if anything is added.
        table = present[1].table


def put_path(
    table: dict[Key, Any], path: Sequence[Value], leaf: str, value: Value, positions: Positions, number: int
) -> None:
    """Adds a value at a path of keys to an object under construction; `leaf` "set" adds to a set there."""
    last = len(path) - 1
    for depth, part in enumerate(path):
        name = key(part)
        if depth == last and leaf != "set":
            present = table.get(name)
            if present is None:
                table[name] = (part, value)
            elif isinstance(present[1], _Branch) or not equal(present[1], value):
                conflict(
                    positions, number, f"object keys must be unique: two values for key {render_rego(part)}"
                )
            return
        kind = "set" if depth == last else "object"
        present = table.get(name)
        if present is None:
            branch = _Branch(kind)
            table[name] = (part, branch)
        elif isinstance(present[1], _Branch) and present[1].is_set == (kind == "set"):
            branch = present[1]
        else:
            conflict(positions, number, f"object keys must be unique: two values for key {render_rego(part)}")
        table = branch.table
    table[key(value)] = value


def built(table: dict[Key, Any]) -> Value:
    """The object that `put` and `put_path` have made."""
    pairs: list[tuple[Value, Value]] = []
    for part, value in table.values():
        if isinstance(value, _Branch):
            value = Set.of_members(value.table) if value.is_set else built(value.table)
        pairs.append((part, value))
    return make_object(pairs)


def merged(value: Any, other: Any) -> Any:
    """Base data and the documents that rules make at one place; the first wins where both have a value."""
    if value is UNDEFINED:
        return other
    if other is UNDEFINED or type(value) not in (dict, Object) or type(other) not in (dict, Object):
        return value
    charge(len(value) + len(other))
    members = {key(name): (name, item) for name, item in object_items(other)}
    for name, item in object_items(value):
        present = members.get(key(name))
        members[key(name)] = (name, item if present is None else merged(item, present[1]))
    return make_object(members.values())


def joined(value: Any, below: Any, depth: int, positions: Positions, number: int, name: str) -> Any:
    """The document of a rule together with those of rules at places below it; they must not disagree.

    Down to `depth` keys the rule makes objects that others may add to; what lies there is the rule's own.
    """
    if value is UNDEFINED:
        return below
    if type(value) is Set and type(below) is Set:
        return set_over({**value.members, **below.members})
    if depth and isinstance(value, dict | Object) and isinstance(below, dict | Object):
        charge(len(value) + len(below))
        members = {key(part): (part, item) for part, item in object_items(value)}
        for part, item in object_items(below):
            present = members.get(key(part))
            if present is not None:
                item = joined(present[1], item, depth - 1, positions, number, name)
            members[key(part)] = (part, item)
        return make_object(members.values())
    if not equal(value, below):
        conflict(positions, number, f"rules below {name} must not change what it gives")
    return value


def replace_path(value: Any, path: Sequence[str], new: Value) -> Value:
    """A copy of a document with another value at a path."""
    if not path:
        return new
    base = dict(value) if type(value) is dict else {}
    charge(len(base))
    base[path[0]] = replace_path(base.get(path[0], UNDEFINED), path[1:], new)
    return base
