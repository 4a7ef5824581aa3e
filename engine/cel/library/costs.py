"""What calls cost, in the units of cel-go's cost tracker and of Kubernetes' estimator (`pkg/cel/library/cost.go`).

An expression may spend 1,000,000 of them in Kubernetes. A character costs a tenth, a call without a cost of its own 1.
"""

from collections.abc import Callable
from math import ceil
from typing import Any, Final

from lockgate.engine.cel.library.limits import Walk
from lockgate.engine.cel.values import Map, Optional, Value, native

Cost = Callable[..., int]

_CHARACTER: Final = 0.1
_REGEX_CHARACTER: Final = 0.25
# Kubernetes' price of a new list, with the call.
_NEW_LIST: Final = 11
_SIZED: Final = frozenset((str, bytes, list, dict, Map))


def size(value: Value) -> int:
    """What a value counts: characters, items, entries; 1 for what has no size."""
    if type(value) in _SIZED:
        return len(value)
    if type(value) is Optional and value.has_value:
        return size(native(value.value))
    found: int | None = getattr(value, "cost_size", None)
    return 1 if found is None else found


def traversal(length: int) -> int:
    """The price of a walk through so many characters."""
    return ceil(length * _CHARACTER)


def of_first(first: Value, *_: Value) -> int:
    """A walk through the first argument."""
    return traversal(size(first))


def of_first_twice(first: Value, *_: Value) -> int:
    """A walk through the first argument, and making as much."""
    return ceil(size(first) * 2 * _CHARACTER)


def of_shorter(left: Value, right: Value) -> int:
    """A walk through both arguments at once, to the end of the shorter."""
    return traversal(min(size(left), size(right)))


def of_both(left: Value, right: Value) -> int:
    """A walk through both arguments."""
    return traversal(size(left) + size(right))


def of_product(left: Value, right: Value) -> int:
    """A walk through the first argument for each step of a walk through the second."""
    return traversal(size(left)) * traversal(size(right))


def of_second_size(_: Value, right: Value) -> int:
    """A look at each item of the second argument."""
    return size(right)


def of_matching(text: Value, source: Value, *_: Value) -> int:
    """A match of a regular expression."""
    return pattern_cost(size(text), size(source))


def pattern_cost(length: int, pattern_length: int) -> int:
    """A match of a regular expression of a length in a text of a length."""
    return ceil((1.0 + length) * _CHARACTER) * ceil(pattern_length * _REGEX_CHARACTER)


def of_pairs(left: Value, right: Value) -> int:
    """A comparison of each item of one list with each of the other."""
    return 1 + size(left) * size(right)


def of_pairs_twice(left: Value, right: Value) -> int:
    """The same in both directions."""
    return 1 + 2 * size(left) * size(right)


def of_items(first: Value, *_: Value) -> int:
    """A walk through all that a list or text has in it."""
    total = 0
    walk = Walk()
    pending: list[Any] = [first]
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is str or kind is bytes:
            total += int(len(value) * _CHARACTER)
        elif kind is list:
            walk.step(len(value))
            pending += value
        elif kind is dict or kind is Map:
            walk.step(2 * len(value))
            for entry in value.items():
                pending += entry
        else:
            total += 1
    return total


def new_list(count: int, factor: float = 1) -> int:
    """A new list of so many items, each of which costs the factor."""
    return int(count * factor) + _NEW_LIST


def of_self_comparison(items: Value, *_: Value) -> int:
    """A comparison of each item of a list with each other, and a new list."""
    count = size(items)
    first = native(items[0]) if count else None
    factor = 2.0 + (_CHARACTER if type(first) is str or type(first) is bytes else 0)
    return new_list(count * count, factor)


def of_second_s_comparison(_: Value, keys: Value) -> int:
    """The same of the second argument."""
    return of_self_comparison(keys)


def of_nothing(*_: Value) -> int:
    """A call that cel-go computes in place, such as `&&`."""
    return 0
