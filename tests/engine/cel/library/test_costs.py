"""What calls cost: cel-go's and Kubernetes' units, and what walks through values pay beyond them."""

from typing import Any

import pytest
from lockgate.engine.cel.library import arithmetic, costs, equality
from lockgate.engine.cel.library.addresses import Cidr, Ip
from lockgate.engine.cel.library.named_formats import FORMATS
from lockgate.engine.cel.values import MAX_INT, NONE, Optional, Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.meter import RUNNING
from lockgate.engine.codegen.spending import Budget, BudgetError

from tests.engine.cel.library.calling import BY_NAME

NET = Cidr(Ip(4, 10 << 24), 20)

# An overload, the arguments, and cel-go's cost of the call.
CHARGED: list[tuple[str, tuple[Any, ...], int]] = [
    ("contains_string", ("x" * 25, "y" * 11), 6),
    ("starts_with_string", ("x" * 11, "y"), 2),
    ("matches_string", ("x" * 9, "y" * 8), 2),
    ("matches_string", ("", "y"), 1),
    ("equals", ("x" * 21, "y" * 100), 3),
    ("equals", (1, 2), 1),
    ("add_string", ("x" * 6, "y" * 5), 2),
    ("in_list", (1, [1, 2, 3]), 3),
    ("list_slice", ([1, 2, 3], 0, 2), 13),
    ("list_slice", ([1], 0, MAX_INT), 0),
    ("list_slice", ([1], -1, 0), 0),
    ("lists_range", (5,), 16),
    ("lists_range", (-5,), 11),
    ("list_flatten_int", ([1, 2], 3), 17),
    ("list_flatten_int", ([1, 2], 10**9), 2_000_000_011),
    ("list_distinct", ([1, 2, 3],), 29),
    ("list_string_sort", (["a", "b"],), 19),
    ("list_sets_contains_list", ([1, 2], [1, 2, 3]), 7),
    ("list_sets_equivalent_list", ([1, 2], [1, 2, 3]), 13),
    ("list_int_sum_int", ([1, 2, 3],), 3),
    ("list_a_index_of_int", (["x" * 20, [1]], 1), 3),
    ("list_join_string", (["ab", "cd"], ", "), 2),
    ("string_to_ip", ("10.0.0.1",), 1),
    ("ip_is_canonical", ("10.0.0.1",), 2),
    ("cidr_contains_ip_ip", (NET, Ip(4, 1)), 1),
    ("cidr_contains_ip_string", (NET, "10.0.0.1"), 2),
    ("cidr_contains_cidr_string", (NET, "10.0.0.0/24"), 5),
    ("format-validate", (FORMATS["dns1123Label"], "x" * 9), 8),
]


@pytest.mark.parametrize(("name", "arguments", "cost"), CHARGED)
def test_a_call_costs_what_it_costs_in_kubernetes(name: str, arguments: tuple[Any, ...], cost: int) -> None:
    found = [one for function in BY_NAME.values() for one in function.overloads if one.id == name]
    charge = found[0].cost
    assert charge is not None
    assert charge(*arguments) == cost


SIZES: list[tuple[Value, int]] = [
    ("é", 1),
    ([1, 2], 2),
    ({"a": 1}, 1),
    (1, 1),
    (Optional("abc"), 3),
    (NONE, 1),
    (Ip(6, 1), 16),
    (NET, 3),
]


@pytest.mark.parametrize(("value", "size"), SIZES)
def test_what_a_value_counts(value: Value, size: int) -> None:
    assert costs.size(value) == size


def test_what_copies_lists_pays_for_it() -> None:
    budget = Budget(Limits(max_steps=1_000))
    RUNNING.budget = budget
    try:
        with pytest.raises(BudgetError):
            arithmetic.add([0] * 10_000, [0] * 10_000)
    finally:
        RUNNING.budget = None


def test_a_comparison_pays_for_what_it_walks_through() -> None:
    left, right = ([list(range(1_000)) for _ in range(100)] for _ in range(2))
    budget = Budget(Limits(max_steps=1_000))
    RUNNING.budget = budget
    try:
        with pytest.raises(BudgetError):
            equality.equal(left, right)
    finally:
        RUNNING.budget = None
    assert equality.equal(left, right)
