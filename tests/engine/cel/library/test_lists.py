"""Lists, sets and optionals; results are those of cel-go 0.26 and Kubernetes 1.34."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CostError
from lockgate.engine.cel.library import lists, sets
from lockgate.engine.cel.library.arithmetic import MIN_TIME
from lockgate.engine.cel.library.limits import MAX_ITEMS
from lockgate.engine.cel.values import MAX_INT, NONE, Duration, Optional, Timestamp, TypeValue, Uint, Value
from lockgate.engine.codegen.values import Number

from tests.engine.cel.library.calling import asked, body, called, told

NAN = float("nan")

RESULTS: list[tuple[str, tuple[Any, ...], Value]] = [
    ("sum", ([1, 2, 3],), 6),
    ("sum", ([Uint(1), Uint(2)],), Uint(3)),
    ("sum", ([1.5, Number("2.5")],), 4.0),
    ("sum", ([Duration(1), Duration(2)],), Duration(3)),
    ("sum", ([],), 0),
    ("min", ([3, 1, 2],), 1),
    ("max", (["a", "b"],), "b"),
    ("max", ([Timestamp(1), Timestamp(2)],), Timestamp(2)),
    # What has no order is passed over.
    ("min", ([1, "a"],), 1),
    ("min", ([1.0, NAN, 0.5],), 0.5),
    ("isSorted", ([1, 2, 2],), True),
    ("isSorted", ([2, 1],), False),
    ("isSorted", ([],), True),
    ("isSorted", ([1.0, NAN, 0.5],), True),
    ("isSorted", ([True, False],), False),
    ("indexOf", ([1, 2, 1], 1), 0),
    ("indexOf", ([1.0, Uint(2)], 2), 1),
    ("indexOf", ([1], 5), -1),
    ("lastIndexOf", ([1, 2, 1], 1), 2),
    ("lastIndexOf", ([], 1), -1),
    ("slice", ([1, 2, 3], 1, 2), [2]),
    ("slice", ([1], 1, 1), []),
    ("flatten", ([[1], [2, [3]]],), [1, 2, [3]]),
    ("flatten", ([1, [2]],), [1, 2]),
    ("flatten", ([[1], [2, [3]]], 2), [1, 2, 3]),
    ("flatten", ([[1]], 0), [[1]]),
    ("flatten", ([[1]], MAX_INT), [1]),
    ("sort", ([3, 1, 2],), [1, 2, 3]),
    ("sort", (["b", "a"],), ["a", "b"]),
    ("sort", ([Duration(2), Duration(1)],), [Duration(1), Duration(2)]),
    ("sort", ([],), []),
    ("@sortByAssociatedKeys", (["a", "b", "c"], [3, 1, 2]), ["b", "c", "a"]),
    ("distinct", ([1, 2, 1, 1.0],), [1, 2]),
    ("distinct", (["a", "b", "a"],), ["a", "b"]),
    ("distinct", ([1, Uint(1), True, None, None, [1], [1.0]],), [1, True, None, [1]]),
    ("distinct", ([],), []),
    ("reverse", ([1, 2],), [2, 1]),
    ("first", ([],), NONE),
    ("unwrapOpt", ([Optional(1), NONE, Optional(None)],), [1, None]),
    ("hasValue", (Optional(None),), True),
    ("hasValue", (NONE,), False),
    ("value", (Optional(Number("1.5")),), 1.5),
    ("orValue", (NONE, 2), 2),
    ("orValue", (Optional(1), 2), 1),
]

ERRORS: list[tuple[str, tuple[Any, ...], str]] = [
    ("sum", ([MAX_INT, 1],), "integer overflow"),
    ("sum", ([1, "a"],), "no such overload"),
    ("sum", (["a"],), "no such overload: sum(list)"),
    ("min", ([],), "min called on empty list"),
    ("max", ([],), "max called on empty list"),
    ("min", ([1, [2]],), "no such overload"),
    ("isSorted", ([None],), "no such overload: isSorted(list)"),
    ("slice", ([1, 2], 0, 3), "cannot slice(0, 3), list is length 2"),
    ("slice", ([1, 2], -1, 1), "cannot slice(-1, 1), negative indexes not supported"),
    ("slice", ([1], 2, 1), "cannot slice(2, 1), start index must be less than or equal to end index"),
    ("flatten", (1,), "no such overload: int.flatten()"),
    ("flatten", ({},), "no such overload: map(dyn, dyn).flatten()"),
    ("flatten", ([1], -1), "level must be non-negative"),
    ("sort", ([1, "a"],), "list elements must have the same type"),
    ("sort", ([[1], [2]],), "list elements must be comparable"),
    ("sort", ("a",), "no such overload"),
    ("sort", (1,), "no such overload: sort"),
    (
        "@sortByAssociatedKeys",
        ([1], []),
        (
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, "
            "but got 1 and 0 elements respectively"
        ),
    ),
    ("unwrapOpt", ([NONE, 1],), "value 1 is not optional"),
    ("value", (NONE,), "optional.none() dereference"),
    ("value", ("x",), "no such overload: value(string)"),
    ("hasValue", (1,), "no such overload: hasValue(int)"),
]


@pytest.mark.parametrize(("name", "arguments", "result"), RESULTS)
def test_a_function_of_lists_gives_what_cel_go_gives(
    name: str, arguments: tuple[Any, ...], result: Value
) -> None:
    found = asked(name, *arguments)
    assert (type(found), found) == (type(result), result)


@pytest.mark.parametrize(("name", "arguments", "words"), ERRORS)
def test_a_function_of_lists_fails_in_the_words_of_cel_go(
    name: str, arguments: tuple[Any, ...], words: str
) -> None:
    assert told(body(name, True, len(arguments)), *arguments) == words


SETS: list[tuple[str, list[Any], list[Any], bool]] = [
    ("sets.contains", [1, 2], [2], True),
    ("sets.contains", [1, 2], [2.0, Uint(1)], True),
    ("sets.contains", [], [1], False),
    ("sets.contains", [], [], True),
    ("sets.equivalent", [1, 1], [1], True),
    ("sets.equivalent", ["a"], ["a", "b"], False),
    ("sets.intersects", [1], [2, 1], True),
    ("sets.intersects", [[1]], [[1.0]], True),
    ("sets.intersects", [1], [], False),
]


@pytest.mark.parametrize(("name", "left", "right", "result"), SETS)
def test_lists_are_compared_as_sets(name: str, left: list[Any], right: list[Any], result: bool) -> None:
    assert called(name, left, right) is result


def test_a_range_counts_from_zero() -> None:
    assert [called("lists.range", count) for count in (3, 0, -1)] == [[0, 1, 2], [], []]
    with pytest.raises(CostError):
        called("lists.range", MAX_INT)


ZEROS: list[tuple[Any, bool]] = [
    (None, True),
    (0, True),
    (Uint(0), True),
    (-0.0, True),
    (False, True),
    ("", True),
    (b"", True),
    ([], True),
    ({}, True),
    (Duration(0), True),
    (Timestamp(MIN_TIME), True),
    (Timestamp(0), False),
    ([0], False),
    (TypeValue("int"), False),
    (NONE, False),
]


@pytest.mark.parametrize(("value", "is_zero"), ZEROS)
def test_what_an_optional_of_a_non_zero_value_leaves_out(value: Value, is_zero: bool) -> None:
    assert called("optional.ofNonZeroValue", value).has_value is not is_zero


def test_optionals_are_chosen_from() -> None:
    one, other = Optional(1), Optional(2)
    assert asked("or", NONE, other) is other
    assert asked("or", one, other) is one
    assert called("optional.none") is NONE
    assert asked("last", [1, 2]).value == 2
    # As cel-go, which looks no further at what is no optional.
    assert asked("orValue", 1, 2) == 1


def test_a_list_of_shared_parts_is_not_flattened_without_end() -> None:
    shared: list[Any] = [1]
    for _ in range(60):
        shared = [shared, shared]
    with pytest.raises(CostError):
        lists.flatten_to(shared, MAX_INT)
    with pytest.raises(CostError):
        lists.count_to(MAX_ITEMS + 1)


@given(st.lists(st.integers(-5, 5)))
def test_a_sorted_list_is_sorted_and_has_the_same_items(items: list[int]) -> None:
    made = lists.sort(items)
    assert lists.is_sorted(made)
    assert sorted(items) == made
    assert sets.equivalent(items, lists.distinct(items))
    assert lists.reverse(lists.reverse(items)) == items
    if items:
        assert [lists.smallest(items), lists.greatest(items)] == [made[0], made[-1]]
