"""`sets.contains`, `sets.equivalent` and `sets.intersects`: lists as sets (cel-go `ext/sets.go`)."""

from typing import Final

from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library.declaring import LIST_OF_A, call, function
from lockgate.engine.cel.library.equality import is_member
from lockgate.engine.cel.types import BOOL
from lockgate.engine.cel.values import Value, native


def contains(items: list[Value], part: list[Value]) -> bool:
    """Is each item of the second list in the first?"""
    return all(is_member(native(one), items) for one in part)


def equivalent(left: list[Value], right: list[Value]) -> bool:
    """Is each item of either list in the other?"""
    return contains(left, right) and contains(right, left)


def intersects(left: list[Value], right: list[Value]) -> bool:
    """Is an item of one list in the other?"""
    return any(is_member(native(one), right) for one in left)


FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "sets.contains",
        call("list_sets_contains_list", (LIST_OF_A, LIST_OF_A), BOOL, contains, costs.of_pairs),
    ),
    function(
        "sets.equivalent",
        call("list_sets_equivalent_list", (LIST_OF_A, LIST_OF_A), BOOL, equivalent, costs.of_pairs_twice),
    ),
    function(
        "sets.intersects",
        call("list_sets_intersects_list", (LIST_OF_A, LIST_OF_A), BOOL, intersects, costs.of_pairs),
    ),
)
