"""Quantities (k8s.io/apiserver pkg/cel/library/quantity.go)."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs
from lockgate.engine.cel.library import quantity_value as quantity
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.library.quantity_value import Quantity
from lockgate.engine.cel.types import BOOL, DOUBLE, INT, QUANTITY, STRING


def is_quantity(text: str) -> bool:
    """`isQuantity("1Gi")`."""
    try:
        quantity.parse(text)
    except CelError:
        return False
    return True


def is_greater(left: Quantity, right: Quantity) -> bool:
    """`left.isGreaterThan(right)`."""
    return quantity.compare(left, right) > 0


def is_less(left: Quantity, right: Quantity) -> bool:
    """`left.isLessThan(right)`."""
    return quantity.compare(left, right) < 0


def is_integer(one: Quantity) -> bool:
    """Is it an integer of 64 bits, as it is kept?"""
    return one.integer is not None


def as_integer(one: Quantity) -> int:
    """Its value. Raises CelError where it is no integer."""
    found = one.integer
    if found is None:
        raise CelError("cannot convert value to integer")
    return found


def as_float(one: Quantity) -> float:
    """The double near it."""
    return one.approximate


def add_integer(one: Quantity, number: int) -> Quantity:
    """The sum with an int."""
    return quantity.add(one, quantity.of_integer(number))


def subtract(left: Quantity, right: Quantity) -> Quantity:
    """The difference."""
    return quantity.add(left, quantity.negated(right))


def subtract_integer(one: Quantity, number: int) -> Quantity:
    """The difference with an int."""
    return subtract(one, quantity.of_integer(number))


_PAIR: Final = (QUANTITY, QUANTITY)

FUNCTIONS: Final[tuple[Function, ...]] = (
    function("quantity", call("string_to_quantity", (STRING,), QUANTITY, quantity.parse, costs.of_first)),
    function("isQuantity", call("is_quantity_string", (STRING,), BOOL, is_quantity, costs.of_first)),
    # Upstream declares it as a function, not as a method.
    function("sign", call("quantity_sign", (QUANTITY,), INT, quantity.sign)),
    function("isGreaterThan", method("quantity_is_greater_than", _PAIR, BOOL, is_greater)),
    function("isLessThan", method("quantity_is_less_than", _PAIR, BOOL, is_less)),
    function("compareTo", method("quantity_compare_to", _PAIR, INT, quantity.compare)),
    function("asApproximateFloat", method("quantity_get_float", (QUANTITY,), DOUBLE, as_float)),
    function("asInteger", method("quantity_get_int", (QUANTITY,), INT, as_integer)),
    function("isInteger", method("quantity_is_integer", (QUANTITY,), BOOL, is_integer)),
    function(
        "add",
        method("quantity_add", _PAIR, QUANTITY, quantity.add),
        method("quantity_add_int", (QUANTITY, INT), QUANTITY, add_integer),
    ),
    function(
        "sub",
        method("quantity_sub", _PAIR, QUANTITY, subtract),
        method("quantity_sub_int", (QUANTITY, INT), QUANTITY, subtract_integer),
    ),
)
