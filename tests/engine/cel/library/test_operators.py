"""Operators: results, kinds and errors as cel-go 0.26 has them."""

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CostError
from lockgate.engine.cel.library import arithmetic, equality, named_formats, ordering, quantity_value
from lockgate.engine.cel.library.limits import MAX_ITEMS
from lockgate.engine.cel.values import (
    MAX_INT,
    MAX_UINT,
    MIN_INT,
    NONE,
    Duration,
    Map,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    Value,
)
from lockgate.engine.codegen.budget import MAX_TEXT
from lockgate.engine.codegen.values import Number

from tests.engine.cel.library.calling import as_seen, body, called, told

HOUR = Duration(3_600_000_000_000)
LONGEST = Duration(MAX_INT)
SHORTEST = Duration(MIN_INT)
EPOCH = Timestamp(0)
FIRST = Timestamp(arithmetic.MIN_TIME)
LAST = Timestamp(arithmetic.MAX_TIME)

RESULTS: list[tuple[str, tuple[Any, ...], Value]] = [
    ("_+_", (1, 2), 3),
    ("_+_", (MAX_INT, -1), MAX_INT - 1),
    ("_+_", (Uint(1), Uint(2)), Uint(3)),
    ("_+_", (1.5, 2.0), 3.5),
    ("_+_", ("a", "b"), "ab"),
    ("_+_", (b"a", b"b"), b"ab"),
    ("_+_", ([1], ["a"]), [1, "a"]),
    ("_+_", (HOUR, HOUR), Duration(2 * HOUR.ns)),
    ("_+_", (EPOCH, HOUR), Timestamp(HOUR.ns)),
    ("_+_", (HOUR, EPOCH), Timestamp(HOUR.ns)),
    ("_-_", (1, 2), -1),
    ("_-_", (Uint(2), Uint(1)), Uint(1)),
    ("_-_", (1.5, 2.0), -0.5),
    ("_-_", (HOUR, HOUR), Duration(0)),
    ("_-_", (Timestamp(HOUR.ns), EPOCH), HOUR),
    ("_-_", (Timestamp(HOUR.ns), HOUR), EPOCH),
    ("_*_", (-3, 4), -12),
    ("_*_", (Uint(3), Uint(4)), Uint(12)),
    ("_*_", (1.5, 2.0), 3.0),
    ("_/_", (7, 2), 3),
    ("_/_", (-7, 2), -3),
    ("_/_", (7, -2), -3),
    ("_/_", (Uint(7), Uint(2)), Uint(3)),
    ("_/_", (7.0, 2.0), 3.5),
    ("_/_", (1.0, 0.0), inf),
    ("_/_", (1.0, -0.0), -inf),
    ("_/_", (-1.0, 0.0), -inf),
    ("_%_", (7, 3), 1),
    ("_%_", (-7, 3), -1),
    ("_%_", (7, -3), 1),
    ("_%_", (Uint(7), Uint(3)), Uint(1)),
    ("-_", (5,), -5),
    ("-_", (1.5,), -1.5),
    ("-_", (HOUR,), Duration(-HOUR.ns)),
    ("!_", (True,), False),
    ("_<_", (1, 2), True),
    ("_<_", (1, Uint(2)), True),
    ("_<_", (Uint(1), -1), False),
    ("_<_", (1, 1.5), True),
    ("_<_", (MAX_INT, inf), True),
    ("_<_", (Uint(MAX_UINT), 1e30), True),
    ("_<_", (-1.0, Uint(0)), True),
    ("_<_", (False, True), True),
    ("_<_", ("a", "b"), True),
    ("_<_", ("é", "z"), False),
    ("_<_", ("\uffff", "\U00010000"), True),
    ("_<_", (b"a", b"b"), True),
    ("_<_", (EPOCH, LAST), True),
    ("_<_", (HOUR, Duration(0)), False),
    ("_<=_", (1, 1.0), True),
    ("_<=_", ("b", "a"), False),
    ("_>_", (2.5, 2), True),
    ("_>=_", (Uint(2), 2), True),
    ("_>=_", (MIN_INT, -(2.0**63)), True),
    ("_[_]", ([1, 2], 1), 2),
    ("_[_]", ([1, 2], 1.0), 2),
    ("_[_]", ([1, 2], Uint(0)), 1),
    ("_[_]", ([Number("1.0")], 0), 1.0),
    ("_[_]", ({"a": 1}, "a"), 1),
    ("_[_]", (Map([(1, "one"), (True, "yes")]), Uint(1)), "one"),
    ("_[_]", (Map([(1, "one")]), 1.0), "one"),
    ("@in", (1, [1, 2]), True),
    ("@in", (1, [1.0]), True),
    ("@in", (1, [True]), False),
    ("@in", (1.0, [Number("1.0")]), True),
    ("@in", (nan, [nan]), False),
    ("@in", (MAX_INT, [2**63]), True),
    ("@in", (1, [2**70, 1]), True),
    ("@in", (1, [2**70]), False),
    ("@in", ("a", ["b", "a"]), True),
    ("@in", (None, [None]), True),
    ("@in", ([1], [[2], [Uint(1)]]), True),
    ("@in", ("a", {"a": 1}), True),
    ("@in", (1, {"a": 1}), False),
    ("@in", (1.0, Map([(1, "one")])), True),
    ("@in", (True, Map([(1, "one")])), False),
    ("size", ("é\U0001f600",), 2),
    ("size", (b"\xc3\xa9",), 2),
    ("size", ([1, 2],), 2),
    ("size", ({"a": 1},), 1),
]

ERRORS: list[tuple[str, tuple[Any, ...], str]] = [
    ("_+_", (MAX_INT, 1), "integer overflow"),
    ("_+_", (Uint(MAX_UINT), Uint(1)), "unsigned integer overflow"),
    ("_+_", (1, Uint(1)), "no such overload"),
    ("_+_", (1, "a"), "no such overload"),
    ("_+_", (True, True), "no such overload: _+_"),
    ("_+_", (None, 1), "no such overload: _+_"),
    ("_+_", ({}, {}), "no such overload: _+_"),
    ("_+_", (EPOCH, EPOCH), "no such overload"),
    ("_+_", (LONGEST, LONGEST), "integer overflow"),
    ("_+_", (LAST, HOUR), "timestamp overflow"),
    ("_-_", (MIN_INT, 1), "integer overflow"),
    ("_-_", (Uint(1), Uint(2)), "unsigned integer overflow"),
    ("_-_", ("a", "b"), "no such overload"),
    ("_-_", ([1], [1]), "no such overload: _-_"),
    ("_-_", (LAST, FIRST), "integer overflow"),
    ("_-_", (EPOCH, SHORTEST), "integer overflow"),
    ("_-_", (FIRST, HOUR), "timestamp overflow"),
    ("_*_", (MAX_INT, 2), "integer overflow"),
    ("_*_", (-1, MIN_INT), "integer overflow"),
    ("_*_", (Uint(MAX_UINT), Uint(2)), "unsigned integer overflow"),
    ("_*_", (HOUR, 2), "no such overload"),
    ("_*_", ("a", 2), "no such overload"),
    ("_*_", (b"a", 2), "no such overload: _*_"),
    ("_/_", (1, 0), "division by zero"),
    ("_/_", (Uint(1), Uint(0)), "division by zero"),
    ("_/_", (MIN_INT, -1), "integer overflow"),
    ("_/_", (1, 1.0), "no such overload"),
    ("_%_", (1, 0), "modulus by zero"),
    ("_%_", (Uint(1), Uint(0)), "modulus by zero"),
    ("_%_", (MIN_INT, -1), "integer overflow"),
    ("_%_", (1.0, 1.0), "no such overload: _%_"),
    ("-_", (MIN_INT,), "integer overflow"),
    ("-_", (SHORTEST,), "integer overflow"),
    ("-_", (True,), "no such overload"),
    ("-_", (Uint(1),), "no such overload: -_"),
    ("!_", (1,), "no such overload"),
    ("_<_", (1, nan), "NaN values cannot be ordered"),
    ("_<_", (nan, "a"), "NaN values cannot be ordered"),
    ("_<_", (1, "a"), "no such overload"),
    ("_<_", (True, 1), "no such overload"),
    ("_<_", (None, 1), "no such overload: _<_"),
    ("_>=_", ([1], [2]), "no such overload: _>=_"),
    ("_<_", (EPOCH, HOUR), "no such overload"),
    ("_[_]", ([1], 1), "index out of bounds: 1"),
    ("_[_]", ([1], -1), "index out of bounds: -1"),
    ("_[_]", ([1], 0.5), "unsupported index value 0.5 in list"),
    ("_[_]", ([1], Uint(MAX_UINT)), f"unsupported index value {MAX_UINT} in list"),
    ("_[_]", ([1], "a"), "unsupported index type 'string' in list"),
    ("_[_]", ([1], None), "invalid qualifier type: types.Null"),
    ("_[_]", ([1], HOUR), "invalid qualifier type: types.Duration"),
    ("_[_]", ({}, EPOCH), "invalid qualifier type: types.Timestamp"),
    ("_[_]", ({}, NONE), "invalid qualifier type: *types.Optional"),
    ("_[_]", ({}, TypeValue("int")), "invalid qualifier type: *types.Type"),
    ("_[_]", ({}, quantity_value.parse("1")), "invalid qualifier type: cel.Quantity"),
    ("_[_]", ({}, named_formats.FORMATS["uuid"]), "invalid qualifier type: cel.Format"),
    ("_[_]", ({"a": 1}, "b"), "no such key: b"),
    ("_[_]", (Map([(1, 1)]), 2), "no such key: 2"),
    ("_[_]", ("text", 0), "no such key: 0"),
    ("_[_]", (None, "a"), "no such key: a"),
    ("@in", (1, "a"), "no such overload"),
    ("size", (1,), "no such overload: size"),
    ("size", (EPOCH,), "no such overload"),
]


@pytest.mark.parametrize(("name", "arguments", "result"), RESULTS)
def test_an_operator_s_result_has_the_kind_and_value_of_cel_go_s(
    name: str, arguments: tuple[Any, ...], result: Value
) -> None:
    assert as_seen(called(name, *arguments)) == as_seen(result)


@pytest.mark.parametrize(("name", "arguments", "words"), ERRORS)
def test_an_operator_fails_in_the_words_of_cel_go(name: str, arguments: tuple[Any, ...], words: str) -> None:
    assert told(body(name, False, len(arguments)), *arguments) == words


EQUAL: list[tuple[Any, Any, bool]] = [
    (1, 1.0, True),
    (1, Uint(1), True),
    (Uint(1), 1.0, True),
    (1, True, False),
    (1, "1", False),
    ("a", b"a", False),
    (None, None, True),
    (None, 0, False),
    (nan, nan, False),
    (nan, 1, False),
    # As doubles, which have 53 bits.
    (9_007_199_254_740_993, 9_007_199_254_740_992.0, True),
    (MAX_INT, 2.0**63, True),
    (MAX_INT, 2.0**64, False),
    (Uint(0), -0.0, True),
    (-1, Uint(MAX_UINT), False),
    ([1, "a"], [1.0, "a"], True),
    ([1], [1, 2], False),
    ([nan], [nan], False),
    ([[None]], [[None]], True),
    ({"a": 1}, {"a": Uint(1)}, True),
    ({"a": 1}, {"b": 1}, False),
    ({"a": 1}, Map([("a", 1)]), True),
    (Map([(1, "a")]), Map([(Uint(1), "a")]), True),
    (Map([(1, "a")]), Map([(True, "a")]), False),
    ([Number("1.0")], [1], True),
    ([Number("1.5")], [Number("1.50")], True),
    ([10**30], [1e30], True),
    # Integers of more than 64 bits are doubles.
    ([2**70], [2**70 + 1], True),
    ([2**70], [2**71], False),
    ([MAX_INT], [2**63], True),
    ([MAX_INT], [MAX_INT - 1], False),
    (Optional(1), Optional(1.0), True),
    (Optional(1), NONE, False),
    (NONE, NONE, True),
    (Optional(None), NONE, False),
    (TypeValue("int"), TypeValue("int"), True),
    (TypeValue("int"), TypeValue("uint"), False),
    (Duration(1), Duration(1), True),
    (Duration(1), Timestamp(1), False),
    (Timestamp(1), Timestamp(1, 60), True),
]


@pytest.mark.parametrize(("left", "right", "same"), EQUAL)
def test_values_of_different_kinds_are_equal_as_cel_go_says(left: Any, right: Any, same: bool) -> None:
    assert called("_==_", left, right) is same
    assert called("_==_", right, left) is same
    assert called("_!=_", left, right) is not same


def test_what_makes_too_much_ends_the_evaluation() -> None:
    text, items = "x" * (MAX_TEXT // 2 + 1), [0] * (MAX_ITEMS // 2 + 1)
    for joined in (text, text.encode(), items):
        with pytest.raises(CostError):
            called("_+_", joined, joined)


def test_a_comparison_of_values_that_share_their_parts_ends() -> None:
    left: list[Any] = [1]
    right: list[Any] = [1]
    for _ in range(100):
        left, right = [left, left], [right, right]
    with pytest.raises(CostError):
        called("_==_", left, right)


def test_a_comparison_deeper_than_the_stack_ends_the_evaluation() -> None:
    left: list[Any] = []
    right: list[Any] = []
    for _ in range(20_000):
        left, right = [left], [right]
    with pytest.raises(CostError):
        called("_==_", left, right)
    # Python frees a nested list without recursion.
    assert called("size", left) == 1


NUMBERS = st.one_of(
    st.integers(MIN_INT, MAX_INT),
    st.integers(0, MAX_UINT).map(Uint),
    st.floats(allow_nan=False),
    st.sampled_from([2.0**63, -(2.0**63), 2.0**64, 0.0, -0.0]),
)


@given(NUMBERS, NUMBERS)
def test_of_two_numbers_exactly_one_of_less_equal_and_greater_holds(left: Value, right: Value) -> None:
    held = [ordering.less(left, right), equality.equal(left, right), ordering.greater(left, right)]
    assert held.count(True) == 1
    assert held == [
        ordering.greater(right, left),
        equality.equal(right, left),
        ordering.less(right, left),
    ]
    assert ordering.less_equals(left, right) is not ordering.greater(left, right)


@given(st.integers(MIN_INT, MAX_INT), st.integers(MIN_INT, MAX_INT).filter(bool))
def test_quotient_and_rest_make_up_the_dividend(left: int, right: int) -> None:
    if (left, right) != (MIN_INT, -1):
        assert arithmetic.divide(left, right) * right + arithmetic.modulo(left, right) == left


SIMPLE = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=3), st.binary(max_size=3), st.just(NONE)
)
NESTED = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(NESTED, NESTED)
def test_equality_is_reflexive_and_symmetric(left: Value, right: Value) -> None:
    assert equality.equal(left, left)
    assert equality.equal(left, right) is equality.equal(right, left)
    if equality.equal(left, right):
        assert equality.contained(left, [right])
