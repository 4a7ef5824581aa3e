"""Quantities; texts, results and errors are those of k8s.io/apimachinery 0.34."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CelError, CostError
from lockgate.engine.cel.library import quantities, quantity_value
from lockgate.engine.cel.library.quantity_value import Quantity, add, compare, negated, parse, render
from lockgate.engine.cel.values import MAX_INT, MIN_INT

from tests.engine.cel.library.calling import asked, body, called, told

# A text; how it is written again; its integer; the double near it.
READ: list[tuple[str, str, int | None, float]] = [
    ("0", "0", 0, 0.0),
    ("1", "1", 1, 1.0),
    ("+5", "+5", 5, 5.0),
    ("-", "0", 0, 0.0),
    (".", "0", 0, 0.0),
    ("1.", "1.", 1, 1.0),
    (".5", "500m", None, 0.5),
    ("1.5", "1500m", None, 1.5),
    ("1k", "1k", 1_000, 1_000.0),
    ("1000", "1k", 1_000, 1_000.0),
    ("1500", "1500", 1_500, 1_500.0),
    ("1000m", "1", None, 1.0),
    ("100m", "100m", None, 0.1),
    ("1E", "1E", 10**18, 1e18),
    ("1e3", "1e3", 1_000, 1_000.0),
    ("1E5", "100e3", 100_000, 100_000.0),
    ("1Ki", "1Ki", 1_024, 1_024.0),
    ("1024Ki", "1Mi", 1 << 20, 2.0**20),
    ("1.5Gi", "1536Mi", None, 1.5 * 2**30),
    ("0.5Ki", "512", None, 512.0),
    ("Ki", "0", 0, 0.0),
    ("7Ei", "7Ei", None, 7 * 2.0**60),
    ("8Ei", "9223372036854775807", None, 2.0**63),
    ("0.1n", "1n", None, 1e-9),
    ("-0.1n", "-1n", None, -1e-9),
    ("9223372036854775807", "9223372036854775807", None, 2.0**63),
    ("123456789012345678", "123456789012345678", 123456789012345678, 123456789012345678.0),
    ("1e30", "1e30", None, 1e30),
]

REFUSED = [
    ("", quantity_value._WRONG_FORM),
    ("1K", "unable to parse quantity's suffix"),
    ("1e", "unable to parse quantity's suffix"),
    ("1e1e", quantity_value._WRONG_FORM),
    ("1 ", quantity_value._WRONG_FORM),
    ("1.2.3", quantity_value._WRONG_FORM),
    ("1e9999999999999999999", "unable to parse quantity's suffix"),
]


@pytest.mark.parametrize(("text", "again", "integer", "near"), READ)
def test_a_quantity_is_read_and_written_as_kubernetes_does(
    text: str, again: str, integer: int | None, near: float
) -> None:
    found = called("quantity", text)
    assert str(found) == again
    assert asked("isInteger", found) is (integer is not None)
    if integer is not None:
        assert asked("asInteger", found) == integer
    assert asked("asApproximateFloat", found) == pytest.approx(near, rel=1e-15)
    assert called("isQuantity", text) is True


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_quantity(text: str, words: str) -> None:
    assert told(body("quantity", False, 1), text) == words
    assert called("isQuantity", text) is False


SUMS: list[tuple[str, str, str, str]] = [
    ("1", "1Ki", "1025", "-1023"),
    ("0", "1Ki", "1Ki", "-1Ki"),
    ("1Ki", "1", "1025", "1023"),
    ("1.5", "1", "2500m", "500m"),
    ("1e3", "1", "1001", "999"),
    ("9223372036854775807", "1", "9223372036854775808", "9223372036854775806"),
    ("0.1n", "1n", "2n", "0"),
]


@pytest.mark.parametrize(("left", "right", "total", "rest"), SUMS)
def test_quantities_are_added_and_subtracted(left: str, right: str, total: str, rest: str) -> None:
    one, other = parse(left), parse(right)
    assert [str(asked("add", one, other)), str(asked("sub", one, other))] == [total, rest]


def test_quantities_are_added_to_integers() -> None:
    assert str(asked("add", parse("1Ki"), -24)) == "1k"
    assert str(asked("sub", parse("1"), 5)) == "-4"
    assert str(asked("add", parse("0"), 5_000)) == "5e3"
    assert asked("isInteger", asked("add", parse("1"), MAX_INT)) is False


def test_the_least_integer_has_no_opposite() -> None:
    # Go negates it into itself.
    assert str(asked("sub", parse("5"), MIN_INT)) == "-9223372036854775803"
    assert str(asked("sub", parse("0"), MIN_INT)) == "-9223372036854775808"


def test_quantities_are_compared() -> None:
    one, other = parse("1Gi"), parse("1G")
    assert asked("isGreaterThan", one, other) is True
    assert asked("isLessThan", one, other) is False
    assert [asked("compareTo", parse(text), parse("1")) for text in ("999m", "1000m", "1001m")] == [-1, 0, 1]
    assert [called("sign", parse(text)) for text in ("-1n", "0", "1")] == [-1, 0, 1]
    assert called("_==_", parse("1000m"), parse("1")) is True


MISUSED: list[tuple[str, Any, Any, str]] = [
    ("_==_", parse("1"), "1", "no such overload"),
    # A computed quantity is compared with what stands right of it only, as upstream.
    ("_==_", parse("2"), add(parse("1"), parse("1")), "no such overload"),
    ("_<_", parse("1"), parse("2"), "no such overload: _<_"),
    ("_+_", parse("1"), 1, "no such overload: _+_"),
]


@pytest.mark.parametrize(("name", "left", "right", "words"), MISUSED)
def test_a_quantity_beside_another_kind(name: str, left: Any, right: Any, words: str) -> None:
    assert told(body(name, False, 2), left, right) == words


def test_what_is_equal_to_a_quantity() -> None:
    assert called("_==_", "1", parse("1")) is False
    assert called("_==_", None, parse("1")) is False
    assert called("_==_", add(parse("1"), parse("1")), parse("2")) is True
    assert called("@in", parse("1000m"), ["1", parse("1")]) is True
    # What is an error with == is true with !=, as in cel-go.
    assert called("_!=_", parse("1"), "1") is True
    # In a list an error counts as equal, as upstream.
    assert called("_==_", [parse("1")], ["a"]) is True
    assert told(body("asInteger", True, 1), parse("1.5")) == "cannot convert value to integer"


def test_powers_of_ten_without_end_are_not_computed() -> None:
    large, small = parse("1e2000000000"), parse("1")
    assert [compare(large, small), compare(small, large), compare(large, large)] == [1, -1, 0]
    assert [large.integer, large.approximate, str(large)] == [None, float("inf"), "100e1999999998"]
    with pytest.raises(CostError):
        add(large, small)
    # Upstream computes it, without end.
    with pytest.raises(CostError):
        parse("1e-2000000000")


NUMBERS = st.from_regex(r"[-+]?[0-9]{0,20}(\.[0-9]{0,11})?", fullmatch=True)
SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-2", "e0"])
TEXTS = st.builds(lambda number, suffix: number + suffix, NUMBERS, SUFFIXES).filter(quantities.is_quantity)


def exact(quantity: Quantity) -> Fraction:
    return quantity.unscaled * Fraction(10) ** quantity.scale


@given(TEXTS, TEXTS)
def test_quantities_have_the_order_and_the_sums_of_fractions(left: str, right: str) -> None:
    one, other = parse(left), parse(right)
    assert compare(one, other) == (exact(one) > exact(other)) - (exact(one) < exact(other))
    assert exact(add(one, other)) == exact(one) + exact(other)
    assert exact(add(one, negated(other))) == exact(one) - exact(other)
    assert (one == other) is (exact(one) == exact(other))
    assert one != other or hash(one) == hash(other)


@given(TEXTS)
def test_a_written_quantity_is_read_as_the_same(text: str) -> None:
    found = parse(text)
    for written in (str(found), render(found)):
        assert compare(parse(written), found) == 0
    assert render(parse(render(found))) == render(found)


@given(st.text(alphabet="+-.0129eEinumkKMGTP", max_size=9))
def test_any_text_is_a_quantity_or_an_error(text: str) -> None:
    try:
        found = parse(text)
    except (CelError, CostError):
        return
    assert compare(found, found) == 0
